#!/bin/sh
# Four vnodes of four CPUs each: interrupts stay where they were sent.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 16 --root-cpus 0-3 --timeout 900 storm.sh
done_testing
