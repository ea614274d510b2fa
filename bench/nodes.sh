#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# nodes.sh [N], or "tools/lab bench net --nodes N": 2, 4, … up to N (8) vnodes of one
# CPU each, every one with a TCP stream to every other at once: the throughput of all
# together, in time and, with --icount, in instructions.  With more vnodes than the host has
# CPUs, the time for a MiB cannot fall; the goal is the host's share of the time of two.
# For comparison, without a goal, as many network namespaces of one plain kernel, a CPU
# each, on a Linux bridge.  The better of two boots.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
lab=$(dirname -- "$bench")/tools/lab
max=${1:-8}
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
gcc -m32 -static -O2 -Wall -Wextra -D_FILE_OFFSET_BITS=64 -o "$share/net" "$bench/net.c"

# nodes N SECONDS: us for a MiB, of all of them together, until the last has ended
cat >"$share/nodes" <<'GUEST'
set -e
nodes=$1 seconds=$2
mkdir -p /tmp/conf /tmp/extra/lab
cp /mnt/host/net /tmp/extra/lab/
cat >/tmp/extra/lab/serve <<'NODE'
modprobe vcon
vnode agent </dev/null &
modprobe vnet
ip addr add 10.9.0.$(sed -n 's/.*vnode=\([0-9]*\).*/\1/p' /proc/cmdline)/24 dev vnet0
ip link set vnet0 up
/lab/net serve
NODE
(cd /tmp/extra && find . | cpio -o -H newc 2>/dev/null) >/tmp/extra.cpio
cat /tmp/extra.cpio /boot/initrd.img >/tmp/initrd.img
export VNODE_CONF_DIR=/tmp/conf
modprobe vcon
ids=$(seq "$nodes")
names=
for id in $ids; do
	printf '[vnode]\nid = %s\ncpus = %s\nmemory = 96M\nkernel = /boot/vmlinuz\ninitrd = /tmp/initrd.img\ncmdline = lab.run="sh /lab/serve"\n' \
		"$id" "$id" >/tmp/conf/n"$id".conf
	names="$names n$id"
done
vnode start --timeout 600 $names >&2
for id in $ids; do
	until vnode log "$id" | grep -q 'net: ready'; do sleep 0.2; done
	addresses="${addresses-} 10.9.0.$id"
done
start=$(($(date +%s) + 10))
for id in $ids; do
	others=$(echo "$addresses " | sed "s/ 10\.9\.0\.$id / /")
	vnode exec "$id" -- /lab/net all $start "$seconds" $others >/tmp/rate"$id" &
	running="${running-} $!"
done
for pid in $running; do
	wait "$pid"
done
. /mnt/host/sum
GUEST

# spaces N SECONDS: the same for network namespaces
cat >"$share/spaces" <<'GUEST'
set -e
ids=$(seq "$1")
modprobe veth
ip link add br0 type bridge
ip link set br0 up
# All pairs first: a name is free again when its interface is in another namespace.
for id in $ids; do
	ip link add type veth
done
for id in $ids; do
	others=$(for to in $ids; do [ "$to" = "$id" ] || echo 10.9.0."$to"; done)
	port=veth$((2 * id - 2)) node=veth$((2 * id - 1))
	ip link set "$port" master br0
	ip link set "$port" up
	unshare -n taskset "$(printf '%x' $((1 << id)))" sh -c "until ip link set $node up 2>/dev/null; do sleep 0.1; done
		ip addr add 10.9.0.$id/24 dev $node
		/mnt/host/net serve >/tmp/ready$id &
		until [ -e /tmp/start ]; do sleep 0.1; done
		/mnt/host/net all \$(cat /tmp/start) $2 $(echo $others) >/tmp/rate$id" &
	running="${running-} $!"
	until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
	ip link set "$node" netns $!
done
for id in $ids; do
	until grep -q ready /tmp/ready"$id" 2>/dev/null; do sleep 0.1; done
done
echo $(($(date +%s) + 10)) >/tmp/new
mv /tmp/new /tmp/start
for pid in $running; do
	wait "$pid"
done
. /mnt/host/sum
GUEST

# Of all rates: us for a MiB
cat >"$share/sum" <<'GUEST'
for id in $ids; do
	cat /tmp/rate"$id"
done | awk -v n="$(echo $ids | wc -w)" '
	{ sum += $1; if ($2 > last) last = $2 }
	END { if (NR == n) printf "%d %.1f\n", n, last * 1e6 * 1048576 / sum }'
GUEST

run() {
	"$lab" exec "$@" </dev/null
}

"$lab" exec --plain -- true </dev/null
"$lab" exec -- true </dev/null
numbers=
n=2
while [ $n -lt "$max" ]; do
	numbers="$numbers $n"
	n=$((n * 2))
done
numbers="$numbers $max"
for n in $numbers; do
	set -- --cpus $((n + 1)) --memory $((n * 110 + 512))M --timeout 900 --share "$share" -- sh
	for _ in 1 2; do
		run "$@" /mnt/host/nodes "$n" 5 | sed 's/^/time /'
		run --plain "$@" /mnt/host/spaces "$n" 5 | sed 's/^/plain /'
	done
	run --icount "$@" /mnt/host/nodes "$n" 2 | sed 's/^/work /'
done >"$share/results"
awk -v numbers="$numbers" -v cores="$(nproc)" '
	{ key = $1 " " $2 }
	!(key in best) || $3 < best[key] { best[key] = $3 }
	function value(kind, n) {
		return (kind " " n) in best ? best[kind " " n] : "none"
	}
	function least(a, b) {
		return a < b ? a : b
	}
	END {
		last = split(numbers, number, " ")
		for (i = 1; i <= last; i++) {
			n = number[i]
			printf "%d vnodes\t%s\tus/MiB\t%s\t%s\n", n, value("time", n),
				value("time", 2) * least(2, cores) / least(n, cores), "1.0"
		}
		for (i = 1; (n = number[i]); i++)
			printf "%d namespaces\t%s\tus/MiB\t%s\t\n", n, value("plain", n), value("plain", 2)
		for (i = 1; (n = number[i]); i++)
			printf "%d vnodes, work\t%s\t1000 instr./MiB\t%s\t\n", n, value("work", n), value("work", 2)
	}' "$share/results"
