# shellcheck shell=sh
# stress.sh NUMBER SECONDS: the root and a vnode under the load of stress-node.sh at
# once.  The share has stress.cpio, and place for an initrd.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

log=/run/vnode.log

# The vnode has no files but its initrd's; archives in it may follow each other.
cat stress.cpio >initrd.img
printf '%s\n' stress-node.sh stress-exclude | cpio -o -H newc >>initrd.img 2>/dev/null
cat /boot/initrd.img >>initrd.img
(cd / && cpio -idu 2>/dev/null) <stress.cpio

node 1 2,3 448M "cmdline = rcupdate.rcu_cpu_stall_timeout=120 rodata=off lab.run=\"setsid sh /stress-node.sh $1 $2 backwards\""
sed -i "s|^initrd = .*|initrd = $PWD/initrd.img|" $conf/node1.conf
before=$(pools)
ok 'the vnode starts' vnode start --timeout 300 node1
rm initrd.img
# All of it, because it is longer than the ring
vnode log -f 1 >$log &
follower=$!
# In a session of its own, because one of the stressors hangs up its terminal.
setsid sh stress-node.sh "$1" "$2" >/run/root.log 2>&1

# ended: waits until the vnode has also finished, as long as it lives.
ended() {
	until grep -q 'stress: done' $log; do
		[ "$(state 1)" = running ] || return 1
		sleep 1
	done
}

# claims NAME LOG: the results of one of them
claims() {
	for class in cpu vm filesystem scheduler interrupt pipe network os; do
		like "$(grep "stress: class $class" "$2")" 'status [03]:' "$1: stress-ng ends well, class $class"
	done
	for what in plug load trace perf; do
		like "$(grep "stress: $what" "$2")" "stress: $what [1-9][0-9]* times" "$1: $what while it runs"
	done
	diag "$1:" "$(sed -n 's/.*stress: //p' "$2")"
}

ok 'the vnode ends it, too' ended
claims root /run/root.log
claims vnode $log
# kernel_says: its log, without the messages of stress-ng, which include warnings
kernel_says() {
	grep -v 'stress: ' $log
}
like "$(kernel_says)" 'Linux version' 'all of its log is kept'
unlike "$(kernel_says)" "$splats" 'the vnode has nothing to complain about' ||
	diag "$(kernel_says | grep -m 1 -A 80 -E "$splats")"

# Every interrupt that waited was also received, and all counters are plausible.
# waited ID: sum of those that were logged; fails if there are more of a vector than were received
waited() {
	logged=$(cat "/sys/kernel/adeos/vnodes/$1/interrupts_logged")
	printf '%s\n' "$logged" "$(cat "/sys/kernel/adeos/vnodes/$1/interrupts")" | awk '
		NR == 1 { for (i = 1; i <= NF; i++) logged[i] = $i; next }
		{ for (i = 1; i <= NF; i++) { sum += $i; if (logged[i] > $i) { print "vector", i - 1, logged[i], "of", $i; bad = 1 } } }
		END { exit bad || !sum }'
}

for id in 0 1; do
	ok "vnode $id: no more interrupts waited than came" waited $id
	is "$(cat /sys/kernel/adeos/vnodes/$id/messages_bad)" 0 "vnode $id: no bad messages"
done
is "$(state 1)" running 'the vnode is running'
ok 'the vnode beats' await_beat 1
ok 'the vnode stops' vnode stop --timeout 300 1
wait $follower
is "$(state 1)" stopped 'it was not killed'
unlike "$(kernel_says)" "$splats" 'and it had nothing to complain about at the end'
restored "$before" 'all memory is back'
