# shellcheck shell=sh
# Portals and bridges, driven from the root.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

node 1 1,2 96M 'cmdline = lab.run="modprobe adeos_peer; sleep 100000"'
node 2 3 96M 'cmdline = lab.run="modprobe adeos_peer; sleep 100000"'
before=$(pools)
ok 'two vnodes' vnode start --timeout 300 node1 node2
for id in 1 2; do
	ok "vnode $id is ready" await_log $id 'peer is ready'
done
kunit adeos_peer_kunit 10
no_splat 2 'vnode 2 has nothing to complain about'
ok 'vnode 2 is killed' vnode kill 2
restored "$before" 'all memory is back'
