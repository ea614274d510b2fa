#!/bin/sh
# A vnode damages all that vnodes share.  SEED makes it the same again.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 5 --timeout 900 hostile.sh "${SEED:-$(date +%s)}" "${EACH:-1500}"
done_testing
