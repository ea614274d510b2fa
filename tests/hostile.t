#!/bin/sh
# A vnode damages all that vnodes share, in the same way each time; tests/long/hostile.t
# does it in other ways.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 5 --timeout 400 hostile.sh "${SEED:-8}" "${EACH:-300}"
done_testing
