# shellcheck shell=sh
# The virtual Ethernet between the root and three vnodes, driven from the root
# through a second network.  $1: MiB to transfer, $2: how often up and down, $3: deaths.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

size=$1 cycles=$2 deaths=$3
# Less over HTTP, because both ends compute a checksum.
http=$((size > 64 ? 64 : size))
(cd / && gunzip | cpio -id 2>/dev/null) </mnt/host/extra.gz
cat /boot/initrd.img /mnt/host/extra.lz4 >/tmp/vnode.img

# on ID COMMAND: COMMAND in that vnode's shell; fails if it fails
on() {
	on_id=$1
	shift
	on_out=$(mktemp)
	printf '%s\necho "status $?"\n' "$*" | nc -w 60 10.1.0.$((100 + on_id)) 99 >"$on_out"
	sed '/^status [0-9]*$/d' "$on_out"
	grep -qx 'status 0' "$on_out"
	on_status=$?
	rm -f "$on_out"
	return $on_status
}

# at ID COMMAND: the same, or in the root
at() {
	at_id=$1
	shift
	if [ "$at_id" = 0 ]; then sh -c "$*"; else on "$at_id" "$@"; fi
}

reaches() {
	at "$1" "ping -c 1 -W 20 -q 10.0.0.$((100 + $2)) >/dev/null"
}

# floods FROM ADDRESS: sends the next ping as soon as the answer has arrived
floods() {
	at "$1" "ping -A -c 300 -W 20 -q $2 | grep -q ' 0% packet loss'"
}

heard() {
	on 3 'cat /sys/class/net/vnet0/statistics/rx_packets'
}

# traffic FROM WORD…: the program there; it may take long
traffic() {
	traffic_id=$1
	shift
	if [ "$traffic_id" = 0 ]; then
		/sbin/traffic "$@"
		return
	fi
	on "$traffic_id" "rm -f /tmp/over; (traffic $* >/tmp/said 2>&1; echo \$? >/tmp/over) </dev/null >/dev/null 2>&1 &"
	await on "$traffic_id" '[ -s /tmp/over ]' || return 1
	traffic_over=$(on "$traffic_id" 'cat /tmp/over')
	on "$traffic_id" 'cat /tmp/said'
	return "$traffic_over"
}

# count ID COUNTER: its sum there, or nothing if it cannot be read
count() {
	at "$1" 'ethtool -S vnet0' | sed -n "s/^ *.*$2: //p" | awk '{ n += $1 } END { if (NR) print n }'
}

# count_all COUNTER: likewise, of all four kernels
count_all() {
	for count_id in 0 1 2 3; do count $count_id "$1"; done | awk '{ n += $1 } END { if (NR == 4) print n }'
}

# transfer FROM TO MIB [ADDRESS]: sends so much over HTTP; true if it arrived unchanged
transfer() {
	if [ $(($3 % 8)) = 0 ]; then file=large times=$(($3 / 8)); else file=random times=$3; fi
	repeat="i=0; while [ \$i -lt $times ] && i=\$((i + 1)); do"
	transfer_want=$(at "$1" "$repeat cat /tmp/www/$file; done | md5sum")
	transfer_got=$(at "$2" "$repeat wget -q -O - http://${4:-10.0.0.$((100 + $1))}/$file; done | md5sum")
	if [ -z "$transfer_want" ] || [ "$transfer_got" != "$transfer_want" ]; then
		echo "got $transfer_got, not $transfer_want"
		return 1
	fi
}

start() {
	ok "vnodes start: $*" vnode start --timeout 600 "$@" || exit
	for started in "$@"; do
		await_log "${started#node}" 'vnet: node .* is ready'
		await on "${started#node}" true
	done
}

fill='mkdir -p /tmp/www; dd if=/dev/urandom of=/tmp/www/random bs=1M count=1 2>/dev/null
dd if=/dev/urandom of=/tmp/www/large bs=1M count=8 2>/dev/null'
node_line='cmdline = lab.run="sh /lab/vnet-node"'
for spec in '1 1,2' '2 3,4' '3 5'; do
	# shellcheck disable=SC2086 # two words
	set -- $spec
	node "$1" "$2" 112M "$node_line"
	sed -i 's,^initrd = .*,initrd = /tmp/vnode.img,' "$conf/node$1.conf"
