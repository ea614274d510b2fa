#!/bin/sh
# adeos/mem/cores.c in user space, under sanitizers; then a machine with hyperthreads.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

unit_test cores_test "who shares a core" "$top/adeos/mem/cores.c"

# APIC IDs: 0 and 1 are threads of a core, as are 2 and 3, 4 and 5, 6 and 7
guest_test --timeout 300 --topology 8,sockets=2,cores=2,threads=2 --root-cpus 0-1 cores.sh
guest_test --timeout 300 --topology 8,sockets=2,cores=2,threads=2 --root-cpus 0 \
	--append vnode_smt=split cores-split.sh
done_testing
