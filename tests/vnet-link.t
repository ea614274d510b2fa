#!/bin/sh
# Interfaces of the virtual Ethernet that come and go, also while the root does not answer.

# shellcheck source=tests/vnet.sh
. "$(dirname "$0")/vnet.sh"

guest_test --cpus 2 --timeout 1500 vnet-link.sh
done_testing
