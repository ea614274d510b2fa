#!/bin/sh
# Runs in vnode $1 of vnet-move.sh: traffic to the others, round by round; in vnode 2 the
# second interface also goes down and up.
self=$1 other=$((3 - $1))
modprobe vnet networks=Ethernet,storage
for net in 0 1; do
	ip link set vnet$net up
	ip addr add 10.$net.0.$((100 + self))/24 dev vnet$net
done
traffic serve &
echo 'node is up'
if [ "$self" = 2 ]; then
	ups=0
	while :; do
		ip link set vnet1 down
		if ip link set vnet1 up; then
			ups=$((ups + 1))
			[ $((ups % 20)) != 0 ] || echo "down and up $ups times"
			# Until it has its area, but not for ever: there may be no room
			tries=0
			until grep -qx 1 /sys/class/net/vnet1/carrier || [ $tries -ge 50 ]; do
				tries=$((tries + 1))
				sleep 0.1
			done
		fi
		sleep 0.1
	done &
fi
n=0
while n=$((n + 1)); do
	for address in 10.0.0.$((100 + other)) 10.0.0.100; do
		if traffic tcp $address 3 2; then
			echo "round $n is right"
		else
			echo "round $n to $address is wrong"
		fi
	done
done
