#!/bin/sh
# tools/vnode/printable.c, which escapes text of others for a terminal: in user space under
# sanitizers.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
out=$build/unit
mkdir -p "$out"

ok 'the test builds' gcc -O1 -g -Wall -Wextra -D_GNU_SOURCE -I"$top/tools/vnode" \
	-fsanitize=address,undefined -fno-sanitize-recover=all -o "$out/printable_test" \
	"$top/tests/unit/printable_test.c" "$top/tools/vnode/printable.c" "$top/tools/vnode/errtext.c"
"$out/printable_test" >"$scratch/log" 2>&1
status=$?
sed 's/^/    /' "$scratch/log"
grep -q '^1\.\.[1-9]' "$scratch/log" || status=1
report "$status" 'text, lines and arbitrary bytes'
done_testing
