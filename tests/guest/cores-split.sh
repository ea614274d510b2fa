# shellcheck shell=sh
# A machine with hyperthreads, whose administrator wants halves of cores.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

is "$(cat /sys/kernel/adeos/cpus_free)" 1-7 'the pool has half of a core, and three whole ones'
node 1 1 64M
ok 'half of the root'\''s core' vnode start --timeout 300 node1
node 2 2 64M
ok 'half of a core' vnode start --timeout 300 node2
ok 'they live' await_beat 1
ok '  both' await_beat 2
