# shellcheck shell=sh
# A dead vnode's memory is given to others when all kernels have let go of it, or after a
# while.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

before=$(pools)
node 1 1 64M
node 2 2 64M
ok 'two vnodes' vnode start --timeout 120 node1 node2
ok 'a user of memory in the first one' vnode exec 1 -- modprobe adeos_clinger ms=1000
ok '  and in the root, who lets go at once' modprobe adeos_clinger

# lets_go: how often the first vnode's user has
lets_go() {
	vnode log 1 | grep -c 'clinger: lets go'
}

ok 'the second one is killed' vnode kill 2
is "$(lets_go)" 1 'on return, the user in the first one has let go'
like "$(vnode log 1)" 'clinger: event 1, vnodes 0x4$' '  of that one'
like "$(dmesg)" 'clinger: event 1, vnodes 0x4$' '  and the root was told, too'

ok 'it starts again' vnode start --timeout 120 node2
like "$(vnode log 1)" 'vnode 2 has joined' '  and joins'
is "$(lets_go)" 1 '  which is nothing to let go of'

# Far longer than the root waits
ok 'a user that does not let go' vnode exec 1 -- sh -c \
	'echo 120000 >/sys/module/adeos_clinger/parameters/ms'
ok '  holds up nobody for ever' timeout 60 vnode kill 2
is "$(lets_go)" 1 '  although it has not'
ok 'the second vnode starts again' timeout 60 vnode start --timeout 50 node2
ok '  while the first one goes on' vnode exec 1 -- true

ok 'all are killed' timeout 60 vnode kill 1
ok '  one after the other' timeout 60 vnode kill 2
ok 'the root does not listen any more' modprobe -r adeos_clinger
restored "$before" 'the pools are as before'
