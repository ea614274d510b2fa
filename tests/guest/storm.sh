# shellcheck shell=sh
# Storms of interrupts in four vnodes of four CPUs at once: each vnode counts only
# interrupts that it has sent itself.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

vector=241	# 0xf1, which only the storm uses

# counted ID: interrupts of that vector
counted() {
	cut -d ' ' -f $((vector + 1)) "/sys/kernel/adeos/vnodes/$1/interrupts"
}

# sent ID: how many the vnode has sent, by its own message
sent() {
	if [ "$1" = 0 ]; then dmesg; else vnode log "$1"; fi | sed -n 's/.*adeos: storm: \([0-9]*\) sent.*/\1/p'
}

# plausible COUNTED SENT: some may have become one interrupt, but none comes from another vnode
plausible() {
	[ "$1" -gt 0 ] && [ "$1" -le "$2" ]
}

# settled ID: waits until its counters do not change any more
settled() {
	tries=0
	until old=$(counted "$1") && sleep 1 && [ "$(counted "$1")" = "$old" ]; do
		tries=$((tries + 1))
		[ $tries -lt 60 ] || return 1
	done
}

node 1 4-7 96M 'cmdline = lab.run="modprobe adeos_storm rounds=2000; sleep 100000"'
node 2 8-11 96M 'cmdline = lab.run="modprobe adeos_storm rounds=2000; echo c >/proc/sysrq-trigger"'
node 3 12-15 96M 'cmdline = lab.run="sleep 100000"'
vnode start --timeout 0 node1 node2 node3
modprobe adeos_storm rounds=2000
ok 'vnode 1 is through with its storm' await_log 1 'adeos: storm'
ok 'vnode 2 panics, right after its storm' vnode wait 2 --state crashed --timeout 300
ok 'vnode 3, which has none, is up' vnode wait 3 --state running --timeout 300
for id in 0 1; do
	ok "vnode $id has settled" settled $id
	ok "vnode $id has counted no more than it has sent" plausible "$(counted $id)" "$(sent $id)"
done
ok 'vnode 2, as far as it could still tell' test "$(counted 2)" -le "$(sent 2)"
is "$(counted 3)" 0 'vnode 3 has counted none'
is "$(state 1) $(state 3)" 'running running' 'vnodes 1 and 3 run on'
ok 'vnode 1 beats' await_beat 1
ok 'vnode 3 beats' await_beat 3
for id in 1 3; do
	no_splat $id "vnode $id has nothing to complain about"
done
