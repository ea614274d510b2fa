# shellcheck shell=sh
# vnode console, used by a program that acts as a person: ../unit/pty.c.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

# person NAME STATUS COMMAND…: runs COMMAND on a terminal, and follows the script on
# standard input there
person() {
	person_name=$1 person_status=$2
	shift 2
	"$@" >/tmp/screen
	got=$?
	if [ $got -eq "$person_status" ]; then
		pass "$person_name"
	else
		fail "$person_name"
		diag "status $got, expected $person_status:"
		diag "$(tail -c 2000 /tmp/screen | tr -d '\033\r')"
	fi
}

# console NAME STATUS: at vnode 1's console
console() {
	person "$1" "$2" ./pty vnode console 1
}

refuses 1 'there is no vnode|no .*vnode' 'a vnode that there is not' vnode console 1
refuses 1 'is the root vnode' 'the root itself' vnode console 0

# Before the device exists, the log is shown. Without user space there is no device:
node 1 1,2 96M 'cmdline = rdinit=/bin/busybox -- sh -c "printf \\033[31mred\\n && exec /bin/busybox sleep 100000"'
before=$(pools)
vnode start --timeout 0 node1
console 'one that has only a kernel is left with ^C' 130 <<'PERSON'
await \^] . leaves
await Linux version
await Run /bin/busybox as init process
await \\x1b[31mred
send ^C
end
PERSON
unlike "$(cat /tmp/screen)" "$(printf '\033\\[31m')" '  and its programs do not drive the terminal'
console '  and with the escape' 0 <<'PERSON'
await Run /bin/busybox as init process
send ^].
end
PERSON
vnode console 1 </dev/null 2>/tmp/err | head -n 1 >/tmp/out
like "$(cat /tmp/out)" 'Linux version' '  and when nobody reads what it says'
ok '  it is killed' vnode kill 1
node 1 1,2 96M 'cmdline = rdinit=/nowhere rootdelay=5'
vnode start --timeout 0 node1
vnode console 1 </dev/null >/tmp/out 2>/tmp/err
is "$?/$(grep -v loading /tmp/err)" '1/vnode: node1: is not running: it is crashed' 'one that crashes before is told of'
like "$(cat /tmp/out)" 'Linux version' '  behind all'
like "$(cat /tmp/out)" 'Kernel panic' '  that it said'

# At the change from log to device, nothing is shown twice.
node 1 1,2 96M
vnode start --timeout 0 node1
console 'a vnode that is loading' 0 <<'PERSON'
await Linux version
await Run /init as init process
send \r
await vnode1
send echo fir''st\r
await first
send ^].
end
PERSON
tr -d '\r' </tmp/screen | grep '^\[ *[0-9]' >/tmp/out
is "$(sort /tmp/out | uniq -d)" "$(vnode log 1 | grep '^\[ *[0-9]' | sort | uniq -d)" '  says nothing twice that its log does not'
# From the start of user space, which makes the device
vnode log 1 | grep '^\[ *[0-9]' | sed '/Run .init as init/q' >/tmp/want
head -n "$(wc -l </tmp/want)" /tmp/out | cmp - /tmp/want >/tmp/diff
is "$(cat /tmp/diff)" '' '  and leaves nothing out'
ok '  it is killed' vnode kill 1
restored "$before" '  all memory is back'

ok 'a vnode' vnode start --timeout 300 node1

console 'a shell, and the way out' 0 <<'PERSON'
await \^] . leaves
send \r
await vnode1
send kept=it; echo first$((40 + 2))\r
await first42
send ^]?
await \^] . leaves
send ^].
end
PERSON
# first_message: the first one on the screen
first_message() {
	tr -d '\r' </tmp/screen | grep -m 1 -E '^\[ *[0-9]+\.[0-9]+\] '
}
like "$(first_message)" '\] Linux version ' 'what comes first is the first kernel message'
like "$(tr -d '\r' </tmp/screen)" 'Run /init as init process' '  and the others'
is "$(tr -d '\r' </tmp/screen | grep -c 'Linux version ')" 1 '  once'

