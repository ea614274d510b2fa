#!/bin/sh
# Start and end, again and again, on the debug kernel.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --debug --timeout 2400 cycles.sh 50 20
done_testing