done
pools_before=$(pools)
mkdir -p /tmp/www
httpd -h /tmp/www
nc -ll -p 9 -e sh -c 'cat >/dev/null' &
sink=$!
modprobe ipv6
modprobe veth
modprobe 8021q
modprobe bridge
taken=
for wrong in 'Ethernet,' 'Ethernet, storage' @mine console.1 a/b 'Ethernet,Ethernet'; do
	modprobe vnet networks="$wrong" 2>/dev/null && taken="$taken $wrong"
	dmesg | tail -n 1 | grep -qE 'vnet: network(s:)? "' || taken="$taken nothing about $wrong"
	dmesg -c >/dev/null
done
is "$taken" '' 'wrong names of networks are refused'
modprobe vnet networks=Ethernet,control
is "$(cat /sys/module/vnet/parameters/networks)" Ethernet,control 'the networks'
for net in 0 1; do
	ip link set vnet$net up
	ip addr add 10.$net.0.100/24 dev vnet$net
done
ip -6 addr add fd00::100/64 dev vnet0
is "$(cat /sys/class/net/vnet0/carrier)" 0 'alone, there is no carrier'
start node1 node2 node3
ok 'with others, there is' await grep -qx 1 /sys/class/net/vnet0/carrier

for a in 0 1 2 3; do
	at $a "$fill"
	for b in 0 1 2 3; do
		[ $a = $b ] || ok "$a reaches $b" reaches $a $b
	done
done
pairs='0,1 0,2 0,3 1,0 1,2 1,3 2,0 2,1 2,3 3,0 3,1 3,2'
for pair in $pairs; do
	ok "pings without a pause: $pair" floods "${pair%,*}" "10.0.0.$((100 + ${pair#*,}))"
done
like "$(on 2 'cat /sys/class/net/vnet0/address')" '^02:76:..:..:00:02$' 'the address tells the vnode'

# ethtool
like "$(ethtool -i vnet0)" '^driver: vnet$' 'ethtool -i'
like "$(ethtool -k vnet0)" '^tcp-segmentation-offload: on$' 'ethtool -k'
like "$(on 1 'ethtool -l vnet0')" '^Combined:.*2$' 'a queue for each CPU'
like "$(ethtool -S vnet0)" ' peers: 3$' 'ethtool -S'

ok "$http MiB from root to vnode" transfer 0 1 "$http"
ok "$http MiB from vnode to root" transfer 1 0 "$http"
ok "$http MiB from vnode to vnode" transfer 2 3 "$http"

# All at once
rm -f /tmp/bad
for pair in $pairs; do
	(transfer "${pair%,*}" "${pair#*,}" $((http / 8)) || echo "$pair" >>/tmp/bad) &
	jobs_running="${jobs_running-} $!"
done
# shellcheck disable=SC2086 # a list
wait $jobs_running
is "$(cat /tmp/bad 2>/dev/null)" '' "$((http / 8)) MiB between all pairs at once"

# Programs that check each byte, beside others that check their registers: frames are
# copied by those of the CPU.
registers /tmp/enough >/tmp/kept 2>&1 &
keeper=$!
on 1 '(registers /tmp/enough; echo "ended $?") >/tmp/kept 2>&1 </dev/null &'
ok "$size MiB each way, root and vnode" traffic 0 tcp 10.0.0.101 1 "$size"
ok "$size MiB each way, vnode and vnode" traffic 1 tcp 10.0.0.102 1 "$size"
# Both are vnodes with two CPUs, and each stream may take either queue.
frames() {
	for a in 1 2; do count $a queue0_rx_frames; count $a queue1_rx_frames; done
}
frames >/tmp/frames.before
ok '24 streams each way' traffic 2 tcp 10.0.0.101 24 $((size / 32 + 1))
frames | paste /tmp/frames.before - >/tmp/frames
is "$(awk '$2 - $1 >= 100' /tmp/frames | wc -l)" 4 "which use all queues: $(tr '\n' ' ' </tmp/frames)"
ok 'datagrams each way, in order' traffic 0 udp 10.0.0.101 4 $((size * 20))
ok 'and between vnodes' traffic 3 udp 10.0.0.102 4 $((size * 20))
ok 'trains of datagrams each way, in order' traffic 0 trains 10.0.0.102 4 $((size * 20))
ok 'and between vnodes' traffic 3 trains 10.0.0.102 4 $((size * 20))

