# shellcheck shell=sh
# cycles.sh KILLS STOPS: start and end a vnode so often; nothing may leak.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

kills=$1 stops=$2
node 1 1,2 64M 'cmdline = quiet'

usage() {
	sh -c "$usage"
}

# objects: how many of each kind are allocated
objects() {
	sed 1,2d /proc/slabinfo | awk '{ print $1, $2 }' | sort
}

kill_cycle() {
	vnode start --timeout 300 node1 && vnode kill 1
}

stop_cycle() {
	vnode start --timeout 300 node1 && vnode stop --timeout 300 1
}

# repeat NUMBER COMMAND: so often, or until it fails
repeat() {
	cycle=0
	while [ $cycle -lt "$1" ]; do
		$2 || return 1
		cycle=$((cycle + 1))
	done
}

# What is allocated once
repeat 2 kill_cycle
repeat 1 stop_cycle
before=$(pools)
usage >/tmp/usage.1
objects >/tmp/objects.1

ok "$kills cycles of start and kill" repeat "$kills" kill_cycle
restored "$before" 'the pools are as before'
ok "$stops cycles of start and stop" repeat "$stops" stop_cycle
restored "$before" 'the pools are as before'
is "$(dmesg | grep -c 'adeos: vnode 1: stopped')" $((kills + stops + 3)) 'each of them came to its end'

# left: what has grown.  A page a cycle would be 4 kB, an object a cycle one.
left() {
	usage >/tmp/usage.2
	objects >/tmp/objects.2
	grown /tmp/objects.1 /tmp/objects.2 $((kills + stops))
	grep -v MemFree /tmp/usage.1 >/tmp/used.1
	grep -v MemFree /tmp/usage.2 >/tmp/used.2
	grown /tmp/used.1 /tmp/used.2 $((kills + stops))
	join /tmp/usage.1 /tmp/usage.2 | awk -v limit=$((4 * (kills + stops))) \
		'$1 == "MemFree" && $2 - $3 >= limit { print "MemFree", $2, "->", $3 }'
}

lasts left
is "$lasting" '' 'no kind of object or memory has grown with the cycles'
diag "free memory: $(join /tmp/usage.1 /tmp/usage.2 | awk '$1 == "MemFree" { print $3 - $2 }') kB more than before"

# One with everything it has to say, on all its CPUs
node 1 1-3 96M 'cmdline = lab.run="nproc; cat /proc/iomem | wc -l; poweroff"'
vnode start --timeout 0 node1
ok 'a vnode that powers off' vnode wait 1 --state stopped --timeout 300
no_splat 1 'its kernel has nothing to complain about'
