#!/bin/sh
# Machines of other shapes: APIC IDs with gaps, hyperthreads, two sockets;
# tests/long/shapes.t has a larger one.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --topology 6,sockets=2,cores=3 shape.sh 1-2,4-6 3 1 1,4 2,5-6
guest_test --topology 8,sockets=2,cores=2,threads=2 --root-cpus 0-1 shape.sh 2-7 8 2 2-3 4-7
done_testing
