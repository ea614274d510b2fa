#!/bin/sh
# Options of Linux's in the command line of vnodes: none takes from a vnode what it was given, or the log
# tells it.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 7 --memory 2G options.sh
done_testing
