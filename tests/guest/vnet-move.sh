# shellcheck shell=sh
# Receive areas are moved while frames go through them, and while interfaces come up: the
# root and two vnodes.  $1: how often room is made, at most.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

(cd / && gunzip | cpio -id 2>/dev/null) </mnt/host/extra.gz
cat /boot/initrd.img /mnt/host/extra.lz4 >/tmp/vnode.img
big=/sys/module/adeos_mover/parameters/big
before=$(pools)

# checkerboard: small bridges all over the free memory, which the root uses
checkerboard() {
	modprobe adeos_mover kib=1280 keep=2
}

for id in 1 2; do
	node $id $id 88M "cmdline = lab.run=\"sh /lab/vnet-move-node $id\""
	sed -i 's,^initrd = .*,initrd = /tmp/vnode.img,' "$conf/node$id.conf"
done
modprobe vnet networks=Ethernet,storage
ok 'two vnodes' vnode start --timeout 600 node1 node2
# Areas are placed in the gaps.
ok 'a checkerboard' checkerboard
like "$(dmesg)" 'mover: bridge [0-9]*: -12' 'the pool is full'
for net in 0 1; do
	ip link set vnet$net up
	ip addr add 10.$net.0.100/24 dev vnet$net
done
traffic serve &
server=$!
ok 'the vnodes bring up theirs' await_log 1 'node is up'
ok 'both' await_log 2 'node is up'

# rounds ID: its last round with correct traffic
rounds() {
	vnode log "$1" | sed -n 's/.*round \([0-9]*\) is right.*/\1/p' | tail -n 1
}

more_rounds() {
	[ "$(rounds 1)" -gt "${more_1:-0}" ] && [ "$(rounds 2)" -gt "${more_2:-0}" ]
}

goes_on() {
	more_1=$(rounds 1) more_2=$(rounds 2)
	await more_rounds
}

# moved ID: how often its area in the first network was moved
moved() {
	for n in /sys/kernel/adeos/bridges/*; do
		if [ "$(cat "$n/name")" = Ethernet ] && [ "$(cat "$n/scope")" = "$1" ]; then
			cat "$n/moves"
		fi
	done 2>/dev/null
}

all_moved() {
	[ "$(moved 0)" -ge 1 ] && [ "$(moved 1)" -ge 1 ] && [ "$(moved 2)" -ge 1 ] &&
		[ $(($(moved 0) + $(moved 1) + $(moved 2))) -ge 6 ]
}

ok 'traffic goes on' goes_on
n=0
until all_moved || [ $n -ge "$1" ]; do
	# The largest possible size, so nearly everything in the way is moved.
	for kib in 24576 12288 6144; do
		echo $kib >$big 2>/dev/null
	done
	modprobe -r adeos_mover
	checkerboard
	n=$((n + 1))
done
diag "after $n times: the root's area was moved $(moved 0) times, $(moved 1) and $(moved 2) those of the vnodes"
diag "$(dmesg | grep -c 'adeos: moved') times room was made, $(cat /sys/kernel/adeos/memory/moves_refused) bridges stayed"
ok 'all areas were moved' all_moved
for id in 0 1 2; do
	diag "vnode $id: $(cat /sys/kernel/adeos/vnodes/$id/bridges_frozen) freezes, $(cat \
		/sys/kernel/adeos/vnodes/$id/bridges_frozen_us_max) us the longest"
done
ok 'traffic still goes on' goes_on
for id in 1 2; do
	no_splat $id "all of vnode $id's traffic was right" 'is wrong'
done
is "$(ethtool -S vnet0 | sed -n 's/^ *.*rx_bad: //p' | awk '{ n += $1 } END { print n }')" 0 'the root got no nonsense'
ok 'the second network is there, too' await ping -c 1 -W 5 -q 10.1.0.101
ok 'one of whose interfaces went down and up' await_log 2 'down and up [1-9]'
kill $server
for id in 1 2; do
	vnode kill $id
done
modprobe -r adeos_mover
modprobe -r vnet
restored "$before" 'all memory is back'
