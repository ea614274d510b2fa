#!/bin/sh
# The cluster: Debian on the root and three vnodes, whose root file systems come from the root over
# NFS; ssh, apt, MPICH, HPCC, Slurm; a vnode that joins later, and one that dies.
# needs: cluster

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

lab_machine=cluster
guest_test --timeout 5400 cluster.sh
done_testing
