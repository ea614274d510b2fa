#!/bin/sh
# vdev/vcon/stream.c in user space, under sanitizers.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

out=$build/unit
mkdir -p "$out"

# run NAME OPTION…: builds it, and passes on its results
run() {
	run_name=$1
	shift
	ok "$run_name compiles" gcc -O1 -g -Wall -Wextra -fno-sanitize-recover=all -pthread "$@" \
		-I"$top/adeos" -I"$top/vdev/vcon" -I"$top/tests/unit" -o "$out/$run_name" \
		"$top/tests/unit/stream_test.c" "$top/vdev/vcon/stream.c" || return
	# Ends it if it waits for ever
	timeout 300 "$out/$run_name" >"$scratch/output" 2>"$scratch/errors"
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

run stream_test -fsanitize=address,undefined
run stream_test_thread -fsanitize=thread -Wno-tsan
# With the kernel's word size
run stream_test_32 -m32 -fsanitize=address,undefined
done_testing
