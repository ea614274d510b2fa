#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The virtual Ethernet between two vnodes of one CPU each, against a veth pair
# between two network namespaces of one plain kernel on two CPUs, and against two
# plain machines of one CPU each whose network cards are joined: the best of three
# boots of each.  With --icount, in which a microsecond is 1000 instructions of any
# CPU, the first two once more.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
lab=$(dirname -- "$bench")/tools/lab
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
gcc -m32 -static -O2 -Wall -Wextra -D_FILE_OFFSET_BITS=64 -o "$share/net" "$bench/net.c"

# $1: how many seconds each; the names are those that the table is made of
cat >"$share/cases" <<'GUEST'
for streams in 1 4; do
	echo "stream $streams: $(/mnt/host/net stream 10.9.0.1 $streams "$1")"
done
echo "turn: $(/mnt/host/net turn 10.9.0.1 "$1")"
echo "frames: $(/mnt/host/net frames 10.9.0.1 "$1")"
GUEST

cat >"$share/veth" <<'GUEST'
set -e
modprobe veth
ip link add type veth
unshare -n sh -c 'until ip link set veth1 up 2>/dev/null; do sleep 0.1; done
	ip addr add 10.9.0.1/24 dev veth1; exec /mnt/host/net serve' &
until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
ip link set veth1 netns $!
ip addr add 10.9.0.2/24 dev veth0
ip link set veth0 up
. /mnt/host/cases
GUEST

cat >"$share/vnet" <<'GUEST'
set -e
mkdir -p /tmp/conf /tmp/extra/lab
cp /mnt/host/net /tmp/extra/lab/
cat >/tmp/extra/lab/serve <<'NODE'
modprobe vnet
ip addr add 10.9.0.1/24 dev vnet0
ip link set vnet0 up
/lab/net serve
NODE
(cd /tmp/extra && find . | cpio -o -H newc 2>/dev/null) >/tmp/extra.cpio
cat /tmp/extra.cpio /boot/initrd.img >/tmp/initrd.img
printf '[vnode]\nid = 1\ncpus = 1\nmemory = 128M\nkernel = /boot/vmlinuz\ninitrd = /tmp/initrd.img\ncmdline = lab.run="sh /lab/serve"\n' >/tmp/conf/server.conf
modprobe vnet
ip addr add 10.9.0.2/24 dev vnet0
ip link set vnet0 up
VNODE_CONF_DIR=/tmp/conf vnode start server
. /mnt/host/cases
GUEST

for side in 1 2; do
	cat >"$share/machine$side" <<GUEST
set -e
for card in /sys/class/net/*; do
	[ ! -e "\$card/device" ] || ip addr add 10.9.0.$side/24 dev "\${card##*/}"
	[ ! -e "\$card/device" ] || ip link set "\${card##*/}" up
done
GUEST
done
cat >>"$share/machine1" <<'GUEST'
/mnt/host/net serve &
: >/mnt/host/up
until [ -e /mnt/host/over ]; do sleep 0.2; done
GUEST
echo '. /mnt/host/cases' >>"$share/machine2"

machines() {
	rm -f "$share/over" "$share/up" "$share/socket"
	"$lab" exec --plain --cpus 1 --share "$share" --device virtio-net-pci,netdev=net \
		--netdev "stream,id=net,server=on,addr.type=unix,addr.path=$share/socket" \
		-- sh /mnt/host/machine1 </dev/null >&2 &
	first=$!
	until [ -e "$share/up" ] || ! kill -0 $first; do sleep 0.1; done
	"$lab" exec --plain --cpus 1 --share "$share" --device virtio-net-pci,netdev=net \
		--netdev "stream,id=net,server=off,addr.type=unix,addr.path=$share/socket" \
		-- sh /mnt/host/machine2 3 </dev/null || :
	: >"$share/over"
	wait $first
}

"$lab" exec --plain -- true </dev/null
"$lab" exec -- true </dev/null
# shellcheck disable=SC2034 # three times, that is
for boot in 1 2 3; do
	"$lab" exec --cpus 2 --share "$share" -- sh /mnt/host/vnet 3 </dev/null | sed 's/^/vnet /'
	"$lab" exec --plain --cpus 2 --share "$share" -- sh /mnt/host/veth 3 </dev/null | sed 's/^/veth /'
	machines | sed 's/^/machines /'
done >"$share/results"
{
	"$lab" exec --icount --cpus 2 --share "$share" -- sh /mnt/host/vnet 1 </dev/null | sed 's/^/vnet i/'
	"$lab" exec --plain --icount --cpus 2 --share "$share" -- sh /mnt/host/veth 1 </dev/null | sed 's/^/veth i/'
} >>"$share/results"
# Best of the boots: CASE<tab>VALUE<tab>UNIT<tab>BASELINE<tab>GOAL
awk -F ': ' '$2 > 0 && (!($1 in best) || $2 < best[$1]) { best[$1] = $2 + 0 }
	function value(name) {
		return name in best ? best[name] : "none"
	}
	function line(what, unit, case_, base, goal) {
		printf "%s\t%s\t%s\t%s\t%s\n", what, value("vnet " case_), unit, value(base " " case_), goal
	}
	END {
		line("TCP stream, to veth", "us/MiB", "stream 1", "veth", 1.0)
		line("the same, in instructions", "1000 instr./MiB", "istream 1", "veth", "")
		line("the same, to two machines", "us/MiB", "stream 1", "machines", 0.125)
		line("four streams, to veth", "us/MiB", "stream 4", "veth", 1.0)
		line("the same, in instructions", "1000 instr./MiB", "istream 4", "veth", "")
		line("the same, to two machines", "us/MiB", "stream 4", "machines", 0.125)
		line("TCP round trip, to veth", "us", "turn", "veth", 1.1)
		line("the same, in instructions", "1000 instr.", "iturn", "veth", "")
		line("the same, to two machines", "us", "turn", "machines", "")
		line("frame of 64 bytes, to veth", "ns", "frames", "veth", 1.0)
		line("the same, in instructions", "instr.", "iframes", "veth", "")
		line("the same, to two machines", "ns", "frames", "machines", "")
	}' "$share/results"
