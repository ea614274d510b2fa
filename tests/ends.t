#!/bin/sh
# The ends of a vnode.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 4 --timeout 600 ends.sh
done_testing
