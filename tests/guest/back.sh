# shellcheck shell=sh
# back.sh KILLS: commands that end a vnode return when all that it had is back. A CPU that
# does not answer delays only the commands that wait for it.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

kills=$1
start="modprobe vcon; modprobe vnet; modprobe vbridge; ip link set vnet0 up; vnode agent & nproc"

modprobe vcon
modprobe vnet
modprobe vbridge
ip link set vnet0 up
ip addr add 10.9.0.1/24 dev vnet0
node 1 1 64M "cmdline = lab.run=\"$start\""
node 2 2 64M "cmdline = lab.run=\"$start\""
ok 'a sibling that uses all virtual devices' vnode start --timeout 300 node2
await_log 2 'lab: exit 0'

# The state without vnode 1, after the sibling has settled
vnode start --timeout 300 node1
await_log 1 'lab: exit 0'
vnode kill 1
before=$(vnode memory)
cpus=$(cat /sys/kernel/adeos/cpus_free)

# At different moments, while it boots and afterwards
wrong=0 round=0
while [ "$round" -lt "$kills" ]; do
	round=$((round + 1))
	vnode start --timeout 0 node1 || wrong=$((wrong + 1))
	case $((round % 4)) in
	0) await_log 1 'lab: exit 0' ;;
	*) usleep "$(($(od -An -N2 -tu2 /dev/urandom) * 40))" ;;
	esac
	vnode kill 1 || wrong=$((wrong + 1))
	after=$(vnode memory)
	[ "$after" = "$before" ] && [ "$(cat /sys/kernel/adeos/cpus_free)" = "$cpus" ] && continue
	wrong=$((wrong + 1))
	diag "round $round: $after"
done
is "$wrong" 0 "$kills kills at random moments: memory and CPUs are back when each returns"
diag "$before"

# The parking page is disabled, so that the CPU never answers
vnode start --timeout 300 node1
await_log 1 'lab: exit 0'
modprobe adeos_deaf
vnode kill 1 2>/tmp/kill.errors &
kill=$!
# Longer than the ten seconds after which members regard the root as dead
tries=0
while [ $tries -lt 14 ] && kill -0 $kill; do
	tries=$((tries + 1))
	sleep 1
done
ok 'the CPU has not answered yet' kill -0 $kill
ok 'meanwhile, others can be asked for' timeout 20 vnode list
ok 'and the map of memory' timeout 20 vnode memory
ok 'the sibling goes on' vnode exec 2 -- true
# It makes the bridge, and waits for a second program until timeout ends it
ok 'and can have a bridge: it does not take the root for dead' vnode exec 2 -- sh -c \
	'timeout 5 bridge-pingpong lives 1 || test $? = 143'
modprobe -r adeos_deaf
wait $kill
is $? 0 'the CPU answers: the kill succeeds'
is "$(cat /tmp/kill.errors)" '' 'without a word'
is "$(vnode memory)" "$before" 'and everything is back'
no_splat 2 'the sibling has nothing to complain about'
