#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# How long a kernel takes from its first instruction to user space, by its own
# clock, and how long "vnode start" takes until vnodes run, by the root's.
set -eu

lab=$(dirname -- "$(cd -- "$(dirname -- "$0")" && pwd -P)")/tools/lab
to_init='s/^\[ *\([0-9.]*\)\] Run \/init.*/\1/p'

row() {
	printf '%s\t%s\tseconds\n' "$1" "$2"
}

row 'plain kernel, 1 CPU, to user space' "$("$lab" exec --plain --cpus 1 -- dmesg </dev/null | sed -n "$to_init")"
# shellcheck disable=SC2016 # for another shell
"$lab" exec --cpus 4 -- sh -c '
	uptime() { cut -d " " -f 1 /proc/uptime; }
	mkdir /tmp/conf
	export VNODE_CONF_DIR=/tmp/conf
	for id in 1 2 3; do
		sed "s/^id.*/id = $id/; s/^cpus.*/cpus = $id/; s/^cmdline.*//" /etc/vnode/node1.conf >/tmp/conf/n$id.conf
	done
	a=$(uptime); vnode start n1; b=$(uptime)
	until vnode log 1 | grep -q "Run /init"; do sleep 0.1; done
	vnode log 1
	vnode kill 1
	c=$(uptime); vnode start n1 n2 n3; d=$(uptime)
	echo "one $a $b"
	echo "three $c $d"' </dev/null | awk '
	/Run \/init/ { sub(/^\[ */, ""); sub(/\].*/, ""); printf "vnode, 1 CPU, to user space\t%s\tseconds\n", $0 }
	/^one / { printf "vnode start, one vnode\t%.2f\tseconds\n", $3 - $2 }
	/^three / { printf "vnode start, three vnodes\t%.2f\tseconds\n", $3 - $2 }'
