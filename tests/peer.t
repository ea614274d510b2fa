#!/bin/sh
# Portals and bridges between the root and two vnodes, and between these.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 4 --timeout 600 peer.sh
guest_test --debug --cpus 4 --timeout 1200 peer.sh
done_testing
