#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# To ring another vnode and be rung back, against a cross-call that waits, between
# two CPUs of one plain kernel: best of three boots of each.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
top=$(dirname -- "$bench")
lab=$top/tools/lab
build=${LAB_BUILD:-$top/build}
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT

"$lab" exec --plain -- true </dev/null
"$lab" exec -- true </dev/null
for kernel in kernel-plain kernel; do
	mkdir -p "$build/bench-kmod/$kernel/tests" "$share/$kernel"
	cp -R "$bench/kmod" "$build/bench-kmod/$kernel/"
	cp -R "$top/tests/kmod" "$build/bench-kmod/$kernel/tests/"
	# portal.c finds the tests' header where it is in the source
	mkdir -p "$build/bench-kmod/$kernel/bench"
	rm -rf "$build/bench-kmod/$kernel/bench/kmod"
	mv "$build/bench-kmod/$kernel/kmod" "$build/bench-kmod/$kernel/bench/"
	symbols=
	make -s --no-print-directory ARCH=i386 -C "$build/$kernel" M="$build/bench-kmod/$kernel/bench/kmod" \
		KBUILD_EXTRA_SYMBOLS="$symbols" modules >"$build/log/bench-kmod.log" 2>&1 ||
		{
			cat "$build/log/bench-kmod.log" >&2
			exit 1
		}
	cp "$build/bench-kmod/$kernel/bench/kmod/"*.ko "$share/$kernel/"
done

cat >"$share/call" <<'GUEST'
insmod "/mnt/host/$1/bench_smpcall.ko"
dmesg | sed -n 's/.*bench: call \([0-9]*\) ns/call \1/p'
GUEST
cat >"$share/portal" <<'GUEST'
set -e
mkdir -p /tmp/conf
printf '[vnode]\nid = 1\ncpus = 1\nmemory = 96M\nkernel = /boot/vmlinuz\ninitrd = /boot/initrd.img\ncmdline = lab.run="modprobe adeos_peer; sleep 1000"\n' >/tmp/conf/peer.conf
VNODE_CONF_DIR=/tmp/conf vnode start peer
until vnode log 1 | grep -q 'peer is ready'; do sleep 0.1; done
insmod /mnt/host/kernel/bench_portal.ko
dmesg | sed -n 's/.*bench: \(portal\|stalled\) \([0-9]*\) ns/\1 \2/p; s/.*bench: the stall was/too early/p'
GUEST

: >"$share/results"
# shellcheck disable=SC2034 # three times, that is
for boot in 1 2 3; do
	"$lab" exec --plain --cpus 2 --share "$share" -- sh /mnt/host/call kernel-plain </dev/null >>"$share/results"
	"$lab" exec --cpus 2 --share "$share" -- sh /mnt/host/portal </dev/null >>"$share/results"
done
if grep -q early "$share/results"; then
	echo "bench: portal: a stall was over before it was measured" >&2
	exit 1
fi
# Best of the boots: CASE<tab>VALUE<tab>UNIT[<tab>BASELINE<tab>GOAL]
awk '!($1 in best) || $2 < best[$1] { best[$1] = $2 }
	END {
		printf "portal round trip\t%s\tns\t%s\t1.0\n", best["portal"], best["call"]
		printf "the same, target stalled\t%s\tns\t%s\t1.0\n", best["stalled"], best["call"]
	}' "$share/results"