# Datagrams from each to all others, all at once
/sbin/traffic serve &
server=$!
ok 'the root answers, too' await grep -q '^ *[0-9]*: [0-9A-F]*:0007 ' /proc/net/udp
for a in 0 1 2 3; do
	others=
	for b in 0 1 2 3; do
		[ $b = $a ] || others="$others $b"
	done
	at $a "(for to in$others; do traffic udp 10.0.0.10\$to 2 $((size * 20)) || echo \$to & done
		wait; echo over) >/tmp/all 2>&1 </dev/null &"
done
for a in 0 1 2 3; do
	await at $a 'grep -q over /tmp/all'
	is "$(at $a 'grep -v "^flow " /tmp/all')" over "all at once: $a to all others"
done
kill $server

# A receiver that is rung had gone to sleep.  The rings are read first; going to sleep when
# an area is made is not counted.
rings=$(count_all tx_rings)
sleeps=$(count_all rx_sleeps)
ok "$rings rings for $sleeps sleeps" test "$rings" -gt 100 -a "$rings" -le $((sleeps + 16))
: >/tmp/enough
on 1 ': >/tmp/enough'
wait $keeper
is $? 0 "a program's registers stay as they are: $(cat /tmp/kept)"
ok "so does a vnode's program" await on 1 'grep -q ended /tmp/kept'
like "$(on 1 'cat /tmp/kept')" '^ended 0$' 'whose registers stayed as they were, too'

# A packet socket
traffic 0 watch vnet0 60 4 0800 >/tmp/watched 2>&1 &
watcher=$!
ok 'a program watches' await grep -q watching /tmp/watched
ping -c 2 -W 20 -q 10.0.0.101 >/dev/null
wait $watcher
like "$(cat /tmp/watched)" '^out 02:76:..:..:00:01 02:76:..:..:00:00 98$' 'a packet socket sees what goes out'
like "$(cat /tmp/watched)" '^in 02:76:..:..:00:00 02:76:..:..:00:01 98$' 'and what comes in'
traffic 0 watch vnet0 60 1 0800 >/tmp/watched 2>&1 &
watcher=$!
ok 'a program watches' await grep -q watching /tmp/watched
traffic 0 trains 10.0.0.102 1 16 >/dev/null
wait $watcher
like "$(cat /tmp/watched)" '^out .* 19242$' 'a train of datagrams crosses the wire as one frame'
traffic 0 watch vnet0 60 1 0800 >/tmp/watched 2>&1 &
watcher=$!
ok 'a program watches' await grep -q watching /tmp/watched
on 2 'arp -i vnet0 -s 10.0.0.250 02:00:00:00:00:99; ping -c 1 -W 1 -q 10.0.0.250 >/dev/null'
wait $watcher
like "$(cat /tmp/watched)" '^other 02:00:00:00:00:99 02:76:..:..:00:02 98$' 'in promiscuous mode, also for others'

# Without offloads, and half of them
# offloads WORD…: vnode 1 has them so
offloads() {
	on 1 "ethtool -K vnet0 $* >/dev/null"
	is "$(on 1 'ethtool -k vnet0' | sed -n 's/^tx-checksumming: /tx /p; s/^scatter-gather: /sg /p
		s/^tcp-segmentation-offload: /tso /p; s/^generic-segmentation-offload: /gso /p' |
		cut -d ' ' -f 1,2 | sort | tr '\n' ' ')" "$* " "offloads: $*"
}
offloads gso off sg on tso off tx on
ok 'without TSO' transfer 1 2 $((http / 4))
offloads gso off sg off tso off tx off
ok 'without scatter-gather and checksums' transfer 1 2 $((http / 4))
ok 'and to one that has them' transfer 2 1 $((http / 4))
offloads gso on sg on tso on tx on

# MTU
# set_mtu MTU: of all but vnode 3
set_mtu() {
	is "$(for a in 0 1 2; do at $a "ip link set vnet0 mtu $1; cat /sys/class/net/vnet0/mtu"; done)" "$1
$1
$1" "an MTU of $1"
}
for mtu in 65535 9000 68; do
	set_mtu $mtu
	case $mtu in
	68) mib=1 ;;
	*) mib=$((http / 4)) ;;
	esac
	ok '  with which there is TCP' transfer 1 2 $mib
	ok '  and a ping of 10000 bytes' ping -c 1 -W 20 -s 10000 -q 10.0.0.101
