#!/bin/sh
# Vnodes die in the middle of the protocol: several times in each of its functions.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

guest_test --debug --cpus 4 --timeout 14400 die.sh "${SEED:-$(date +%j%H%M)}" "${CYCLES:-156}"
guest_test --debug --cpus 4 --memory 456M --timeout 14400 die-move.sh "${SEED:-$(date +%j%H%M)}" "${CYCLES:-48}"
guest_test --debug --cpus 3 --timeout 7200 die-boot.sh "${SEED:-$(date +%j%H%M)}" "${BOOTS:-40}"
done_testing
