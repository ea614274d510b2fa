# shellcheck shell=sh
# While the image of a vnode that is restarted cannot be read, all others get what they want.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

slow=/sys/module/adeos_slow/parameters
before=$(pools)

# loaded ID: how often it was
loaded() {
	dmesg | grep -c "vnode $1: loading"
}

loaded_since() {
	[ "$(loaded "$1")" -gt "$2" ]
}

# crash ID: which the command that does it does not survive
crash() {
	vnode exec --timeout 60 "$1" -- sh -c 'echo c >/proc/sysrq-trigger' >/dev/null 2>&1
}

is_held() {
	[ "$(cat $slow/waiting)" = 1 ]
}

ok 'a file that is read slowly' modprobe adeos_slow file=/boot/vmlinuz
mkdir /slow
ok '  in a file system' mount -t slow none /slow
node 1 1 64M 'restart = always'
sed -i 's,^kernel = .*,kernel = /slow/image,' $conf/node1.conf
node 2 2 64M 'restart = always'
ok 'two vnodes, one of them from there' vnode start --timeout 120 node1 node2

loads=$(loaded 2)
echo 1 >$slow/hold
crash 1
ok 'it crashes, and its image is not read yet' await is_held
is "$(cat /sys/kernel/adeos/vnodes/1/restarting)" 1 '  it is to be restarted'
like "$(timeout 60 vnode list)" '^1 +node1 +crashed ' 'the vnodes can be listed'
crash 2
ok 'the other one crashes, and is restarted' await loaded_since 2 "$loads"
ok '  it is up' vnode wait 2 --state running --timeout 120
ok '  and beats' await_beat 2
node 3 3 64M
ok 'a third one starts' timeout 120 vnode start --timeout 100 node3
ok '  stops' timeout 60 vnode stop 3
ok '  starts again' timeout 120 vnode start --timeout 100 node3
ok '  and is killed' timeout 60 vnode kill 3
ok 'the second one is restarted by order' timeout 120 vnode restart 2
ok '  and killed' timeout 60 vnode kill 2
ok 'all that time, the first one was not read' is_held
is "$(state 1)" crashed '  nor loaded'

echo 0 >$slow/hold
ok 'it is read, and restarted' vnode wait 1 --state running --timeout 120
ok 'it is killed' timeout 60 vnode kill 1
ok 'nobody uses its image any more' umount /slow
ok '  which can be removed' modprobe -r adeos_slow
restored "$before" 'the pools are as before'
