# shellcheck shell=sh
# vnode exec.  $1: how many MiB to move each way; $2: the version of the frames, which
# ./vnode-other has one higher
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

mib=$1 version=$2

there() {
	vnode exec 1 -- "$@"
}

# runs_there COMMAND: is there such a process?
runs_there() {
	there ps | grep -q " $1\$"
}

ends_there() {
	no_process 1 " $1\$"
}

# busy: sessions that the root has
busy() {
	awk '$1 == "client" && $2 == 1 { print $4 }' /sys/kernel/debug/vcon
}

sessions_are() {
	[ "$(busy)" = "$1" ]
}

sum() {
	sha256sum | cut -d ' ' -f 1
}

refuses 125 'exec: 1: .*no .*vnode|exec: .*there is no' 'a vnode that there is not' vnode exec 1 -- true
refuses 125 'is the root vnode' 'the root itself' vnode exec 0 -- true
refuses 2 'argument is missing' 'no command' vnode exec 1

# The data is kept in a file there, which may take half of the memory.
node 1 1,2 $((96 + 2 * mib))M
node 2 3 96M
before=$(pools)
ok 'two vnodes' vnode start --timeout 300 node1 node2

# At once, without having waited for the agent
out=$(there sh -c 'hostname; echo error >&2; exit 7' 2>/tmp/err)
is "$out/$?" 'vnode1/7' 'output and status'
is "$(cat /tmp/err)" error 'standard error is on its own'
is "$(vnode exec node2 -- hostname)" vnode2 'by name'
is "$(vnode exec node2 echo -n -- -x)" '-- -x' 'options behind the command are its own'
is "$(there printf '<%s>' 'a b' '' "it's" '*' '$HOME' 'two
lines')" "<a b><><it's><*><\$HOME><two
lines>" 'arguments arrive as they are'
is "$(there sh -c 'echo one >/dev/stdout; echo two >/dev/stdout')" 'one
two' 'streams can be opened again'

# Statuses
bad=
for status in $(seq 0 255); do
	there sh -c "exit $status"
	got=$?
	[ $got -eq "$status" ] || bad="$bad $status:$got"
done
is "$bad" '' 'all exit statuses'
bad=
# All but those that stop
for signal in $(seq 1 18) 23 24 25 26 27 28 29 30 31 34 50 64; do
	there sh -c "kill -$signal \$\$" 2>/dev/null
	got=$?
	sh -c "kill -$signal \$\$" 2>/dev/null
	want=$?
	[ $got -eq $want ] || bad="$bad $signal:$got,$want"
done
is "$bad" '' 'all signals'
there sh -c 'exit 125' 2>/tmp/err
is "$?/$(cat /tmp/err)" 125/ 'a 125 of the command comes without a message'
refuses 127 'exec on vnode 1: no-such-command: No such file' 'no such command' there no-such-command
refuses 126 'exec on vnode 1: /etc/passwd: Permission denied' 'not a command' there /etc/passwd

# Streams
is "$(there sh -c 'cat; echo end' </etc/passwd | sum)" "$( (cat /etc/passwd; echo end) | sum)" \
	'the end of the input is seen'
is "$(there cat </dev/null)" '' 'an empty input'
is "$(there sh -c 'cat; echo no input' <&-)" 'no input' 'a closed input'
is "$(there yes | head -n 2 | tr -d '\n')" yy 'an output that nobody reads'
ok '  ends' await ends_there yes
is "$(yes | there sh -c 'exec <&-; echo closed')" closed 'an input that nobody reads'
is "$(there sh -c 'sleep 4711 & echo started')" started 'what is left in the background is not waited for'
ok '  and it runs on' runs_there 'sleep 4711'
there killall sleep

# Standard output is read only after standard error has arrived.
there sh -c 'head -c 500000 /dev/zero & echo error >&2; wait' 2>/tmp/err | {
	await test -s /tmp/err
	wc -c
} >/tmp/out
is "$(cat /tmp/out)" 500000 'a stream that is not read does not stop the others'

dd if=/dev/urandom of=/tmp/random bs=1M count="$mib" 2>/dev/null
want=$(sum </tmp/random)
is "$(there sha256sum </tmp/random | cut -d ' ' -f 1)" "$want" "$mib MiB into the vnode"
there cp /dev/stdin /tmp/random </tmp/random
is "$(there cat /tmp/random | sum)" "$want" "$mib MiB out of the vnode"
is "$(there sh -c 'cat /tmp/random >&2' 2>&1 >/dev/null | sum)" "$want" "$mib MiB to standard error"
there rm /tmp/random
rm /tmp/random

# Arguments
is "$(there sh -c 'echo ${#1}' sh "$(head -c 100000 /dev/zero | tr '\0' x)")" 100000 'long arguments'
x=$(head -c 70000 /dev/zero | tr '\0' x)
refuses 125 'the arguments have 140007 bytes' 'too long ones' there echo "$x" "$x"

