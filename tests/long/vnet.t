#!/bin/sh
# The virtual Ethernet between the root and three vnodes: more of everything, and on
# the debug kernel, too.
# needs: debug

lib_path=..
# shellcheck source=tests/vnet.sh
. "$(dirname "$0")/../vnet.sh"

# shellcheck disable=SC2154,SC2086 # words
guest_test --cpus 5 --timeout 7200 $card vnet.sh 1024 100 20
# shellcheck disable=SC2154,SC2086 # words
guest_test --debug --cpus 5 --timeout 3600 $card vnet.sh 8 5 2
done_testing
