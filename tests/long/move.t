#!/bin/sh
# A request larger than the largest hole succeeds by moving bridges that
# running vnodes use: on the debug kernel.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

guest_test --debug --cpus 4 --memory 576M --timeout 1500 move.sh
done_testing
