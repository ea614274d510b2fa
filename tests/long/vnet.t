#!/bin/sh
# The virtual Ethernet between the root and three vnodes: more of everything, on the
# debug kernel, too, and without SSE.
# needs: debug

lib_path=..
# shellcheck source=tests/vnet.sh
. "$(dirname "$0")/../vnet.sh"

# shellcheck disable=SC2154,SC2086 # words
guest_test --cpus 6 --timeout 7200 $card vnet.sh 1024 100 20
# shellcheck disable=SC2154,SC2086 # words
guest_test --debug --cpus 6 --timeout 7200 $card vnet.sh 8 100 20
# The root copies large frames by memcpy(), as where that is the fastest way.
# shellcheck disable=SC2154,SC2086 # words
guest_test --append clearcpuid=sse --cpus 6 --timeout 1500 $card vnet.sh 8 5 2
done_testing
