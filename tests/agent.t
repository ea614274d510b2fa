#!/bin/sh
# tools/vnode/agent.c, which serves the commands of "vnode exec": in user space under
# sanitizers, with a test at the other end of the session.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
out=$build/unit
mkdir -p "$out" "$scratch/empty"
src=$top/tools/vnode

ok 'the test builds' gcc -O1 -g -Wall -Wextra -D_GNU_SOURCE -I"$src" -I"$top/kmb" -I"$top/vdev/vcon" \
	-fsanitize=address,undefined -fno-sanitize-recover=all -o "$out/agent_test" \
	"$top/tests/unit/agent_test.c" "$src/frames.c" "$src/errtext.c" "$src/printable.c" \
	"$src/report.c" "$src/wait.c" "$src/vcon.c" "$src/sysfs.c" "$src/values.c"
# Its log is in the current folder, and an alarm ends it if it waits for ever.
(cd "$scratch/empty" && exec "$out/agent_test") >"$scratch/log" 2>&1
status=$?
sed 's/^/    /' "$scratch/log"
grep -q '^1\.\.[1-9]' "$scratch/log" || status=1
report "$status" 'versions, logs, descriptors and terminals'
done_testing