console 'job control' 0 <<'PERSON'
await first42
send sh -c 'trap "echo on""again" CONT; echo go""ing; while :; do sleep 0.1; done'\r
await going
send ^Z
await Stopped
send jobs -l\r
await Stopped
send fg\r
await onagain
send ^C
send \r
send echo after$((1 + 1))\r
await after2
send sleep 4712 | cat & kill %1; echo ki''lled\r
await killed
send ^].
end
PERSON

console 'an editor, and the window' 0 <<'PERSON'
size 30 100
await first42
send stty size; echo si''ze\r
await 30 100
await size
size 41 120
send \r
send until [ "$(stty size)" = "41 120" ]; do sleep 0.1; done; echo si''zed\r
await sized
send vi /tmp/file\r
await \e[41;1H
send i
await I /tmp/file
send Hello from vi
await Hello from vi
send \e
await - /tmp/file
size 25 90
await \e[25;1H
await - /tmp/file
send :wq\r
send echo di''d $?\r
await did 0
send ^].
end
PERSON
is "$(vnode exec 1 -- cat /tmp/file)" 'Hello from vi' '  which has written its file'

person 'a command on a terminal of its own' 7 ./pty vnode exec -t 1 -- sh -i <<'PERSON'
size 33 111
send until [ "$(stty size)" = "33 111" ]; do sleep 0.1; done; echo si''zed\r
await sized
send sh -c "echo sle''eps; exec sleep 4713"\r
await sleeps
send ^C
send echo interrupted $?\r
await interrupted 130
send exit 7\r
end
PERSON
person 'a command that ^C ends' 130 ./pty vnode exec 1 -- sh -c 'echo sleeps; exec sleep 4714' <<'PERSON'
await sleeps
send ^C
end
PERSON
ok '  has ended there' no_process 1 'sleep 471[34]'
# shellcheck disable=SC2016 # there
person 'a command that ends' 5 ./pty sh -c 'vnode exec -t 1 -- sh -c "exit 5"; status=$?; stty -a; exit $status' <<'PERSON'
end
PERSON
like "$(cat /tmp/screen)" ' icanon' '  leaves the terminal as it was'
person '  and one whose output nobody reads' 0 ./pty sh -c 'vnode exec -t 1 -- yes | head -n 100000 | tail -n 1; stty -a' <<'PERSON'
end
PERSON
like "$(cat /tmp/screen)" ' icanon' '  does, too'

# What a descriptor may be used for, by how it was opened
./vcon-modes console /dev/vcon/1
vnode exec 1 -- sh -c 'cat >/tmp/vcon-modes; chmod +x /tmp/vcon-modes' <vcon-modes
vnode exec 1 -- /tmp/vcon-modes agent /dev/vcon-agent

# Several viewers, one of which only looks
./pty vnode console 1 >/tmp/screen2 <<'PERSON' &
await sized
await third42
send ^].
end
PERSON
viewer=$!
vnode console 1 </dev/null >/tmp/screen3 2>/tmp/err3 &
looker=$!
console 'several viewers' 0 <<'PERSON'
await first42
send echo third$((40 + 2))\r
await third42
send ^].
end
PERSON
wait $viewer
is $? 0 '  each sees all'
ok '  as does who types nothing' await grep -q third42 /tmp/screen3

# Old text does not control the terminal, but new text does.
vnode exec 1 -- sh -c 'printf "\nold\033]0;title\007\n" >/dev/ttyV0'
console 'what was printed before' 0 <<'PERSON'
await old\\x1b]0;title\\x07
send printf 'new\\033[1m\\n'\r
await new\e[1m
send ^].
end
PERSON
unlike "$(cat /tmp/screen)" "$(printf 'old\033')" '  does not drive the terminal'
is "$(vnode console 1 </dev/null 2>/dev/null | sed -n '/^old/{p;q}' | tr -d '\r')" "$(printf 'old\033]0;title\007')" \
	'  and is as it was in a file'

