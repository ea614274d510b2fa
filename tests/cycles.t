#!/bin/sh
# Start and end, again and again, on the debug kernel; tests/long/cycles.t does more.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --debug --timeout 1200 cycles.sh 25 10
done_testing
