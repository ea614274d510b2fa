# shellcheck shell=sh
# How a vnode can end: by a panic, by itself, by a stop, by a kill; and that this does not
# affect others.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

before=$(pools)
node 1 1 64M 'cmdline = lab.run="echo c > /proc/sysrq-trigger"'
node 2 2 64M 'cmdline = lab.run="nproc"'
ok 'the sibling starts' vnode start node2
await_log 2 'lab: exit 0'
vnode start --timeout 0 node1
ok 'a vnode that panics becomes crashed' vnode wait 1 --state crashed --timeout 120
like "$(vnode log 1 | tail -n 1)" 'end Kernel panic - not syncing: sysrq triggered crash' 'its log ends with the panic'
is "$(state 2)" running 'its sibling goes on'
ok 'and its heart beats' await_beat 2

node 1 1 64M 'cmdline = lab.run="nproc"'
ok 'it starts again' vnode start node1
ok 'and reaches user space' await_log 1 'lab: exit 0'
unlike "$(vnode log 1)" panic 'with a new log'

ok 'orderly stop' vnode stop 1
is "$(state 1)" stopped 'it is stopped'
like "$(vnode log 1)" 'reboot: Power down' 'it shut itself down'
ended='it has ended, and only "vnode start" starts it again'
refuses 1 "^vnode: node1: is stopped, expected running: $ended\$" 'nobody waits for it to run' \
	vnode wait 1 --state running

node 1 1 64M 'cmdline = lab.run="poweroff -f"'
vnode start --timeout 0 node1
ok 'a vnode that powers itself off becomes stopped' vnode wait 1 --state stopped --timeout 120
node 1 1,3 64M 'cmdline = lab.run="reboot -f"'
vnode start --timeout 0 node1
ok 'a vnode that reboots becomes stopped' vnode wait 1 --state stopped --timeout 120
like "$(vnode log 1)" 'reboot: Restarting system' 'by its own doing'
node 1 1,3 64M 'cmdline = lab.run="halt -f"'
vnode start --timeout 0 node1
ok 'a vnode that halts becomes stopped' vnode wait 1 --state stopped --timeout 120

# A panic on a CPU that is not the first one, with the others busy
node 1 1,3 64M 'cmdline = lab.run="while :; do :; done & taskset 2 sh -c \"echo c > /proc/sysrq-trigger\""'
sed -i 's/\\"/'"'"'/g' $conf/node1.conf
vnode start --timeout 0 node1
ok 'a panic on another CPU' vnode wait 1 --state crashed --timeout 120
node 1 1 64M 'cmdline = panic=5 lab.run="echo c > /proc/sysrq-trigger"'
vnode start --timeout 0 node1
ok 'a panic with panic=5' vnode wait 1 --state crashed --timeout 120

# The kernel's own crash tests
crash() {
	node 1 1 64M "cmdline = lab.run=\"echo $1 > /sys/kernel/debug/provoke-crash/DIRECT\" ${2-}"
	vnode start --timeout 0 node1
}
crash EXCEPTION oops=panic
ok 'an oops with panic_on_oops' vnode wait 1 --state crashed --timeout 120
crash HARDLOCKUP
ok 'a CPU that is stuck with interrupts off: hung' vnode wait 1 --state hung --timeout 300
refuses 1 'node1|hung|running' 'it cannot be started again' vnode start node1
ok 'but killed' vnode kill 1
is "$(state 1)" stopped 'it is stopped then'

# A kernel that does not come up
node 1 1 64M 'cmdline = rdinit=/nothing init=/nothing root=/dev/nothing'
vnode start --timeout 0 node1
ok 'a vnode without a root file system' vnode wait 1 --state crashed --timeout 120
like "$(vnode log 1)" 'Kernel panic' 'its log tells why'

# Restart policies
node 1 1 64M 'cmdline = lab.run="sleep 2; echo c > /proc/sysrq-trigger"' 'restart = on-failure'
# loaded NUMBER: it was loaded so often
loaded() {
	[ "$(dmesg | grep -c 'vnode 1: loading')" -ge "$1" ]
}
loads=$(dmesg | grep -c 'vnode 1: loading')
ok 'a vnode that shall be restarted on failure' vnode start node1
ok 'is started again when it crashed' await loaded $((loads + 2))
ok 'which can be waited for' vnode wait 1 --state running --timeout 300
ok 'again and again' vnode wait 1 --state loading --timeout 300
# It may just be between two lives
until vnode kill 1 2>/dev/null; do :; done
is "$(state 1)" stopped 'and not when it was killed'

# The root gives a vnode up that does not come up in three boots.
node 1 1 64M 'cmdline = lkdtm.cpoint_name=DIRECT lkdtm.cpoint_type=PANIC' 'restart = always'
boots=$(dmesg | grep -c 'vnode 1: crashed')
vnode start --timeout 0 node1
tries=0
until dmesg | grep -q 'vnode 1 is not restarted: it does not come up'; do
	tries=$((tries + 1))
	[ $tries -lt 600 ] || break
	sleep 0.2
done
is "$(($(dmesg | grep -c 'vnode 1: crashed') - boots))" 3 'one that does not come up is given up after three boots'
is "$(state 1)" crashed 'it is crashed'
refuses 1 "^vnode: node1: is crashed, expected running: $ended\$" 'nobody waits for it to run' \
	vnode wait 1 --state running

node 1 1 64M 'restart = always'
ok 'vnode restart starts one again' sh -c 'vnode start node1 && vnode restart 1'
is "$(state 1)" running 'it runs'
ok 'stop' vnode stop 1 2
sleep 2
is "$(state 1)" stopped 'one that was told to stop is not restarted'
restored "$before" 'the pools are as before'

# Force
node 1 1 64M 'cmdline = lab.run="echo /bin/true > /proc/sys/kernel/poweroff_cmd"'
ok 'a vnode that does not shut down' vnode start node1
await_log 1 'lab: exit 0'
like "$(vnode stop --timeout 3 1 2>&1)" 'killing it' 'is stopped by force, which is said'
is "$(state 1)" stopped 'it is stopped'
unlike "$(vnode log 1)" 'Power down' 'it did not do that itself'
restored "$before" 'the pools are as before'