# Much text at once: a viewer that reads loses nothing.  On a busy host, kernels may also
# print something.
vnode exec 1 -- dmesg -n 1
./pty vnode console 1 >/tmp/screen2 <<'PERSON'
await third42
send stty -onlcr; seq 100000 | sha256sum; echo be''gin; seq 100000; echo fi''nish; stty onlcr\r
await finish
send ^].
end
PERSON
vnode exec 1 -- dmesg -n 7
tr -d '\r' </tmp/screen2 | sed -n '/^begin$/,/^finish$/p' | sed '1d;$d' >/tmp/got
seq 100000 >/tmp/want
is "$(diff /tmp/want /tmp/got | head -n 20)" '' 'much text is complete'

# Typed by a program; more than fits into the ring
ok 'what a program types' sh -c '{ echo "stty -echo; cat >/tmp/typed <<end-of-it"; seq 5000; echo end-of-it; echo "stty echo"; } >/dev/vcon/1'
typed() {
	[ "$(vnode exec 1 -- sha256sum /tmp/typed | cut -d ' ' -f 1)" = "$(seq 5000 | sha256sum | cut -d ' ' -f 1)" ]
}
ok '  arrives' await typed

# A vnode that reads nothing of what is typed, until all buffers are full
lines=$(for i in $(seq 1000); do printf 'send : %0200d\\r\n' "$i"; done)
console 'a person is heard by nobody, and leaves' 0 <<PERSON
await finish
send echo bu''sy; sleep 4720\\r
await busy
$lines
await ^G
send ^].
end
PERSON
yes : >/dev/vcon/1 &
writer=$!
console '  also when another one waits to type' 0 <<'PERSON'
await busy
send \r
send ^].
end
PERSON
kill $writer
yes : | vnode console 1 >/tmp/screen4 2>/dev/null &
pid=$!
await grep -q busy /tmp/screen4
kill -TERM $pid
wait $pid
is $? 143 '  a program that types ends with a signal'
vnode exec 1 -- rm /tmp/typed
{ echo; echo "stty -echo; cat >/tmp/typed <<end-of-it"; seq 5000; echo end-of-it; echo "stty echo; echo ty''ped"; } |
	vnode console 1 >/tmp/screen4 2>/dev/null &
pid=$!
await grep -q busy /tmp/screen4
vnode exec 1 -- killall sleep
ok '  one that waits loses nothing' await typed
await grep -q typed /tmp/screen4
kill -TERM $pid

person 'an output that nobody reads' 0 ./pty sh -c '{ vnode console 1; echo "status $?" >&2; } | head -n 1; stty -a' <<'PERSON'
end
PERSON
like "$(cat /tmp/screen)" 'status 0' '  is left'
like "$(cat /tmp/screen)" ' icanon' '  with the terminal as it was'

vnode exec 1 -- sh -c 'echo 511 >/proc/sys/kernel/sysrq'
console 'sysrq' 0 <<'PERSON'
await finish
send ^]sm
await Mem-Info
send ^].
end
PERSON
like "$(vnode log 1)" 'sysrq: Show Memory' '  is in the log, too'

# The terminal waits for a viewer that does not read, and then skips it.  So a program that
# drains the terminal is delayed only for some time, or not at all.
vnode console 1 </dev/null >/tmp/screen4 2>/dev/null &
idle=$!
ok 'a viewer' await grep -q Mem-Info /tmp/screen4
kill -STOP $idle
vnode exec 1 -- sh -c 'head -c 290000 /dev/zero | tr "\0" x >/dev/ttyV0; stty -F /dev/ttyV0 echo; echo drained' >/tmp/drained &
ok '  that does not read keeps nobody' await grep -q drained /tmp/drained
kill -KILL $idle
./vcon-modes slowly /dev/vcon/1 >/tmp/slowly &
idle=$!
ok 'one that may only look' await test -s /tmp/slowly
vnode exec 1 -- sh -c 'head -c 600000 /dev/zero | tr "\0" x >/dev/ttyV0; stty -F /dev/ttyV0 echo; echo drained' >/tmp/drained2 &
ok '  and reads slowly keeps nobody, either' await grep -q drained /tmp/drained2
kill $idle

