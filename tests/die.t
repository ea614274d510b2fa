#!/bin/sh
# Vnodes die in the middle of the protocol, at a few instructions, and while they
# boot, the same each time; tests/long/die.t takes many.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --debug --cpus 4 --timeout 1800 die.sh "${SEED:-40}" "${CYCLES:-2}"
guest_test --debug --cpus 4 --memory 456M --timeout 1800 die-move.sh "${SEED:-40}" "${CYCLES:-2}"
guest_test --debug --cpus 3 --timeout 1800 die-boot.sh "${SEED:-40}" "${BOOTS:-6}"
done_testing
