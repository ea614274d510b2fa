#!/bin/sh
# A vnode whose image takes long to be read is restarted; others do not wait for it.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --timeout 400 restart.sh
done_testing
