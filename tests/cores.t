#!/bin/sh
# adeos/mem/cores.c in user space, under sanitizers; then a machine with hyperthreads.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$build/unit"
ok 'the test builds' gcc -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all \
	-I"$top/adeos" -o "$build/unit/cores_test" "$top/tests/unit/cores_test.c" "$top/adeos/mem/cores.c"
"$build/unit/cores_test" >"$scratch/log" 2>&1
status=$?
grep -q '^1\.\.[1-9]' "$scratch/log" || status=1
sed 's/^/    /' "$scratch/log"
report $status 'who shares a core'

# APIC IDs: 0 and 1 are threads of a core, as are 2 and 3, 4 and 5, 6 and 7
guest_test --timeout 300 --topology 8,sockets=2,cores=2,threads=2 --root-cpus 0-1 cores.sh
guest_test --timeout 300 --topology 8,sockets=2,cores=2,threads=2 --root-cpus 0 \
	--append vnode_smt=split cores-split.sh
done_testing
