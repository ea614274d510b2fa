#!/bin/sh
# Start and end, again and again, on the debug kernel.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

guest_test --debug --timeout 4800 cycles.sh 100 40
done_testing
