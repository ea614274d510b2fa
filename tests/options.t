#!/bin/sh
# Linux's options in the command line of vnodes: if one takes something from a vnode, the
# log says so.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 7 --memory 2G options.sh
done_testing
