#!/bin/sh
# The virtual Ethernet between the root and three vnodes: more of everything, and on
# the debug kernel, too.
# needs: debug

lib_path=..
# shellcheck source=tests/vnet.sh
. "$(dirname "$0")/../vnet.sh"

guest_test --cpus 5 --timeout 3600 vnet.sh 64 100
guest_test --debug --cpus 5 --timeout 1800 vnet.sh 8 5
done_testing
