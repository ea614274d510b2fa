#!/bin/sh
# A vnode that writes nonsense into the bridge of its console harms only itself,
# on the debug kernel; tests/long/vcon-hostile.t is on the normal one.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --debug --cpus 4 --timeout 1200 vcon-hostile.sh
done_testing
