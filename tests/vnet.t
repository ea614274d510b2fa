#!/bin/sh
# The virtual Ethernet between the root and three vnodes.

# shellcheck source=tests/vnet.sh
. "$(dirname "$0")/vnet.sh"

guest_test --cpus 5 --timeout 1500 vnet.sh 8 5
done_testing
