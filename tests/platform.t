#!/bin/sh
# What a vnode leaves alone that belongs to the machine: ports, configuration cycles,
# microcode.  On a processor of AMD's, where Linux asks PCI for the width of APIC IDs,
# and that does not say that it is emulated, which keeps Linux from loading microcode.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_share=$scratch/share
cp -R "$top/tests/guest" "$guest_share"
ok 'what tries ports compiles' gcc -m32 -march=i686 -static -O1 -Wall -Wextra -D_GNU_SOURCE \
	-D_FILE_OFFSET_BITS=64 -o "$guest_share/ports" "$top/tests/unit/ports.c"
guest_test --timeout 300 --cpu-model phenom,-hypervisor platform.sh
done_testing
