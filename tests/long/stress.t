#!/bin/sh
# stress-ng, CPU hotplug, loading and unloading of modules, the irqsoff tracer and perf, in
# the root and in a vnode at the same time, on the debug kernel: all stressors, for ten
# minutes; STRESSORS=8 STRESS_SECONDS=60 for a short run.
# needs: debug stress

lib_path=..
# shellcheck source=tests/stress.sh
. "$(dirname "$0")/../stress.sh"

stress "${STRESSORS:-1000}" "${STRESS_SECONDS:-600}" 5400
done_testing
