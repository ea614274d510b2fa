#!/bin/sh
# Requests of an unprivileged user of /dev/bridge, or of a vnode, do not slow down others.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 3 --memory 384M --timeout 600 bridge-user.sh
done_testing
