#!/bin/sh
# The interrupt pipeline: domains, stages, and that no interrupt is lost.
# needs: debug

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 4 --root-cpus 0-1 --timeout 1200 pipeline.sh 1000000
guest_test --debug --cpus 4 --root-cpus 0-1 --timeout 1200 pipeline.sh 20000
done_testing
