#!/bin/sh
# Wall clocks: vnodes follow the root's, whether that is the TSC or not.
# These machines mostly wait.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_share=$scratch/share
cp -R "$top/tests/guest" "$guest_share"
ok 'what reads clocks compiles' gcc -m32 -march=i686 -static -O1 -Wall -Wextra -D_GNU_SOURCE \
	-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -o "$guest_share/phc" "$top/tests/unit/phc.c"
guest_test --timeout 600 clock.sh
guest_test --timeout 600 --append clocksource=acpi_pm clock.sh
done_testing
