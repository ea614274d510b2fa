#!/bin/sh
# tools/vnode/frames.c, the protocol of "vnode exec" and its agent: in user space under
# sanitizers, and fuzzed.  FUZZ_RUNS sets the number of the fuzzer's inputs.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
out=$build/unit
mkdir -p "$out"
runs=${FUZZ_RUNS:-50000}
flags="-g -Wall -Wextra -D_GNU_SOURCE -I$top/tools/vnode -fno-sanitize-recover=all"

# shellcheck disable=SC2086 # a list
ok 'the test builds' gcc -O1 $flags -fsanitize=address,undefined -o "$out/frames_test" \
	"$top/tests/unit/frames_test.c" "$top/tools/vnode/frames.c"
# The end of one that waits for ever
timeout 300 "$out/frames_test" >"$scratch/log" 2>&1
status=$?
sed 's/^/    /' "$scratch/log"
grep -q '^1\.\.[1-9]' "$scratch/log" || status=1
report "$status" 'streams, ends and nonsense'

# shellcheck disable=SC2086 # a list
ok 'the fuzzer builds' clang-14 -O1 $flags -fsanitize=fuzzer,address,undefined -o "$out/frames_fuzz" \
	"$top/tests/fuzz/frames_fuzz.c" "$top/tools/vnode/frames.c"
mkdir "$scratch/corpus"
"$out/frames_fuzz" -runs="$runs" -seed=1 -max_len=6000 -timeout=60 -dict="$top/tests/fuzz/frames.dict" \
	-artifact_prefix="$out/frames_fuzz-" "$scratch/corpus" >"$scratch/log" 2>&1
status=$?
grep -q "^Done $runs runs" "$scratch/log" || status=1
report "$status" "$runs times arbitrary bytes of the other side break nothing" || diag "$(tail -n 40 "$scratch/log")"
done_testing
