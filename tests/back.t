#!/bin/sh
# The commands that end a vnode return when all of it is back; nobody else waits for that.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --timeout 900 back.sh 12
done_testing
