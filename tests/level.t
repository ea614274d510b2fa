#!/bin/sh
# Level-triggered interrupts: those that come while Linux has interrupts disabled
# are masked at the I/O APIC until it has handled them, and none is lost.  With
# pci=nomsi, the disk that the share is on sends them.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$scratch/share"
cp "$top/tests/guest/lib.sh" "$top/tests/guest/level.sh" "$scratch/share/"
head -c 8388608 /dev/urandom >"$scratch/share/data"
guest_share=$scratch/share
guest_test --cpus 2 --root-cpus 0,1 --append pci=nomsi level.sh "$(md5sum <"$scratch/share/data")"
done_testing
