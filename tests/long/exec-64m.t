#!/bin/sh
# vnode exec: 64 MiB through each way.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

guest_test --cpus 4 --timeout 1200 exec.sh 64
done_testing
