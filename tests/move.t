#!/bin/sh
# A request larger than the largest hole succeeds by moving bridges that
# running vnodes use.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 4 --memory 576M --timeout 300 move.sh
done_testing
