#!/bin/sh
# The virtual Ethernet between the root and three vnodes.

# shellcheck source=tests/vnet.sh
. "$(dirname "$0")/vnet.sh"

# shellcheck disable=SC2154,SC2086 # words
guest_test --cpus 6 --timeout 1500 $card vnet.sh 8 5 2
done_testing
