#!/bin/sh
# Who is charged by /dev/bridge, and how much over time: in user space, under sanitizers.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

out=$build/unit
mkdir -p "$out"
ok 'it compiles' gcc -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all \
	-I"$top/adeos" -o "$out/budget_test" "$top/tests/unit/budget_test.c"
"$out/budget_test" >"$scratch/output" 2>&1
status=$?
while IFS= read -r line; do
	case $line in
	'ok '*) pass "${line#ok * - }" ;;
	'not ok '*) fail "${line#not ok * - }" || : ;;
	esac
done <"$scratch/output"
is "$status/$(tail -n 1 "$scratch/output" | cut -c 1-3)" '0/1..' 'it ran to its end' ||
	diag "$(cat "$scratch/output")"
done_testing