# Signals for the caller
vnode exec 1 -- sleep 4712 &
pid=$!
ok 'a command that lasts' await runs_there 'sleep 4712'
kill -INT $pid
wait $pid
is $? 130 '  ends with ^C'
ok '  and is gone there' ends_there 'sleep 4712'
vnode exec 1 -- sh -c 'trap "echo caught; exit 3" TERM; echo ready; sleep 4713 & wait' >/tmp/out &
pid=$!
ok 'one that catches a signal' await grep -q ready /tmp/out
kill -TERM $pid
wait $pid
is "$?/$(tail -n 1 /tmp/out)" 3/caught '  does, and says so'
there killall sleep
vnode exec 1 -- sleep 4714 &
pid=$!
ok 'a caller' await runs_there 'sleep 4714'
kill -KILL $pid
wait $pid 2>/dev/null
ok '  that is killed takes its command along' await ends_there 'sleep 4714'

# goes_on: the caller that is $pid
goes_on() {
	grep -q '^State:.[^Z]' /proc/$pid/status
}

# tell SIGNAL: sends it to the caller until that has ended
tell() {
	kill "-$1" $pid 2>/dev/null
	! goes_on
}

# caught N: the command has caught so many signals
caught() {
	[ "$(grep -c caught /tmp/out)" -ge "$1" ]
}

# A command that goes on gets as many signals as its caller, which also goes on.
vnode exec 1 -- sh -c 'trap "echo caught" INT; trap "exit 4" TERM; echo ready; while :; do sleep 0.1; done' >/tmp/out &
pid=$!
await grep -q ready /tmp/out
told=
for i in 1 2 3; do
	kill -INT $pid
	await caught $i && told="$told $i"
	# Longer than a signal may be under way
	sleep 3
done
is "$told" ' 1 2 3' 'a command that ^C does not end is told of each'
kill -TERM $pid
wait $pid
is $? 4 '  and of what ends it'

# The agent's process for the command is stopped, so that it reads nothing.
mkfifo /tmp/fifo
vnode exec 1 -- sh -c 'echo $PPID >/tmp/server; echo ready; read x; kill -STOP $PPID; exec sleep 4717' <>/tmp/fifo >/tmp/out &
pid=$!
await grep -q ready /tmp/out
echo >/tmp/fifo
await runs_there 'sleep 4717'
kill -TERM $pid
# Longer than that, again
sleep 3
ok 'a signal that is not taken' goes_on
ok '  is not passed on, but the next one ends the caller' await tell TERM
wait $pid
is $? 143 '  in its own manner'
there sh -c 'kill -CONT $(cat /tmp/server)'
ok '  and with it the command, when that can be' await ends_there 'sleep 4717'

# The agent itself is stopped: nobody accepts new sessions.
agent=$(there sh -c 'ps | sed -n "s/^ *\([0-9]*\) .*vnode agent\$/\1/p" | head -n 1')
ok 'the agent is stopped' there kill -STOP "$agent"
refuses 125 'exec on vnode 1: its agent does not answer' '  and is not waited for long' vnode exec --timeout 1 1 -- true
refuses 125 'exec on vnode 1: its agent does not answer' '  with many arguments, either' \
	vnode exec --timeout 1 1 -- echo "$x"
echo kept >/tmp/in
{
	vnode exec --timeout 1 1 -- cat 2>/dev/null
	cat
} </tmp/in >/tmp/out
is "$(cat /tmp/out)" kept '  nor is the input taken'
await sessions_are 0
vnode exec --timeout 1000 1 -- true &
pid=$!
ok '  one that waits' await sessions_are 1
kill -TERM $pid
wait $pid
is $? 143 '  ends with a signal'
printf 'kill -CONT %s\r' "$agent" >/dev/vcon/1
is "$(there hostname)" vnode1 '  then it goes on'

# A terminal
like "$(vnode exec -t 1 -- sh -c 'tty; stty size; exit 5' </dev/null; echo $?)" '^/dev/pts/[0-9]+' 'a terminal'
vnode exec -t 1 -- sh -c 'test -t 0 && test -t 1 && test -t 2' </dev/null
is $? 0 '  for all streams'
is "$(vnode exec -t 1 -- sh -c 'head -c 100000 /dev/zero | tr "\0" x; exit 5' </dev/null | tr -d '\r' | wc -c)" 100000 \
	'  without loss'

# Nobody reads the large output any more: the command gets SIGPIPE, and decides.
is "$({ there sh -c 'yes; exit 3'; echo $? >/tmp/status; } | head -n 100000 | tail -n 1)/$(cat /tmp/status)" y/3 \
	'the command decides about an output that nobody reads'
{ there sh -c 'yes; exit 3' sh "$x"; echo $? >/tmp/status; } | true
is "$(cat /tmp/status)" 3 '  also when that is known before all arguments are there'
# By SIGHUP, or by an error if it was just writing
like "$({ vnode exec -t 1 -- yes; echo $? >/tmp/status; } <>/tmp/fifo | head -n 100000 | tail -n 1 | tr -d '\r')/$(cat /tmp/status)" \
	'^y/(129|1)$' '  a terminal that nobody looks at is hung up'

