#!/bin/sh
# A vnode that writes nonsense into the bridge of its console harms only itself.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

guest_test --cpus 4 --timeout 600 vcon-hostile.sh
done_testing
