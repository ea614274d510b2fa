#!/bin/sh
# A hundred kills at random moments, each on both kernels: all is back each time.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

guest_test --timeout 3600 back.sh 100
guest_test --debug --timeout 7200 back.sh 100
done_testing
