#!/bin/sh
# stress-ng, CPUs and modules that come and go, the irqsoff tracer and perf, in
# the root and in a vnode at once: about two minutes of it.  tests/long/stress.t
# is the same for ten.
# needs: debug stress

# shellcheck source=tests/stress.sh
. "$(dirname "$0")/stress.sh"

stress 8 60 1800
done_testing
