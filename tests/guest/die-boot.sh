# shellcheck shell=sh
# die-boot.sh SEED CYCLES: a vnode is killed while it boots and joins, each time at another
# moment; the root and another vnode go on, and nothing is left.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/guest/citizen.sh
. ./citizen.sh

seed=$1 cycles=$2
echo "# seed $seed"
before=$(pools)
# net ID: its network, with traffic to the root from the first moment on
net() {
	echo "modprobe vnet; ip link set vnet0 up; ip addr add 10.0.0.10$1/24 dev vnet0; ping -q -A 10.0.0.100 >/dev/null &"
}
node 1 1 64M "cmdline = lab.run=\"modprobe vcon; $(net 1) modprobe adeos_citizen with=0xf; sleep 100000\""
node 2 2 64M "cmdline = lab.run=\"$(net 2) modprobe adeos_citizen with=0xf; sleep 100000\""
modprobe vcon
modprobe vnet
ip link set vnet0 up
ip addr add 10.0.0.100/24 dev vnet0
ok 'a vnode that lives' vnode start --timeout 300 node2
follow 2
ok 'the root takes part' modprobe adeos_citizen with=0xf

# Evenly over the time of a boot, which the first boot measures.
uptime_ms() {
	awk '{ print int($1 * 1000) }' /proc/uptime
}
since=$(uptime_ms)
ok 'one that boots' vnode start --timeout 300 node1
ok 'and joins' meets 0x7 0 1
whole=$(($(uptime_ms) - since))
diag "it takes $whole ms"
ok 'is killed' vnode kill 1

# cycle NUMBER
cycle() {
	when=$(awk -v seed="$((seed + $1))" -v whole=$whole 'BEGIN { srand(seed); printf "%.2f", rand() * whole / 1000 }')
	diag "killed after $when s"
	vnode start --timeout 0 node1 && sleep "$when" && vnode kill 1 || return
	r0=$(round 0) r2=$(round 2)
	# If it is killed early, it has no log.
	unlike "$(vnode log 1)" "$splats" 'it had nothing to complain about' &&
		meets 0x5 "$r0" 0 && meets 0x5 "$r2" 2 && await ping -c 1 -W 5 -q 10.0.0.102
}
n=0
while [ $n -lt "$cycles" ]; do
	ok 'killed while it boots, and the others go on' cycle $n || break
	n=$((n + 1))
done
no_splat 2 'the survivor has nothing to complain about'
ok 'it is started once more' vnode start --timeout 300 node1
ok 'and joins' meets 0x7 "$(round 0)" 0
ok 'with its network' await ping -c 1 -W 5 -q 10.0.0.101

vnode kill 1
vnode kill 2
modprobe -r adeos_citizen
modprobe -r vnet
modprobe -r vcon
ok 'no bridge is left' nothing_left
restored "$before" 'all memory is back'
