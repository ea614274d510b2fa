#!/bin/sh
# A vnode damages all that vnodes share: longer, and in several ways.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

seed=${SEED:-$(date +%s)}
for n in 1 2 3 4 5; do
	guest_test --cpus 5 --timeout 1800 hostile.sh $((seed + n)) 5000
done
done_testing
