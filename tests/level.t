#!/bin/sh
# Level-triggered interrupts: those that come while Linux has interrupts disabled
# are masked at the I/O APIC until it has handled them, and none is lost.  With
# pci=nomsi, the disk that the share is on sends them.  An I/O APIC is slow, and the
# machine has one for all: what it costs to mask a pin does not depend on how many there are.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$scratch/share"
cp "$top/tests/guest/lib.sh" "$top/tests/guest/level.sh" "$scratch/share/"
head -c 8388608 /dev/urandom >"$scratch/share/data"
guest_share=$scratch/share
guest_test --monitor --cpus 2 --root-cpus 0,1 --append pci=nomsi \
	level.sh "$(md5sum <"$scratch/share/data")"
# Masking reads a register and writes it, as does unmasking; each time, the index comes first.
accesses=$(printf '%s\n' "$errors" | grep -c 'ioapic_mem_\(read\|write\)')
waited=$(cat "$scratch/share/waited")
[ "$accesses" -ge "${waited:-0}" ] && [ "$accesses" -le $((8 * waited)) ]
report $? "an interrupt that has to wait costs eight accesses at most: $accesses for $waited"
done_testing
