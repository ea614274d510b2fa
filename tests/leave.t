#!/bin/sh
# Views are acknowledged: a dead vnode's memory, and kernels that take their time.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --timeout 400 leave.sh
done_testing
