# shellcheck shell=sh
# bridge-user.sh: what users of /dev/bridge cannot do to others.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

adeos=/sys/kernel/adeos
PATH=$PATH:/usr/libexec/adeos
OPS=20

# run ID COMMAND: runs it in a vnode
run() {
	bridge-check run "$1" "$2"
}
await_there='await() { t=0; until grep -qE -e "$2" "$1"; do t=$((t + 1)); [ $t -lt 3000 ] || return 1; sleep 0.1; done; }'
# churns NAME COMMAND…: how many bridges vnode 1 makes while the root lists vnodes and
# memory $OPS times
churns() {
	name=$1
	shift
	run 1 "$await_there; $* >/tmp/$name 2>&1 & echo \$! >/tmp/$name.pid; await /tmp/$name churning" || return
	ops=0
	while [ $ops -lt $OPS ]; do
		vnode list >/dev/null && vnode memory >/dev/null || return
		ops=$((ops + 1))
	done
	run 1 "$await_there; kill \$(cat /tmp/$name.pid); await /tmp/$name ^errors; cat /tmp/$name" >"/tmp/$name"
	diag "$name: $(cat "/tmp/$name") while the root listed all $OPS times"
	sed -n 's/^errors 0, granted \([0-9]*\),.*/\1/p' "/tmp/$name"
}
# at_most LIMIT NUMBER NAME
at_most() {
	[ "${2:-none}" != none ] && [ "$2" -le "$1" ]
	ok "$3" [ $? -eq 0 ] || diag "$2, and at most $1 was expected"
}
bridges() {
	vnode bridge list | grep '^@' | grep -v '^@agent'
}
no_bridges() {
	! bridges
}

before=$(pools)
node 1 1,2 64M 'cmdline = lab.run="modprobe vbridge; /usr/libexec/adeos/bridge-check agent"'
ok 'the module' modprobe vbridge
ok 'a vnode' vnode start --timeout 300 node1 || return
ok 'is ready' await_log 1 'agent is ready'

# A loop of the largest bridges that a user may make
churns user 'bridge-check as 1000 bridge-check churn big $((32 << 20))' >/tmp/count
grep '^#' /tmp/count
user=$(grep -v '^#' /tmp/count)
at_most $OPS "$user" 'a user of a vnode makes no more large bridges than the root lists all that there is'
ok 'nothing is left of it' await no_bridges
# The same for the vnode's administrator, whom only the root can limit
churns admin 'bridge-check churn big $((32 << 20))' >/tmp/count
grep '^#' /tmp/count
admin=$(grep -v '^#' /tmp/count)
at_most $((4 * OPS)) "$admin" 'its administrator, not many times as often'
ok 'nothing is left of it' await no_bridges

# moves: how often the root has moved bridges
moves() {
	cat $adeos/memory/moves
}
# Every other bridge of a full pool is destroyed: there is room, but not in one piece.
bridge-check board b 1044480 60 >/tmp/board 2>&1 &
board=$!
ok 'the pool is a checkerboard' await grep -q using /tmp/board
diag "$(head -n 1 /tmp/board), free $(cat $adeos/memory/free), largest $(cat $adeos/memory/largest)"
moved=$(moves)
refuses 1 'big: Cannot allocate memory|big: Out of memory' 'nothing is moved for a user of the root' \
	timeout 120 bridge-check as 1000 bridge-check make big $((8 << 20))
like "$(run 1 "timeout 120 bridge-check as 1000 bridge-check make big $((8 << 20)) 2>&1")" \
	'big: (Cannot allocate|Out of) memory' 'nor for one of a vnode'
is "$(moves)" "$moved" 'indeed'
run 1 "$await_there; bridge-check make big $((8 << 20)) >/tmp/big 2>&1 & echo \$! >/tmp/big.pid; await /tmp/big ."
is "$(run 1 'cat /tmp/big')" made "but for a vnode's administrator"
[ "$(moves)" -gt "$moved" ]
ok 'something was' [ $? -eq 0 ]
run 1 'kill $(cat /tmp/big.pid)'
kill $board
wait $board
like "$(cat /tmp/board)" 'errors 0, several' 'and its user has lost nothing'
ok 'all are gone' await no_bridges

# The group
ok 'the module goes' modprobe -r vbridge
ok 'the module, for a group' modprobe vbridge gid=2000
is "$(stat -c '%a %u %g' /dev/bridge)" '660 0 2000' 'the device is that group'"'"'s'
refuses 1 'mine: Permission denied' 'others are refused' bridge-check as 1000 bridge-check make mine 1 4
ok 'its members are not' bridge-check as 1000:1000:2000 bridge-check make mine 1 4
ok 'the module goes' modprobe -r vbridge
ok 'the module, with a mode of its own' modprobe vbridge gid=2000 mode=0640
is "$(stat -c '%a %u %g' /dev/bridge)" '640 0 2000' 'which the device has'
ok 'the module goes' modprobe -r vbridge
ok 'the module as it was' modprobe vbridge
is "$(stat -c '%a %u %g' /dev/bridge)" '666 0 0' 'for everybody'

# console: the kind of vnode 1's bridge of that name; an earlier one may still be dying
console() {
	vnode bridge list | awk '$1 == "console" && $2 == 1 && $6 == "live" { print $5 }'
}
console_is() {
	[ "$(console)" = "$1" ]
}
ok "vnode 1's console" await console_is pinned
ok 'is replaced by one that may be moved' run 1 'modprobe adeos_vcon_movable'
is "$(console)" movable 'it may be'
ok 'the root looks at it' await sh -c 'dmesg | grep "vcon: vnode 1 has a console of another kind"'
is "$(for n in "$adeos"/bridges/*; do
	[ "$(cat "$n/name")/$(cat "$n/owner")/$(cat "$n/state")" != console/1/live ] || cat "$n/users"
done)" 1 'and does not use it'
ok 'it goes' run 1 'modprobe -r adeos_vcon_movable'
ok 'and the console comes back' await console_is pinned
is "$(vnode exec --timeout 120 1 -- echo alive)" alive 'and works'

no_splat 1 'vnode 1 has nothing to complain about'
ok 'vnode 1 is killed' vnode kill 1
restored "$before" 'all memory is back'
ok 'the module goes' modprobe -r vbridge
