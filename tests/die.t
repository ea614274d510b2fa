#!/bin/sh
# Vnodes die in the middle of the protocol, at instructions that SEED chooses.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --debug --cpus 4 --timeout 1800 die.sh "${SEED:-$(date +%j%H%M)}" "${CYCLES:-6}"
done_testing
