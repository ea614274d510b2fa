# shellcheck shell=sh
# bridge-device.sh [PROCESSES ROUNDS [FULL]]: /dev/bridge in the root and two vnodes.
# FULL: the machine's bridges are used up, too, which takes long.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

adeos=/sys/kernel/adeos
PATH=$PATH:/usr/libexec/adeos

# run ID COMMAND: runs it in a vnode
run() {
	bridge-check run "$1" "$2"
}
# await FILE REGEX: waits in the vnode until a line matches
await_there='await() { t=0; until grep -qE -e "$2" "$1"; do t=$((t + 1)); [ $t -lt 3000 ] || return 1; sleep 0.1; done; }'
# there ID NAME REGEX COMMAND: starts it in a vnode with its output in
# /tmp/NAME, and waits for a line of it
there() {
	run "$1" "$await_there; $4 >/tmp/$2 2>&1 & echo \$! >/tmp/$2.pid; await /tmp/$2 '$3'"
}
# here NAME REGEX COMMAND…: likewise
here() {
	here_name=$1 here_regex=$2
	shift 2
	"$@" >"/tmp/$here_name" 2>&1 &
	echo $! >"/tmp/$here_name.pid"
	await grep -qE -e "$here_regex" "/tmp/$here_name"
}
# end NAME: ends what "here" has started, and prints what it said
end() {
	kill "$(cat "/tmp/$1.pid")"
	await grep -q '^errors' "/tmp/$1"
	cat "/tmp/$1"
}
# end_there ID NAME: likewise, prints the rest of its output
end_there() {
	run "$1" "$await_there; kill \$(cat /tmp/$2.pid); await /tmp/$2 ^errors; cat /tmp/$2"
}
bridges() {
	vnode bridge list | grep '^@' | grep -v '^@agent'
}
no_bridges() {
	! bridges
}

refuses 1 'x: No such device$' 'without the module there is no device' bridge-check use 0 0 x
refuses 1 'x: No such device$' 'which nobody waits for' timeout 60 bridge-pingpong x 1 0
ok 'the module' modprobe vbridge
before=$(pools)
node 1 1,2 64M 'cmdline = lab.run="modprobe vbridge; /usr/libexec/adeos/bridge-check agent"'
node 2 3 64M 'cmdline = lab.run="modprobe vbridge; /usr/libexec/adeos/bridge-check agent"'
# Without vnodes, the rest would only wait
ok 'two vnodes' vnode start --timeout 300 node1 node2 || return
for id in 1 2; do
	ok "vnode $id is ready" await_log $id 'agent is ready'
done
is "$(run 1 'cat /proc/sys/kernel/hostname; exit 7' || echo $?)" "vnode1
7" 'programs of two vnodes talk over a bridge'

# Errors
bridge-check errors
is $? 0 'all of that'
bridge-check make secret 4096 4 600 >/dev/null
bridge-check make public 4096 4 644 >/dev/null
bridge-check as 1000 bridge-check errors user
is $? 0 'all of that'
ok 'bridges that were kept stay until the module goes' modprobe -r vbridge
ok 'no bridge is left' await no_bridges
ok 'the module again' modprobe vbridge

# All users together
for id in 1001 1002 1003 1004; do
	ok "user $id makes bridges" here fill$id made bridge-check as $id bridge-check fill $id-
done
is "$(cd /tmp && cat fill1001 fill1002 fill1003 fill1004)" 'made 16: Disk quota exceeded
made 16: Disk quota exceeded
made 16: Disk quota exceeded
made 0: Disk quota exceeded' '48 bridges are all that users get'
ok 'and root some more' here more made bridge-check make more 1
kill $(cat /tmp/fill100?.pid /tmp/more.pid)
ok 'all are gone' await no_bridges
echo 8192 >/sys/module/vbridge/parameters/max_kib_all
ok 'users may have 8 MiB' here half made bridge-check as 1001 bridge-check make half $((4 << 20))
refuses 1 'half2: Disk quota exceeded$' 'all together' timeout 60 bridge-check as 1002 bridge-check make half2 $(((4 << 20) + 1))
ok 'and no less' here half2 made bridge-check as 1002 bridge-check make half2 $((4 << 20))
kill $(cat /tmp/half.pid /tmp/half2.pid)
ok 'both are gone' await no_bridges
echo 98304 >/sys/module/vbridge/parameters/max_kib_all

