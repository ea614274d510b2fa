#!/bin/sh
# A vnode does not touch what belongs to the machine: ports, configuration cycles,
# microcode.  On an AMD processor, where Linux reads the width of APIC IDs by PCI.  The
# processor does not show that it is emulated, because Linux would then load no microcode.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_share=$scratch/share
cp -R "$top/tests/guest" "$guest_share"
ok 'what tries ports compiles' gcc -m32 -march=i686 -static -O1 -Wall -Wextra -D_GNU_SOURCE \
	-D_FILE_OFFSET_BITS=64 -o "$guest_share/ports" "$top/tests/unit/ports.c"
guest_test --timeout 300 --cpu-model phenom,-hypervisor platform.sh
done_testing
