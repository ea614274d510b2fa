#!/bin/sh
# vnode exec: streams, statuses, signals, many at once, vnodes that die.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 4 --timeout 600 exec.sh 16
guest_test --debug --cpus 4 --timeout 1200 exec.sh 2
done_testing
