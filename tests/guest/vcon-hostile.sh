# shellcheck shell=sh
# A vnode that writes nonsense into the bridge of its console.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

log=/run/vnode.log
node 1 1,2 96M
node 2 3 96M
before=$(pools)
ok 'two vnodes' vnode start --timeout 300 node1 node2
vnode console 1 </dev/null >/dev/null 2>/tmp/err &
looker=$!
vnode log -f 1 >$log &
# Nonsense may be the SysRq key that powers the vnode off.
ok 'sysrq is off in vnode 1' vnode exec --timeout 60 1 -- sh -c 'echo 0 >/proc/sys/kernel/sysrq'
ok 'vnode 1 begins to write nonsense' vnode exec --timeout 60 1 -- setsid modprobe adeos_vcon_hostile

# bad: how many wrong values the root has counted
bad() {
	awk '$1 == "client" && $2 == 1 { print $6 }' /sys/kernel/debug/vcon
}

# tell PID: sends SIGTERM; succeeds when the process has ended
tell() {
	kill -TERM "$1" 2>/dev/null
	! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null
}

# Commands, and typing: with any result, they must end by themselves or by a signal.
ended=0 commands='' typists=''
for i in $(seq 40); do
	vnode exec --timeout 2 1 -- cat /proc/cpuinfo >/dev/null 2>"/tmp/err.$i" </dev/zero &
	commands="$commands $!"
	echo "typed $i" >"/tmp/in.$i"
	tee /dev/vcon/1 >/dev/null 2>&1 <"/tmp/in.$i" &
	typists="$typists $!"
	if [ $((i % 8)) -eq 0 ]; then
		[ "$(vnode exec --timeout 60 2 -- echo alive)" = alive ] && ended=$((ended + 1))
	fi
done
is $ended 5 'commands in vnode 2 are run meanwhile'
tries=0
while [ "$(bad)" -lt 20 ] && [ $tries -lt 600 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
like "$(bad)" '^[2-9][0-9]|[0-9]{3}' 'the root has counted nonsense'
diag "counted: $(bad)"
is "$(state 1)" running 'vnode 1 is running still' || diag "$(tail -n 40 $log)"

# Success (0), an error with one line (125), or SIGTERM (143)
stuck='' odd='' n=0 statuses=''
for pid in $commands; do
	n=$((n + 1))
	await tell "$pid" || { stuck="$stuck $n"; kill -KILL "$pid"; }
	wait "$pid"
	status=$?
	statuses="$statuses $status"
	case $status in
	0 | 143) [ ! -s "/tmp/err.$n" ] || odd="$odd $n:$status" ;;
	125) [ "$(grep -c '^vnode: exec' "/tmp/err.$n")/$(wc -l <"/tmp/err.$n")" = 1/1 ] || odd="$odd $n:$status" ;;
	*) odd="$odd $n:$status" ;;
	esac
done
is "$n/$stuck" 40/ 'each command in vnode 1 has ended, or does when it is told'
is "$odd" '' '  with its own status and no message, or that of exec and one line' ||
	diag "$(head -n 3 /tmp/err.*)"
diag "statuses:$statuses"
# A message of tee's: 1
stuck='' odd='' n=0 statuses=''
for pid in $typists; do
	n=$((n + 1))
	await tell "$pid" || { stuck="$stuck $n"; kill -KILL "$pid"; }
	wait "$pid"
	status=$?
	statuses="$statuses $status"
	case $status in
	0 | 1 | 143) ;;
	*) odd="$odd $n:$status" ;;
	esac
done
is "$n/$stuck/$odd" 40// 'so does what types'
diag "statuses:$statuses"
ok 'vnode 1 is killed' vnode kill 1
wait $looker
is "$?/$(tail -n 1 /tmp/err)" '1/vnode: console of vnode 1: the vnode has died' '  and its console ends'
wait
ok 'vnode 1 again' vnode start --timeout 300 node1
is "$(vnode exec 1 -- echo alive)" alive '  does as before'

# refused: how often the root has refused a bridge of vnode 1
refused() {
	awk '$1 == "refused" && $2 == 1 { n = $3 } END { print n + 0 }' /sys/kernel/debug/vcon
}

refused_since() {
	[ "$(refused)" -gt "$1" ]
}

# other NAME PARAMETER…: vnode 1 makes a console bridge of another kind than vcon's
other() {
	other_name=$1 other_count=$(refused)
	shift
	# This command ends with the bridge that it uses.
	vnode exec --timeout 60 1 -- setsid modprobe adeos_vcon_other "$@" 2>/dev/null
	ok "a console that $other_name is refused" await refused_since $((other_count + 1))
	ok '  and there is no device for it' test ! -e /dev/vcon/1
	# This ends the replacement.
	echo 1 >/sys/module/vcon/parameters/allow
	ok '  then there is a right one' vnode exec --timeout 200 1 -- rmmod adeos_vcon_other
	echo >/sys/module/vcon/parameters/allow
	await vnode exec 1 -- test ! -e /dev/vcon/0
}

dmesg -c >/dev/null
other 'may move' kind=1
other 'is to be let go of when asked' kind=2
other 'cannot be written to' kind=4
other 'is too small' kind=0 size=69632
other 'says of itself that it has one channel' kind=0 channels=1
is "$(dmesg | grep -c 'vcon: vnode 1 has a console of another kind')" 5 'the log says so, once for each'
is "$(vnode exec 1 -- echo alive)" alive 'vnode 1 does as before'
no_splat 2 'vnode 2 has nothing to complain about'
vnode kill 1 2
restored "$before" 'all memory is back'
