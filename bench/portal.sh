#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The time until a handler in another vnode has run and answered, against a waiting
# cross-call between two CPUs of one plain kernel: the best of three boots of each.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
top=$(dirname -- "$bench")
lab=$top/tools/lab
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT

"$lab" exec --plain -- true </dev/null
"$lab" exec -- true </dev/null
"$bench/modules" "$share" kernel kernel-plain

cat >"$share/call" <<'GUEST'
taskset 1 insmod /mnt/host/kernel-plain/bench_smpcall.ko
dmesg | sed -n 's/.*bench: \([a-z_]*\) \([0-9]*\) ns/\1 \2/p'
GUEST
cat >"$share/portal" <<'GUEST'
set -e
mkdir -p /tmp/conf
printf '[vnode]\nid = 1\ncpus = 1\nmemory = 96M\nkernel = /boot/vmlinuz\ninitrd = /boot/initrd.img\ncmdline = lab.run="modprobe adeos_peer; sleep 1000"\n' >/tmp/conf/peer.conf
VNODE_CONF_DIR=/tmp/conf vnode start peer
until vnode log 1 | grep -q 'peer is ready'; do sleep 0.1; done
insmod /mnt/host/kernel/bench_portal.ko
dmesg | sed -n 's/.*bench: \([a-z_]*\) \([0-9]*\) ns/\1 \2/p; s/.*bench: it was over/too early/p'
GUEST

: >"$share/results"
# shellcheck disable=SC2034 # three times, that is
for boot in 1 2 3; do
	"$lab" exec --plain --cpus 2 --share "$share" -- sh /mnt/host/call </dev/null >>"$share/results"
	"$lab" exec --cpus 2 --share "$share" -- sh /mnt/host/portal </dev/null >>"$share/results"
done
if grep -q early "$share/results"; then
	echo "bench: portal: the target was idle again before it was measured" >&2
	exit 1
fi
# Best of the boots: CASE<tab>VALUE<tab>UNIT[<tab>BASELINE<tab>GOAL]
awk '!($1 in best) || $2 < best[$1] { best[$1] = $2 }
	function line(what, name, base, goal) {
		printf "%s\t%s\tns\t%s%s\n", what, best[name] ? best[name] : "none", best[base], goal
	}
	END {
		line("answer in a bridge, target asleep", "echo_asleep", "call_asleep", "\t1.0")
		line("the same, target just idle", "echo_idle", "call_idle", "\t1.0")
		line("the same, target busy", "echo_busy", "call_busy", "\t1.0")
		line("the same, target stalled", "echo_stalled", "call_busy", "\t1.0")
		line("ringing back, target asleep", "ping_asleep", "call_asleep", "")
		line("the same, target just idle", "ping_idle", "call_idle", "")
		line("the same, target busy", "ping_busy", "call_busy", "")
		line("the same, target stalled", "ping_stalled", "call_busy", "")
	}' "$share/results"
