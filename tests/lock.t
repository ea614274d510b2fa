#!/bin/sh
# adeos/proto/lock.c in user space: by threads under sanitizers, and step by step.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

out=$build/unit
mkdir -p "$out"

# run NAME SOURCE OPTION…: builds it, and passes on its results
run() {
	run_name=$1
	run_source=$2
	shift 2
	ok "$run_name compiles" gcc -O1 -g -D_GNU_SOURCE -Wall -Wextra -Winit-self -fno-sanitize-recover=all \
		-pthread -I"$top/adeos" -o "$out/$run_name" "$@" "$top/tests/unit/$run_source" || return
	# Ends it if it waits for ever
	timeout 600 "$out/$run_name" >"$scratch/output" 2>"$scratch/errors"
	run_status=$?
	while IFS= read -r line; do
		case $line in
		'ok '*) pass "$run_name: ${line#ok * - }" ;;
		'not ok '*) fail "$run_name: ${line#not ok * - }" || : ;;
		'#'*) printf '%s\n' "$line" ;;
		esac
	done <"$scratch/output"
	is "$run_status" 0 "$run_name succeeds" || diag "$(cat "$scratch/errors")"
}

# Fewer temporary variables make fewer states
run lock_walk lock_walk.c -Os
run lock_test lock_test.c -fsanitize=address,undefined
run lock_test_thread lock_test.c -fsanitize=thread
# With the kernel's word size
run lock_test_32 lock_test.c -m32 -fsanitize=address,undefined
done_testing