# The bridge is lost, but not the vnode: it makes another one, and programs that have the
# terminal open go on.
vnode exec 1 -- sh -c 'echo runs; exec sleep 1000' >/tmp/out4 2>/tmp/err4 &
pid=$!
ok '  a command' await grep -q runs /tmp/out4
ok '  their bridge is destroyed' modprobe adeos_destroy vnode=1 name=console
wait $looker
is "$?/$(cat /tmp/err3)" '1/vnode: console of vnode 1: the vnode has died' '  a viewer is told'
wait $pid
is "$?/$(cat /tmp/err4)" '125/vnode: exec on vnode 1: the vnode has died' '  and so is who waits for the command'
ok '  there is a new one' await vnode exec --timeout 60 1 -- true
console '  where the shell goes on' 0 <<'PERSON'
await \^] . leaves
send \r
await vnode1
send echo $kept$((41 + 1))\r
await it42
send ^].
end
PERSON
like "$(first_message)" '\] Linux version ' '  behind the kernel messages from the first one on'
rmmod adeos_destroy
vnode console 1 </dev/null >/tmp/screen3 2>/tmp/err3 &
looker=$!
ok '  as others see' await grep -q it42 /tmp/screen3

vnode exec 1 -- sh -c 'echo last words >/dev/kmsg'
./pty vnode console 1 >/tmp/screen <<'PERSON' &
await Mem-Info
await last words
end
PERSON
pid=$!
await grep -q 'last words' /tmp/screen
ok 'the vnode is killed' vnode kill 1
wait $pid
is $? 1 '  and its console ends'
like "$(cat /tmp/screen)" 'console of vnode 1: the vnode has died' '  with a message'
like "$(tr -d '\r' </tmp/screen)" 'Linux version ' '  what has left the scroll-back is in the log'
wait $looker
is "$?/$(cat /tmp/err3)" '1/vnode: console of vnode 1: the vnode has died' '  everywhere'
refuses 1 'node1: is not running: it is stopped' '  and there is none' vnode console 1
restored "$before" 'all memory is back'

# The device is used while its vnode starts and ends.
node 1 1,2 96M 'cmdline = lab.run="sleep 1; poweroff -f"'
bad=
for i in 1 2 3; do
	vnode start --timeout 0 node1 || bad="$bad start"
	vnode console 1 </dev/null >/dev/null 2>/tmp/err
	[ $? -eq 1 ] || bad="$bad $i:$(cat /tmp/err)"
	vnode wait 1 --state stopped --timeout 300 || bad="$bad wait"
done
is "$bad" '' 'a console of one that ends by itself'
ok 'the module can be unloaded' modprobe -r vcon
ok '  and loaded' modprobe vcon

# A viewer sees the message of a kernel that panics.
node 1 1,2 96M 'cmdline = console=ttyV0'
ok 'a vnode whose console is the terminal' vnode start --timeout 300 node1
person 'its panic is seen' 1 ./pty vnode console 1 <<'PERSON'
send \r
await vnode1
send echo c >/proc/sysrq-trigger\r
await Kernel panic - not syncing: sysrq triggered crash
end
PERSON
ok '  it has crashed' vnode wait 1 --state crashed --timeout 60

# The magic key works where no thread runs any more.
node 3 3 96M
ok 'a vnode of one CPU' vnode start --timeout 300 node3
vnode exec 3 -- sh -c 'echo 511 >/proc/sys/kernel/sysrq; modprobe adeos_spin' >/dev/null 2>&1 &
ok '  which keeps it' await_log 3 'spin: for ever'
person '  sysrq works all the same' 0 ./pty vnode console 3 <<'PERSON'
await for ever
send ^]sm
await Mem-Info
send ^].
end
PERSON
vnode kill 3
wait $!