refuses 1 'agent: Permission denied$' "a user of the root is no user of vnode 1's bridge" \
	bridge-check as 1000 bridge-check run 1 true
ok 'vnode 1 makes bridges' there 1 ro made 'bridge-check make ro 4096 2'
ok 'with several rights' there 1 two made 'bridge-check make two 4096 0 666 4'
refuses 1 'ro: Read-only file system$' 'one that others may only read' bridge-check use 0 1 ro
refuses 1 'two: Permission denied$' "one that is not for the root's programs" bridge-check use 0 1 two
ok 'but for those of vnode 2' there 2 usetwo using 'bridge-check use 2 1 two'
like "$(end_there 2 usetwo)" 'errors 0, several' 'which use it'
run 1 'kill $(cat /tmp/ro.pid /tmp/two.pid)'

# The mode bits of a group, here and in another vnode
ok "a bridge for its group only" here grouped made bridge-check as 1001:2000 bridge-check make grouped 4096 0 060
for who in 1001:2000 1002 1002:2001:2002; do
	refuses 1 'grouped: Permission denied$' "not for $who" bridge-check as $who bridge-check use 0 0 grouped
done
slot=0
for who in 1002:2000 1002:2001:2000; do
	ok "but for $who" here group using bridge-check as $who bridge-check use $slot 0 grouped
	like "$(end group)" 'errors 0, several' 'who can write to it'
	slot=$((slot + 1))
	ok "and in vnode 1" there 1 group using "bridge-check as $who bridge-check use $slot 0 grouped"
	like "$(end_there 1 group)" 'errors 0, several' 'likewise'
	slot=$((slot + 1))
done
kill "$(cat /tmp/grouped.pid)"

# Eventfds
ok 'vnode 1 waits for an eventfd' there 1 event listening 'bridge-check event event'
ok 'the root rings' bridge-check ring 1 event
like "$(run 1 "$await_there; await /tmp/event rings; cat /tmp/event")" '^1 signals, 1 rings$' 'which signals it'
ok 'the root waits for one' here event listening bridge-check event event
ok 'vnode 2 rings' run 2 'bridge-check ring 0 event'
ok 'which signals it, too' await grep -qx '1 signals, 1 rings' /tmp/event

# First pages, all damaged except the last one
ok 'first pages that are damaged' modprobe adeos_vbridge_head
for i in 0 1 2 3 4 5 6 7 8; do
	run 1 "bridge-check use 1 0 head$i 2>&1"
done >/tmp/heads
is "$(grep -c 'head[0-9]: Protocol error$' /tmp/heads)" 9 'are refused by vnode 1' || diag "$(cat /tmp/heads)"
is "$(bridge-check use 0 0 head0 2>&1)" 'bridge-check: head0: Protocol error' 'and by the root itself'
ok 'one that is not' there 1 head using 'bridge-check use 1 0 head9'
like "$(end_there 1 head)" 'errors 0, several' 'can be used'
ok 'they go' modprobe -r adeos_vbridge_head

# A root that does not answer
shared=$(vnode memory | awk '$4 == "shared" { print $1 }')
for i in 1 2 3 4 5 6 7 8; do
	there 1 closed$i made "bridge-check make closed$i 1"
done
ok 'the root has heard of later requests of vnode 1' run 1 "modprobe adeos_unheard shared=$shared places=16"
# Requests that are under way, or wait for their turn
ok 'so it drops the next ones' run 1 '
for i in 01 02 03 04 05 06 07 08 09 10 11 12 13 14; do
	bridge-check make unheard$i 1 4 >/tmp/unheard$i 2>&1 &
	pids="$pids $!"
done
for pid in $pids; do
	while grep -q "^State:.[RS]" /proc/$pid/status; do sleep 0.1; done
