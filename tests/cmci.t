#!/bin/sh
# adeos/x86/cmci.h in user space, under sanitizers: machine check banks that a vnode has
# left claimed, and those that are others'.  No emulator has such banks.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$build/unit"
ok 'the test builds' gcc -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all \
	-I"$top/adeos" -o "$build/unit/cmci_test" "$top/tests/unit/cmci_test.c"
"$build/unit/cmci_test" >"$scratch/log" 2>&1
status=$?
grep -q '^1\.\.[1-9]' "$scratch/log" || status=1
sed 's/^/    /' "$scratch/log"
report $status "whose banks they are"
done_testing