# The root's own console
modprobe -r vcon
ok 'the root allows vnodes 2 and 4 its console' modprobe vcon allow=2,4
node 2 2 96M
node 3 3 96M
ok '  vnodes 2 and 3' vnode start --timeout 300 node2 node3
ok '  there is the terminal' await test -c /dev/ttyV2
setsid -c sh -l </dev/ttyV2 >/dev/ttyV2 2>&1 &
for id in 2 3; do
	vnode exec $id -- sh -c 'cat >/tmp/pty; chmod +x /tmp/pty' <pty
done
# Two minutes or more, and not for ever, so that a failure is reported
# shellcheck disable=SC2016 # there
vnode exec 2 -- sh -c 'n=0; until [ -c /dev/vcon/0 ] || [ $((n += 1)) -gt 1200 ]; do sleep 0.1; done'
person '  where it is a terminal like any' 0 vnode exec 2 -- /tmp/pty vnode console 0 <<'PERSON'
size 31 101
await \^] . leaves
send \r
await vnode0
send until [ "$(stty size)" = "31 101" ]; do sleep 0.1; done; echo si''zed\r
await sized
send ^]sh
await Operation not permitted
send ^].
end
PERSON
unlike "$(dmesg)" 'sysrq: HELP' '  but for sysrq, of which nothing comes'
like "$(first_message)" '\] Linux version ' '  with kernel messages from the first one on'
is "$(cat /sys/module/vcon/parameters/allow_sysrq)" '' '  as nobody may, unless that is allowed'
echo 2 >/sys/module/vcon/parameters/allow_sysrq
person '  and then it is done' 0 vnode exec 2 -- /tmp/pty vnode console 0 <<'PERSON'
await sized
send ^]sh
await sysrq: HELP
send ^].
end
PERSON
for wrong in 0 64 x; do
	echo $wrong 2>/dev/null >/sys/module/vcon/parameters/allow_sysrq
done
is "$(cat /sys/module/vcon/parameters/allow_sysrq)" 2 '  what is no list of vnodes is refused'
refuses 1 'the root vnode does not allow vnode 3 its console' '  but not for vnode 3' vnode exec 3 -- vnode console 0
allow=/sys/module/vcon/parameters/allow
for wrong in 0 64 x 3-1; do
	echo $wrong 2>/dev/null >$allow
done
is "$(cat $allow)" 2,4 '  what is no list of vnodes is refused'
echo 3-4 >$allow
ok '  vnode 3 is allowed later' await vnode exec 3 -- test -c /dev/vcon/0
ok '  and vnode 2 no more' await vnode exec 2 -- test ! -e /dev/vcon/0
vnode exec 3 -- vnode console 0 </dev/null >/tmp/screen3 2>&1 &
looker=$!
ok '  it sees the same' await grep -q 'Linux version ' /tmp/screen3
kill -INT $looker
wait $looker
is $? 130 '  until ^C'

# A vnode that types without end: the root reads a limited amount in each jiffy.
typed() {
	vnode exec 3 -- cat /sys/module/adeos_vcon_typist/parameters/typed
}

has_typed() {
	[ "$(typed)" -gt "$1" ]
}

# centiseconds since the start
uptime() {
	cut -d ' ' -f 1 /proc/uptime | tr -d .
}

ok '  vnode 3 types without end' vnode exec 3 -- modprobe adeos_vcon_typist
ok '  and is heard' await has_typed 100000
since=$(uptime) first=$(typed)
ok '  and goes on' await has_typed $((first + 1000000))
last=$(typed) now=$(uptime)
# 32 KiB in each of 250 jiffies a second, and what was under way
most=$((32768 * 250 / 100 * (now - since + 1) + 65536))
diag "$((last - first)) bytes in $((now - since)) cs, $most may be"
ok '  as much as the root takes, and no more' test $((last - first)) -le $most
echo >$allow
ok '  and its console is taken away' await sh -c '! grep -q "^server 3 " /sys/kernel/debug/vcon'
no_splat 2 '  vnode 2 has nothing to complain about'
vnode kill 2
vnode kill 3
