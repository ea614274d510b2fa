#!/bin/sh
# The distributed sharing protocol in user space: 60 simulated vnodes under
# AddressSanitizer and UBSan, 60 threads under ThreadSanitizer, and a fuzzer.
# FUZZ_RUNS sets the number of its inputs.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
out=$build/unit
mkdir -p "$out"
runs=${FUZZ_RUNS:-30000}
sources=
for source in portal_words ring member bridge_root bridge_user dsp dsp_root; do
	sources="$sources $top/adeos/proto/$source.c"
done
flags="-g -Wall -Wextra -fno-strict-aliasing -I$top/adeos"

# subtest NAME COMMAND…: COMMAND's own tests all pass, and it has some
subtest() {
	subtest_name=$1
	shift
	"$@" >"$scratch/log" 2>&1
	subtest_status=$?
	sed 's/^/    /' "$scratch/log"
	grep -q '^1\.\.[1-9]' "$scratch/log" || subtest_status=1
	report "$subtest_status" "$subtest_name"
}

# shellcheck disable=SC2086 # lists
ok 'the simulation builds' gcc -O1 $flags -fsanitize=address,undefined -fno-sanitize-recover=all \
	-include "$top/tests/unit/dsp_sim.h" -o "$out/dsp_test" "$top/tests/unit/dsp_test.c" $sources
subtest '60 simulated vnodes' "$out/dsp_test"

# shellcheck disable=SC2086 # lists
ok 'the steps by hand build' gcc -O1 $flags -fsanitize=address,undefined -fno-sanitize-recover=all \
	-o "$out/dsp_hand_test" "$top/tests/unit/dsp_hand_test.c" $sources
subtest 'errors, moves, requests and damage, step by step' "$out/dsp_hand_test"

# shellcheck disable=SC2086 # lists
ok 'the threads build' gcc -O1 $flags -fsanitize=thread -Wno-tsan -pthread \
	-o "$out/dsp_thread_test" "$top/tests/unit/dsp_thread_test.c" $sources
subtest '60 threads' "$out/dsp_thread_test"

# shellcheck disable=SC2086 # lists
ok 'the fuzzer builds' clang-14 -O2 $flags -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all -o "$out/dsp_fuzz" "$top/tests/fuzz/dsp_fuzz.c" $sources
mkdir "$scratch/corpus"
"$out/dsp_fuzz" -runs="$runs" -seed=1 -max_len=2048 -timeout=60 \
	-artifact_prefix="$out/dsp_fuzz-" "$scratch/corpus" >"$scratch/log" 2>&1
status=$?
grep -q "^Done $runs runs" "$scratch/log" || status=1
report "$status" "$runs times arbitrary bytes in the commons break nothing" || diag "$(tail -n 40 "$scratch/log")"
done_testing
