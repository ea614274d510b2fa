# shellcheck shell=sh
# apic.sh MODE WHY CPUS CPUS: the root has chosen MODE destinations and has logged WHY; two
# vnodes with the given CPUs and the root reach each other.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

mode=$1 why=$2
shift 2
before=$(pools)
is "$(dmesg | sed -n 's/^\(\[[ 0-9.]*\] \)*adeos: APIC: //p')" "$mode destinations$why" "destinations are $mode"

# on ID COMMAND…: COMMAND there
on() {
	on_id=$1
	shift
	if [ "$on_id" = 0 ]; then "$@"; else vnode exec --timeout 120 "$on_id" -- "$@"; fi
}

node 1 "$1" 64M
node 2 "$2" 64M
ok 'two vnodes start' vnode start --timeout 200 node1 node2
for id in 1 2; do
	like "$(vnode log $id)" "Switched APIC routing to: adeos $mode\$" "vnode $id does as the root does"
done
for id in 0 1 2; do
	# shellcheck disable=SC2016 # there
	ok "vnode $id has a network" on $id sh -c 'modprobe vnet networks=Ethernet && ip link set vnet0 up &&
		ip addr add 10.0.0.$1/24 dev vnet0' sh $((100 + id))
done
for pair in '0 1' '1 0' '0 2' '2 0' '1 2' '2 1'; do
	ok "${pair% *} reaches ${pair#* }" on "${pair% *}" ping -c 3 -W 20 -q "10.0.0.$((100 + ${pair#* }))"
done
for id in 0 1 2; do
	# A CPU that gets no interrupts would still run programs, at its next tick.
	# shellcheck disable=SC2016 # awk's
	is "$(on $id awk 'NR == 1 { n = NF } /^ *(RES|CAL):/ { for (i = 0; i < n; i++) got[i] += $(i + 2) }
		END { for (i = 0; n > 1 && i < n; i++) if (!got[i]) print "CPU " i }' /proc/interrupts)" '' \
		"all CPUs of vnode $id have had interrupts of each other"
	is "$(cat /sys/kernel/adeos/vnodes/$id/destinations_bad)" 0 '  it knows where to send them'
done
for id in 1 2; do
	no_splat $id "vnode $id has nothing to complain about"
done
ok 'both are killed' vnode kill 1 2
ok "the root's interface goes down" ip link set vnet0 down
ok '  and away' modprobe -r vnet
restored "$before" 'the pools are as before'