# A background process keeps the terminal and prints: exec ends nevertheless, and so does
# that process.
is "$(vnode exec -t 1 -- sh -c "trap '' HUP; while echo on; do :; done & echo before; exit 5" </dev/null >/tmp/out; echo "$?/$(grep -c before /tmp/out)")" 5/1 \
	'a terminal that somebody prints on without end'
is "$(vnode exec -t 1 -- sh -c "trap '' HUP; while echo on; do sleep 0.01; done & exit 6" </dev/null >/tmp/out; echo $?)" 6 \
	'  and one that somebody prints on now and then'
ok '  is theirs no longer' await no_process 1 "trap '' HUP"

# The log there
noted() {
	there dmesg | grep 'vnode-agent\['
}
there sh -c ': "a	b"
: noted'
like "$(noted)" 'vnode-agent\[[0-9]+\]: for uid 0( \([a-z]+\))? of the root vnode: sh -c : "a\\x09b"\\x0a: noted$' \
	'the log there says who runs what, as one line'
there sh -c ": noted $x"
like "$(noted)" ': noted x{100,160}\.\.\.$' '  the beginning of it'
unlike "$(vnode log 1)" 'vnode-agent' '  but not on the console'

# exec of another version than the agent, which reports that
refuses 125 "exec on vnode 1: its agent is of version $version, vnode exec of version $((version + 1)): expected the same" \
	'another version is told of' ./vnode-other exec 1 -- true

# Many at once, with both vnodes
for i in $(seq 50); do
	{
		head -c 20000 /dev/urandom >"/tmp/in.$i"
		vnode exec $((i % 5 / 4 + 1)) -- sh -c "cat; echo $i >&2; exit $i" <"/tmp/in.$i" >"/tmp/out.$i" 2>"/tmp/err.$i"
		echo $? >>"/tmp/err.$i"
	} &
done
wait
bad=
for i in $(seq 50); do
	cmp -s "/tmp/in.$i" "/tmp/out.$i" && [ "$(tr '\n' ' ' <"/tmp/err.$i")" = "$i $i " ] || bad="$bad $i"
done
is "$bad" '' '50 at once'
ok 'no session is left' await sessions_are 0
for i in $(seq 64); do
	vnode exec --timeout 100 1 -- sh -c 'read x; exit 9' <>/tmp/fifo."$(mkfifo "/tmp/fifo.$i"; echo "$i")" 2>/dev/null &
done
ok 'all 64 channels are in use' await sessions_are 64
refuses 125 'too many commands' '  and a 65th command is refused' vnode exec --timeout 0 1 -- true
for i in $(seq 64); do
	echo >"/tmp/fifo.$i"
done
wait
ok '  and then they are free' await sessions_are 0

# A vnode that dies
vnode exec 1 -- sh -c 'echo ready; exec sleep 1000' >/tmp/out 2>/tmp/err &
pid=$!
mkfifo /tmp/flow
{ head -c 1000000 >/tmp/flown; cat >/dev/null; } </tmp/flow &
vnode exec 1 -- cat </dev/zero >/tmp/flow 2>/tmp/err2 &
pid2=$!
flows() {
	[ "$(wc -c </tmp/flown)" = 1000000 ]
}
ok 'a command that waits' await grep -q ready /tmp/out
ok '  and one whose data flows' await flows
ok '  are there' sessions_are 2
ok 'vnode 1 is killed' vnode kill 1
wait $pid
is "$?/$(cat /tmp/err)" '125/vnode: exec on vnode 1: the vnode has died' '  and the command has ended'
wait $pid2
is "$?/$(cat /tmp/err2)" '125/vnode: exec on vnode 1: the vnode has died' '  one in the middle of its data, too'
refuses 125 'node1: is not running: it is stopped' '  and no other begins' there true
is "$(vnode exec 2 -- echo alive)" alive 'the other vnode does not care'
ok 'vnode 1 again' vnode start --timeout 300 node1
is "$(there hostname)" vnode1 '  does as before'

# An agent that dies
vnode exec 1 -- sleep 4715 2>/tmp/err &
pid=$!
ok 'a command' await runs_there 'sleep 4715'
there sh -c 'kill -9 $(ps | sed -n "s/^ *\([0-9]*\) .*vnode agent/\1/p")' 2>/dev/null
wait $pid
is "$?/$(cat /tmp/err)" '125/vnode: exec on vnode 1: its agent has gone' 'an agent that is killed'
refuses 125 'no agent runs there' '  is missed' vnode exec --timeout 0 1 -- true

for id in 1 2; do
	no_splat $id "vnode $id has nothing to complain about"
done
ok 'both are killed' vnode kill 1 2
restored "$before" 'all memory is back'
