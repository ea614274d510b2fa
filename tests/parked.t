#!/bin/sh
# CPUs of the pool take a machine check without shutting the machine down.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --monitor --timeout 300 parked.sh
done_testing
