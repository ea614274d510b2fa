#!/bin/sh
# Two sockets and 20 CPUs: ten vnodes of two, one of which is the root.  CPUs of both sockets are in one
# vnode.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

guest_test --topology 20,sockets=2,cores=10 --root-cpus 0-1 --memory 2G --timeout 900 shape.sh \
	2-9,16-25 10 1 2-3 4-5 6-7 8,16 9,17 18-19 20-21 22-23 24-25
done_testing
