#!/bin/sh
# How interrupts find a CPU: the self-test's arithmetic in user space; a machine where cluster
# destinations work, one where they do not, and one whose command line forbids them.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

unit_test selftest_test "who has which slot, and what its interrupt request register tells"

guest_test --timeout 300 apic.sh cluster '' 1-2 3
guest_test --timeout 300 --append vnode_apic=physical apic.sh physical ': the command line asks for them' 1-2 3
# QEMU's logical destinations end at the first APIC ID that does not exist: here, at 3.
guest_test --timeout 300 --topology 6,sockets=2,cores=3 --root-cpus 0,4 \
	apic.sh physical ': CPU 4 did not get its interrupt' 1,5 2,6
done_testing