done
not_ok_mtu() { ! ip link set vnet0 mtu 67; }
ok 'an MTU of 67 is refused' not_ok_mtu
set_mtu 1500
ok 'the largest ping' ping -c 1 -W 20 -s 65507 -q 10.0.0.101

# The small MTU has disabled IPv6
at 0 'ip -6 addr add fd00::100/64 dev vnet0 2>/dev/null'
on 1 'ip -6 addr add fd00::101/64 dev vnet0 2>/dev/null'
ok 'IPv6' await ping6 -c 1 -W 20 -q fd00::101
ok 'TCP over IPv6' transfer 1 0 $((http / 4)) '[fd00::101]'
own=$(ip -6 addr show dev vnet0 | sed -n 's/.*inet6 \(fe80[^/]*\).*/\1/p')
others_answer() {
	ping6 -c 4 -W 20 -I vnet0 ff02::1 | grep 'bytes from' | grep -qv "from $own"
}
ok 'all nodes of the link hear a group' others_answer

# VLAN
for a in 0 3; do
	at $a 'modprobe 8021q; vconfig add vnet0 7 >/dev/null; ip link set vnet0.7 up'
	at $a "ip addr add 10.7.0.$((100 + a))/24 dev vnet0.7"
done
ok 'a VLAN' ping -c 2 -W 20 -q 10.7.0.103
ok 'TCP in a VLAN' transfer 3 0 $((http / 4)) 10.7.0.103
vconfig rem vnet0.7 >/dev/null

# A Linux bridge, with a network namespace behind it
brctl addbr br0
brctl addif br0 vnet0
ip addr del 10.0.0.100/24 dev vnet0
ip addr add 10.0.0.100/24 dev br0
ip link add out0 type veth
brctl addif br0 out0
# Its other end is veth0, as busybox cannot name it.
unshare -n sh -c 'until ip link set veth0 up 2>/dev/null; do sleep 0.1; done
	ip addr add 10.0.0.200/24 dev veth0; httpd -f -h /tmp/www' &
namespace=$!
await sh -c "[ \"\$(readlink /proc/$namespace/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
ip link set veth0 netns $namespace
ip link set out0 up
ip link set br0 up
ok 'through a Linux bridge' await on 2 'ping -c 1 -W 5 -q 10.0.0.200'
ok 'a bridge on the interface itself' await reaches 3 0
ok 'TCP through a Linux bridge' transfer 0 2 $((http / 4)) 10.0.0.200
heard_before=$(heard)
ok 'pings without a pause through it' floods 2 10.0.0.200
heard_after=$(heard)
diag "another vnode has heard $heard_before packets before, $heard_after after"
[ "$heard_after" -ge "$heard_before" ] && [ $((heard_after - heard_before)) -lt 100 ]
ok 'others do not hear them, as the address was learned' [ $? -eq 0 ]
kill $namespace

# A network card in it, behind which there is a host outside
ip link set eth0 up
brctl addif br0 eth0
on 2 'ip addr add 10.0.2.52/24 dev vnet0'
outside_sends() {
	[ "$(on 2 'nc -w 30 10.0.2.100 9 </dev/null | md5sum')" = "$(md5sum </mnt/host/outside)" ]
}
outside_takes() {
	outside_sum=$(on 2 'md5sum </tmp/www/random') &&
		[ "$(on 2 'nc -w 30 10.0.2.100 10 </tmp/www/random')" = "$outside_sum" ]
}
ok 'from a host outside' outside_sends
ok 'to a host outside' outside_takes
on 2 'ip addr del 10.0.2.52/24 dev vnet0'
ip link del br0
ip addr add 10.0.0.100/24 dev vnet0 2>/dev/null
ok 'and without it again' await reaches 1 0

