#!/bin/sh
# vnode exec: streams, statuses, signals, many at once, vnodes that die.
# needs: debug

# shellcheck source=tests/exec.sh
. "$(dirname "$0")/exec.sh"

exec_test --cpus 4 --timeout 600 16
exec_test --debug --cpus 4 --timeout 1200 2
done_testing
