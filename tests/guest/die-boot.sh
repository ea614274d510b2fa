# shellcheck shell=sh
# die-boot.sh SEED CYCLES: a vnode is killed while it boots and joins, after another
# time each; the root and another vnode go on, and nothing is left.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/guest/citizen.sh
. ./citizen.sh

seed=$1 cycles=$2
echo "# seed $seed"
before=$(pools)
node 1 1 64M 'cmdline = lab.run="modprobe vcon; modprobe vnet; ip link set vnet0 up; modprobe adeos_citizen with=0xf; sleep 100000"'
node 2 2 64M 'cmdline = lab.run="modprobe vnet; ip link set vnet0 up; modprobe adeos_citizen with=0xf; sleep 100000"'
modprobe vcon
modprobe vnet
ip link set vnet0 up
ok 'a vnode that lives' vnode start --timeout 300 node2
ok 'the root takes part' modprobe adeos_citizen with=0xf

# Evenly over what it takes to boot: the first one tells how long that is.
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
	meets 0x5 "$r0" 0 && meets 0x5 "$r2" 2
}
n=0
while [ $n -lt "$cycles" ]; do
	ok 'killed while it boots, and the others go on' cycle $n || break
	n=$((n + 1))
done
unlike "$(vnode log 2)" "$splats" 'the survivor has nothing to complain about'
ok 'it is started once more' vnode start --timeout 300 node1
ok 'and joins' meets 0x7 "$(round 0)" 0

vnode kill 1
vnode kill 2
modprobe -r adeos_citizen
modprobe -r vnet
modprobe -r vcon
ok 'no bridge is left' nothing_left
restored "$before" 'all memory is back'
