# shellcheck shell=sh
# A checkerboarded pool: room is made by moving bridges that vnodes use.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

adeos=/sys/kernel/adeos
errors() {
	cat /sys/module/adeos_mover/parameters/errors
}
rounds() {
	cat /sys/module/adeos_mover/parameters/rounds
}
had_rounds() {
	[ "$(rounds)" -ge "$1" ]
}
# rounds_go_on: the root's own user still uses its bridges
rounds_go_on() {
	await had_rounds $(($(rounds) + 3))
}
# frozen ID: how often bridges were frozen there, by its last message
frozen() {
	cat "$adeos/vnodes/$1/bridges_frozen"
}
was_frozen() {
	[ "$(frozen "$1")" -gt 0 ]
}
# of FILE VALUE: number of bridges whose FILE has VALUE
of() {
	grep -lx "$2" $adeos/bridges/*/"$1" 2>/dev/null | grep -c .
}

before=$(pools)
node 1 1 64M 'cmdline = lab.run="modprobe adeos_mover kib=1024; sleep 100000"'
node 2 2 64M 'cmdline = lab.run="modprobe adeos_mover kib=1024 peers=2 slow=1; sleep 100000"'
node 3 3 56M
ok 'vnode 1' vnode start --timeout 300 node1
ok 'has made its checkerboard' await_log 1 'mover is ready'
ok 'vnode 2' vnode start --timeout 300 node2
ok 'likewise, and uses those of vnode 1' await_log 2 'mover is ready: made [1-9].*, uses [3-9][0-9]'
ok 'the root fills the rest' modprobe adeos_mover peers=6 keep=3
like "$(dmesg)" 'mover: bridge [0-9]*: -12' 'until there is no room for one more'
largest=$(cat $adeos/memory/largest) free=$(cat $adeos/memory/free)
diag "free: $free in $(vnode memory | grep -c free) ranges, the largest $largest"
[ "$largest" -lt $((56 << 20)) ] && [ "$free" -gt $((66 << 20)) ]
ok 'there is room for a vnode, but not in one piece' [ $? -eq 0 ]
like "$(vnode memory)" 'bridge [0-9]* move-12$' 'vnode memory shows bridges'
like "$(vnode bridge list)" '^move-0 +1 +1 +0-2 +movable +live +1M +0x' 'vnode bridge list, too'
start=$(vnode bridge list | sed -n 's/^move-0 *1 .*0x//p')
refuses 1 "vnode: .*taken by bridge" 'a region where a bridge is' sh -c "
	sed 's/^memory.*/&\naddress = 0x$(printf %x $((0x$start / 4194304 * 4194304)))/' $conf/node3.conf >$conf/there.conf
	vnode start there"

ok 'a vnode starts that had no room' vnode start --timeout 300 node3
diag "$(dmesg | grep 'adeos: moved')"
like "$(dmesg)" 'adeos: moved [1-9][0-9]* bridges \([0-9]* KiB\) to make room for 57344 KiB$' 'the log tells what was moved'
[ "$(cat $adeos/memory/moves_refused)" -gt 0 ]
ok 'the bridge of a user that did not freeze stayed' [ $? -eq 0 ]
[ "$(cat $adeos/memory/moves)" -gt 0 ] && [ "$(cat $adeos/memory/moved)" -gt 0 ]
ok 'moves are counted' [ $? -eq 0 ]
for id in 1 2; do
	ok "bridges were frozen in vnode $id" await was_frozen $id
	diag "vnode $id: $(frozen $id) freezes, $(cat $adeos/vnodes/$id/bridges_frozen_us_max) us the longest, $(cat \
		$adeos/vnodes/$id/bridges_frozen_us) us in all"
done
diag "root: $(frozen 0) freezes, $(cat $adeos/vnodes/0/bridges_frozen_us_max) us the longest"
for n in "$adeos"/bridges/*; do
	[ "$(cat "$n/kind")" != pinned ] || [ "$(cat "$n/moves")" -eq 0 ] || echo "$n"
done >/tmp/pinned
is "$(cat /tmp/pinned)" '' 'none of those that are pinned was'
is "$(of state live)" "$(find $adeos/bridges -mindepth 1 -maxdepth 1 | grep -c .)" 'none is in motion any more'

ok 'a bridge that had no room' sh -c "echo 6144 >/sys/module/adeos_mover/parameters/big"
like "$(vnode bridge list)" '^big-0 +0 +0 .* 6M ' 'is there'
like "$(dmesg)" 'to make room for 6144 KiB$' 'and room was made for it'

ok 'the root still uses its bridges' rounds_go_on
is "$(errors)" 0 'and found what it wrote'
for id in 1 2; do
	no_splat $id "vnode $id found what it wrote" 'mover: (page|bridge .* cannot)'
done

# One of the users dies while bridges are moved.
moved=$(cat $adeos/memory/moves)
ok 'vnode 3 is killed' vnode kill 3
ok 'a larger one' sed -i 's/^memory.*/memory = 60M/' $conf/node3.conf
vnode start --timeout 300 node3 >/tmp/start.log 2>&1 &
starter=$!
tries=0
while [ "$(cat $adeos/memory/moves)" -eq "$moved" ] && kill -0 $starter 2>/dev/null && [ $tries -lt 3000 ]; do
	tries=$((tries + 1))
	sleep 0.01
done
ok 'vnode 2 is killed meanwhile' vnode kill 2
# Plans made before may be impossible; afterwards, there is more room.
if ! wait $starter; then
	like "$(cat /tmp/start.log)" 'memory: 60M wanted' 'it does not start for want of room'
	vnode start --timeout 300 node3 >/tmp/start.log 2>&1
fi
is "$(state 3)$(cat /tmp/start.log)" running 'it starts'
no_splat 1 'vnode 1 found what it wrote' 'mover: (page|bridge .* cannot)'
ok 'the root goes on' rounds_go_on
is "$(errors)" 0 'and found what it wrote'

ok 'vnode 3 is killed again' vnode kill 3
ok 'the root lets go' modprobe -r adeos_mover
ok 'vnode 1 is killed' vnode kill 1
restored "$before" 'all is back'
is "$(vnode bridge list | grep -c -v NAME)" 0 'no bridge is left'
