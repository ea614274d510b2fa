# shellcheck shell=sh
# A machine with hyperthreads, whose root has the first core.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

is "$(cat /sys/kernel/adeos/cpus_free)" 2-7 'the pool has three cores'

node 1 2 64M
refuses 1 'CPU 2 shares a core with CPU 3, which is not listed: expected .*vnode_smt=split' 'half a core is refused' \
	vnode start node1
node 1 2,4 64M
refuses 1 'CPU 2 shares a core with CPU 3' '  or two halves' vnode start node1
node 1 3,4,5 64M
refuses 1 'CPU 3 shares a core with CPU 2' '  or the other half, beside a whole one' vnode start node1
is "$(cat /sys/kernel/adeos/cpus_free)" 2-7 'nothing was taken'

node 1 2-3 64M
ok 'a core' vnode start --timeout 300 node1
node 2 4,7,5,6 64M
ok 'two cores, in some order' vnode start --timeout 300 node2
node 3 3 64M
refuses 1 'CPU 3 is taken by vnode 1' 'what is taken is told first' vnode start node3
ok 'it ends' vnode kill 1
node 1 2 64M
refuses 1 'CPU 2 shares a core with CPU 3' 'half a core is refused still' vnode start node1
ok 'the other one lives' await_beat 2
no_splat 2 'it has nothing to complain about'
