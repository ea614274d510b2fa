#!/bin/sh
# What an unprivileged user of /dev/bridge, or a vnode, asks for costs them, and not the others.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 3 --memory 384M --timeout 600 bridge-user.sh
done_testing
