#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The parser of configuration files: a table of good and wrong ones, and a
# fuzzer, all under AddressSanitizer and UBSan.  FUZZ_RUNS changes how many
# inputs the fuzzer tries.
# runs beside machines

here=$(cd "$(dirname "$0")" && pwd) || exit 1
mkdir -p "${LAB_BUILD:-$here/../build}/unit" || exit 1
out=$(cd "${LAB_BUILD:-$here/../build}/unit" && pwd) || exit 1
runs=${FUZZ_RUNS:-1000000}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

result() {
	if [ "$2" -eq 0 ]; then
		echo "ok $1 - $3"
	else
		echo "not ok $1 - $3"
	fi
}

echo 1..3

flock "$out/lock" make -s -C "$here/../tools/vnode" O="$out" check-bins > "$tmp/log" 2>&1
status=$?
result 1 $status "tests and fuzzer build"
sed 's/^/# /' "$tmp/log"
[ $status -eq 0 ] || exit 1

"$out/config_test" > "$tmp/log" 2>&1
status=$?
grep -q '^1\.\.[1-9]' "$tmp/log" || status=1
sed 's/^/    /' "$tmp/log"
result 2 $status "each configuration is read, or refused with its error"

mkdir "$tmp/corpus"
"$out/config_fuzz" -runs="$runs" -seed=1 -max_len=6000 -dict="$here/fuzz/config.dict" \
	-artifact_prefix="$out/config_fuzz-" "$tmp/corpus" "$here/fuzz/config_corpus" \
	> "$tmp/log" 2>&1
status=$?
grep -q "^Done $runs runs" "$tmp/log" || status=1
[ $status -eq 0 ] || sed 's/^/# /' "$tmp/log"
result 3 $status "$runs fuzzed configurations break nothing"
