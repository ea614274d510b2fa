#!/bin/sh
# The load of tests/stress.t for ten minutes.
# needs: debug stress

lib_path=..
# shellcheck source=tests/stress.sh
. "$(dirname "$0")/../stress.sh"

stress 1000 600 5400
done_testing