done
kill $(cat /tmp/closed*.pid)'
is "$(run 1 "$await_there"'; for i in /tmp/unheard*; do await $i .; done; sed "s/.*: //" /tmp/unheard* | sort | uniq -c' |
	sed 's/^ *//')" '12 Connection timed out
2 made' 'which time out, and hears those that had to wait'
closed_bridges() {
	bridges | grep '^@closed'
}
none_closed() {
	! closed_bridges
}
ok 'what was closed meanwhile is gone' await none_closed
run 1 'for i in $(grep -l made /tmp/unheard*); do bridge-check end ${i#/tmp/}; done'
ok 'and so is the rest' await no_bridges
there 1 orphan made 'bridge-check make orphan 1'
ok "the root's heart seems to stand still" run 1 "modprobe -r adeos_unheard; modprobe adeos_unheard shared=$shared beat=1"
ok 'after a while, it is down' run 1 'n=0; until bridge-check make down 1 4 2>&1 | grep "Host is down"; do n=$((n + 1)); [ $n -lt 120 ] || exit 1; sleep 1; done'
ok 'what is open works on' run 2 true
run 1 'pid=$(cat /tmp/orphan.pid); kill -9 $pid; while grep -q "^State:.[^Z]" /proc/$pid/status; do sleep 0.1; done'
like "$(bridges)" '^@orphan ' 'what is closed stays'
ok 'its heart beats again' run 1 'modprobe -r adeos_unheard'
ok 'and it answers' run 1 'n=0; until bridge-check make up 1 4; do n=$((n + 1)); [ $n -lt 600 ] || exit 1; sleep 0.1; done'
ok 'what was kept meanwhile is destroyed' run 1 'for n in down up; do bridge-check end $n || exit; done'
ok 'no bridge is left, nor what was closed' await no_bridges

# Ping-pong
ok 'ping-pong: vnode 1 waits' there 1 pp waiting 'bridge-pingpong pp 500'
like "$(bridge-pingpong pp 500 1)" '^500 rounds' 'with the root'
ok 'vnode 1 waits' there 1 pp2 waiting 'bridge-pingpong pp2 500'
like "$(run 2 'bridge-pingpong pp2 500 1')" '^500 rounds' 'with vnode 2'
diag "$(run 1 'cat /tmp/pp /tmp/pp2' | grep us)"

# The shared library, with Debian's C library
cp /mnt/host/lib/* /lib/
/mnt/host/bridge-check errors >/tmp/shared 2>&1
is "$? $(grep -c '^not ok' /tmp/shared)" '0 0' 'the errors, with the shared library' || diag "$(cat /tmp/shared)"
[ "$(grep -c '^ok' /tmp/shared)" -gt 60 ]
ok 'as many as with the static one' [ $? -eq 0 ]
ok 'vnode 1 waits' there 1 pp3 waiting 'bridge-pingpong pp3 500'
like "$(/mnt/host/bridge-pingpong pp3 500 1)" '^500 rounds' 'ping-pong with the shared library'

# Programs that die
ok 'vnode 1 makes a bridge' there 1 a made 'bridge-check make a 65536'
ok 'the root uses it' here a using bridge-check use 0 1 a
ok 'and vnode 2' there 2 a using 'bridge-check use 2 1 a'
kill -9 "$(cat /tmp/a.pid)"
run 1 'kill -9 $(cat /tmp/a.pid)'
ok "its maker is killed: vnode 2's program gets SIGBUS" run 2 "$await_there; await /tmp/a 'sigbus a'"
like "$(run 2 "$await_there; await /tmp/a ^errors; cat /tmp/a")" 'errors 0, several' 'and had no other error until then'
ok 'it is gone' await no_bridges

# Moves
ok 'bridges until there is no room' here board using bridge-check board b 1044480 60
like "$(cat /tmp/board)" '^made [0-9]*: (Cannot allocate memory|Out of memory)' 'for one more'
made=$(sed -n 's/^made \([0-9]*\).*/\1/p' /tmp/board)
list=$(i=0; while [ $i -lt "$made" ]; do printf ' b%s' $i; i=$((i + 2)); done)
ok "vnode 1's programs use every other one, too" there 1 board using "bridge-check use 2 0$list"
diag "$(grep . /tmp/board) free $(cat $adeos/memory/free) largest $(cat $adeos/memory/largest)"
[ "$(cat $adeos/memory/largest)" -lt $((8 << 20)) ] && [ "$(cat $adeos/memory/free)" -gt $((12 << 20)) ]
ok 'there is room for a large one, but not in one piece' [ $? -eq 0 ]
ok 'it is made' here big made bridge-check make big $((8 << 20))
diag "$(dmesg | grep 'adeos: moved')"
[ "$(cat $adeos/memory/moves)" -gt 0 ]
ok 'and others were moved' [ $? -eq 0 ]
like "$(end board)" 'errors 0, several' 'the root found what it had written'
like "$(end_there 1 board)" 'errors 0, several' 'and so did vnode 1'
unlike "$(run 1 'cat /tmp/board')" 'word' 'until the last one was gone'
kill "$(cat /tmp/big.pid)"
ok 'all are gone' await no_bridges

