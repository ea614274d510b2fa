#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The inter-vnode lock against Linux's own spinlock: alone, in instructions; and contended
# by 2 and 4 CPUs, in time.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
top=$(dirname -- "$bench")
lab=$top/tools/lab
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT

"$lab" exec -- true </dev/null
"$bench/modules" "$share" kernel

cat >"$share/lock" <<'GUEST'
set -e
for cpus; do
	insmod /mnt/host/kernel/bench_lock.ko "cpus=$cpus"
	rmmod bench_lock
done
dmesg | sed -n 's/.*bench: \(alone\|contended[0-9]*\) /\1 /p'
GUEST
"$lab" exec --icount --cpus 1 --share "$share" -- sh /mnt/host/lock 0 </dev/null >"$share/results"
"$lab" exec --timeout 600 --cpus 4 --root-cpus 0-3 --share "$share" -- sh /mnt/host/lock 2 4 </dev/null >>"$share/results"

# Alone: instructions of 1000 operations.  Contended: operations in a second.
awk '{ value[$1 " " $2] = $3 }
	function alone(name) {
		return value["alone " name] == "" ? "none" : value["alone " name] / 1000
	}
	function contended(cpus, name) {
		return value["contended" cpus " " name] + 0 ? 1e9 / value["contended" cpus " " name] : "none"
	}
	function line(what, unit, ours, linux, goal) {
		printf "%s\t%s\t%s\t%s%s\n", what, ours, unit, linux, goal
	}
	END {
		line("alone, raw_spin_lock()", "instructions", alone("adeos"), alone("raw"), "\t1.2")
		line("alone, raw_spin_lock_irqsave()", "instructions", alone("adeos_irq"), alone("raw_irq"), "\t1.2")
		line("alone, arch_spin_lock(), inline", "instructions", alone("adeos"), alone("arch"), "")
		for (cpus = 2; cpus <= 4; cpus += 2) {
			line(cpus " CPUs, raw_spin_lock()", "ns", contended(cpus, "adeos"), contended(cpus, "raw"), "\t1.2")
			line(cpus " CPUs, arch_spin_lock(), inline", "ns", contended(cpus, "adeos"), contended(cpus, "arch"), "")
		}
	}' "$share/results"