# Up and down
# updown NUMBER: in vnode 2, each time with an area
updown() {
	on 2 "rm -f /tmp/cycled; (i=0
		while [ \$i -lt $1 ] && ip link set vnet0 down && ip link set vnet0 up; do
			until grep -qx 1 /sys/class/net/vnet0/carrier; do :; done
			i=\$((i + 1))
		done
		echo \$i >/tmp/cycled) </dev/null >/dev/null 2>&1 &"
	await on 2 '[ -s /tmp/cycled ]'
	[ "$(on 2 'cat /tmp/cycled')" = "$1" ]
}
# measure ID: the memory that its kernel uses
measure() {
	at "$1" "$usage" | grep -v MemFree >"/tmp/usage.$1"
}
# grew ID KB: which kinds have grown by KB or more since they were measured
grew() {
	at "$1" "$usage" | grep -v MemFree >/tmp/usage.after || echo 'nothing is told'
	grown "/tmp/usage.$1" /tmp/usage.after "$2"
}
free_before=$(cat /sys/kernel/adeos/memory/free)
updown 2
for a in 0 2; do measure $a; done
ok "vnode 2 goes down and up $cycles times" updown "$cycles"
ok "vnode 2 is reached after $cycles times down and up" await reaches 0 2
ok 'and by others' await reaches 1 2
same_free() { [ "$(cat /sys/kernel/adeos/memory/free)" = "$free_before" ]; }
ok 'all memory is back' await same_free
if [ "$cycles" -ge 100 ]; then
	for a in 0 2; do
		# A leak of a page each time would show.
		lasts grew $a $((4 * cycles))
		is "$lasting" '' "kernel $a keeps nothing of it"
	done
fi
on 2 'ip link set vnet0 down'
ok 'its area is gone' await sh -c "ethtool -S vnet0 | grep -q ' peers: 2\$'"
on 2 'ip link set vnet0 up'

# load ID: it sends to all others as much as it can
load() {
	load_to=
	for load_id in 0 1 2 3; do
		[ $load_id = "$1" ] || load_to="$load_to 10.0.0.$((100 + load_id))"
	done
	on "$1" "sh /lab/vnet-node load$load_to </dev/null >/dev/null 2>&1 &"
}

# Nonsense
load 2
on 3 'modprobe adeos_scribble victim=1 network=Ethernet rounds=3000'
for queue in queue0 queue1; do
	for counter in rx_bad rx_bad_meta; do
		ok "nonsense in the wire is counted: $queue, $counter" test "$(count 1 "${queue}_$counter")" -gt 0
	done
done
ok 'and vnode 1 goes on' await reaches 1 2
ok 'with the one that did it, too' await reaches 1 3
ok "as well as ever" transfer 2 1 $((http / 4))
no_splat 1 'vnode 1 has nothing to complain about'

# Death under load
mac=$(on 3 'cat /sys/class/net/vnet0/address')
load 1
dead=0
while [ $dead -lt "$deaths" ]; do
	dead=$((dead + 1))
	load 3
	sent_before=$(on 3 'cat /sys/class/net/vnet0/statistics/tx_bytes')
	sends() { [ $(($(on 3 'cat /sys/class/net/vnet0/statistics/tx_bytes') - sent_before)) -gt 20000000 ]; }
	ok 'vnode 3 sends' await sends
	ok 'vnode 3 is killed' vnode kill 3
	ok 'the root sees it' await sh -c "ethtool -S vnet0 | grep -q ' peers: 2\$'"
	ok '1 reaches 2' await reaches 1 2
	ok '2 reaches 0' await reaches 2 0
	start node3
	at 3 "$fill"
	ok '3 is back, and reaches 1' await reaches 3 1
	ok 'and 2' await reaches 3 2
	[ $dead -gt 1 ] || for a in 0 2; do measure $a; done
done
if [ $dead -ge 20 ]; then
	for a in 0 2; do
		# An area is larger than the changes by the traffic, which goes on.
		lasts grew $a $((200 * dead))
		is "$lasting" '' "kernel $a keeps nothing of the dead"
	done
fi
is "$(on 3 'cat /sys/class/net/vnet0/address')" "${mac:-any}" 'the address of one that has come again'
is "$(count 2 rx_bad)$(count 3 rx_bad)$(count 0 rx_bad)" 000 'all frames of those who behave were right'
for id in 1 2 3; do
	no_splat $id "vnode $id has nothing to complain about"
	diag "$(on $id 'ethtool -S vnet0' | grep -v ': 0$' | tr -s ' \n' ' ')"
done
diag "$(ethtool -S vnet0 | grep -v ': 0$' | tr -s ' \n' ' ')"
for id in 1 2 3; do
	vnode kill $id
done
ok 'there is no carrier any more' await grep -qx 0 /sys/class/net/vnet0/carrier
kill $sink
ok 'the module is unloaded' modprobe -r vnet
same_pools() { [ "$(pools)" = "$pools_before" ]; }
ok 'all memory is back' await same_pools
