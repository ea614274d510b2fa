#!/bin/sh
# Twelve vnodes on a machine of 13 CPUs.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 13 --memory 2G --timeout 300 twelve.sh
done_testing
