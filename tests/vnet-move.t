#!/bin/sh
# The virtual Ethernet while its receive areas are moved, on the debug kernel.
# needs: debug

# shellcheck source=tests/vnet.sh
. "$(dirname "$0")/vnet.sh"

guest_test --debug --cpus 3 --memory 512M --timeout 1500 vnet-move.sh 60
done_testing