# All at once
for id in 1 2; do
	run $id "bridge-check stress ${1:-6} ${2:-40} 3 >/tmp/stress 2>&1 &"
done
like "$(bridge-check stress "${1:-6}" "${2:-40}" 3 2>&1 | tee /tmp/stress)" ', errors 0$' 'the root under stress'
for id in 1 2; do
	like "$(run $id "$await_there; await /tmp/stress 'processes, errors'; cat /tmp/stress")" ', errors 0$' "and vnode $id"
done
diag "$(cat /tmp/stress) $(run 1 'cat /tmp/stress')"
ok 'all that they made is gone' await no_bridges

# All bridges that the machine can have: 64 of each vnode. They are global, and the root
# holds them, so they stay when the vnode dies.
fill_all() {
	n=0
	while [ $n -lt 20 ]; do
		there 2 fill made "bridge-check fill f$n-" || return
		full=$(run 2 'cat /tmp/fill')
		made=${full#made } made=${made%%:*}
		here hold$n holding bridge-check hold f$n- "$made" || return
		diag "$full"
		[ "${full#*: }" = 'Too many open files' ] || break
		vnode kill 2 || return
		vnode start --timeout 300 node2 || return
		await_log 2 'agent is ready' || return
		n=$((n + 1))
	done
	echo "$full" >/tmp/full
	kill $(cat /tmp/hold*.pid)
}
if [ "${3:-}" ]; then
	fill_all
	is "$(sed 's/.*: //' /tmp/full)" 'Too many open files in system' "the machine's 1024 bridges"
	run 2 'kill $(cat /tmp/fill.pid)'
	ok 'all are gone' await no_bridges
fi

# A vnode dies
ok 'vnode 2 makes a bridge' there 2 v made 'bridge-check make v 65536'
ok 'and a global one' there 2 w made 'bridge-check make w 65536 1'
ok 'the root uses it' here v using bridge-check use 0 2 v
ok 'and the global one' here w using bridge-check use 0 -1 w
ok 'and vnode 1' there 1 v using 'bridge-check use 1 2 v'
ok 'vnode 2 is killed' vnode kill 2
ok "the root's program gets SIGBUS" await grep -q 'sigbus v' /tmp/v
ok 'and ends' await grep -q ^errors /tmp/v
like "$(cat /tmp/v)" 'errors 0, several' 'it had no other error'
like "$(run 1 "$await_there; await /tmp/v ^errors; cat /tmp/v")" 'sigbus v' "likewise vnode 1's"
like "$(vnode bridge list)" '^@w +global +' 'the global one is there as long as it is used'
like "$(end w)" 'errors 0, several' 'and holds what was written'
ok 'then it is gone' await no_bridges

no_splat 1 'vnode 1 has nothing to complain about'
ok 'vnode 1 is killed' vnode kill 1
restored "$before" 'all memory is back'
is "$(vnode bridge list | grep -c '^@')" 0 'no bridge is left'
ok 'the module goes' modprobe -r vbridge
