#!/bin/sh
# Runs in each vnode of vnet.sh: both networks, and a shell for the root on the second one.
# "vnet-node load ADDRESS…" sends as much as it can there.
if [ "${1-}" = load ]; then
	shift
	for address; do
		while :; do
			nc -w 5 "$address" 9 </tmp/www/large >/dev/null 2>&1 || sleep 0.1
		done &
	done
	wait
fi
id=$(sed -n 's/.*vnode=\([0-9]*\).*/\1/p' /proc/cmdline)
modprobe ipv6
modprobe vnet networks=Ethernet,control
for net in 0 1; do
	ip link set vnet$net up
	ip addr add 10.$net.0.$((100 + id))/24 dev vnet$net
done
ip -6 addr add fd00::$((100 + id))/64 dev vnet0 2>/dev/null
mkdir -p /tmp/www
httpd -h /tmp/www
nc -ll -p 9 -e sh -c 'cat >/dev/null' &
nc -ll -p 99 -e sh &
traffic serve &
echo "vnet: node $id is ready"
while :; do
	sleep 100000
done
