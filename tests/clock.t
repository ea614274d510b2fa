#!/bin/sh
# Wall clocks: vnodes follow the root's.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --timeout 300 clock.sh
done_testing
