#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The vnode command: start, check, wait, stop, kill and restart.
# runs beside machines

# shellcheck source=tests/vnode-cli.sh
. "$(dirname "$0")/vnode-cli.sh"

# --- start

new_machine
configure a 1 1-3,7 "address = 0x40000000
initrd = $tmp/initrd.img
cmdline = quiet x=\"y z\" ; comment
restart = always"
configure b 2 4
configure c 3 5
load_a="load 1 a cpus 1-3,7 memory 67108864 address 40000000 restart 2 kernel open initrd open config $conf/a.conf cmdline quiet x=\"y z\""
load_b="load 2 b cpus 4 memory 67108864 address ffffffffffffffff restart 0 kernel open initrd none config $conf/b.conf cmdline "
load_c="load 3 c cpus 5 memory 67108864 address ffffffffffffffff restart 0 kernel open initrd none config $conf/c.conf cmdline "
check "start by name" 0 "" "" "$vnode" start a
journal "loads and boots" "$load_a
boot 1"
forget_vnodes() {
	rm -rf "$sys/vnodes/1" "$sys/vnodes/2" "$sys/vnodes/3"
}
forget_vnodes
check "start several, by file and name" 0 "b: started as vnode 2
a: started as vnode 1
c: started as vnode 3" "" sh -c "cd '$conf' && '$vnode' start -v ./b.conf a c.conf"
journal "loads all, then boots all" "$load_b
$load_a
$load_c
boot 2
boot 1
boot 3"
forget_vnodes
check "the third cannot be loaded" 1 "" \
	"vnode: $conf/c.conf:3: CPU 5 is the root's, expected CPUs that are free" \
	env DOUBLE_FAIL="load 3" DOUBLE_ERROR="CPU 5 is the root's" "$vnode" start a b c
journal "the others are killed" "$load_a
$load_b
$load_c
kill 2
kill 1"
check "the kernel gives no text" 1 "" "vnode: a: /dev/null: cannot load: Device or resource busy" \
	env DOUBLE_FAIL="load 1" "$vnode" start a
journal "nothing to kill" "$load_a"
# located WHERE TEXT ADDED: how vnode prints the kernel's error
located() {
	check "the kernel says: $2" 1 "" "vnode: $1$3" \
		env DOUBLE_FAIL="load 1" DOUBLE_ERROR="$2" "$vnode" start a
}
# about LINE TEXT ADDED: likewise, about that line
about() {
	located "$conf/a.conf:$1: " "$2" "$2$3"
}
image="a bzImage for i386 with CONFIG_ADEOS=y"
located "$conf/a.conf:5: kernel = \"$tmp/bzImage\": " "kernel: not one" "not one, expected $image"
located "$conf/a.conf:5: kernel = \"$tmp/bzImage\": " "kernel: x: expected y" "x: expected y"
located "$conf/a.conf:7: initrd = \"$tmp/initrd.img\": " "initrd: cannot be read: error -5" \
	"cannot be read: error -5, expected a readable file"
about 2 "vnode ID 1 is taken: that vnode is running" ", expected another ID"
about 3 "CPU 1 is taken by vnode 2" ", expected CPUs that are free"
about 4 "memory: 64M wanted, but the largest free range has 60M" ", expected no more than that"
about 4 "memory: 64M is too small: expected at least 65M" ""
about 6 "memory at 0x0-0x1 is taken by bridge 2" ", expected free memory, see \"vnode memory\""
about 6 "address: 0x1: expected a multiple of 4M" ""
about 8 "cmdline: too long: 4000 bytes, expected less than 2048" ""
located "a: " "the root is out of memory" "the root is out of memory"
: > "$DOUBLE_JOURNAL"
check "the second cannot be booted" 1 "" "vnode: b: no trampoline page" \
	env DOUBLE_FAIL="boot 2" DOUBLE_ERROR="no trampoline page" "$vnode" start a b
journal "all are killed" "$load_a
$load_b
boot 1
boot 2
kill 2
kill 1"
check "an error of several lines becomes one" 1 "" "vnode: a: a?b" \
	env DOUBLE_FAIL="load 1" DOUBLE_ERROR="a
b" "$vnode" start a
: > "$DOUBLE_JOURNAL"

# refused ERROR ARGUMENT...: an error without a call of KMB
refused() {
	error=$1
	shift
	check "refused: $error" 1 "" "vnode: $error" "$vnode" start "$@"
	journal "and nothing was loaded" ""
}
refused "$conf/nobody.conf: No such file or directory" a nobody
refused "./nobody: No such file or directory" ./nobody
refused "$conf:1: Is a directory" "$conf"
configure d 1 9
configure e 9 7
configure f 10 10 "address = 1052M"
configure g 11 11 "kernel"
configure h 12 12 "devices = 0000:00:04.0"
configure i 13 13 "initrd = $tmp/nothing"
mkdir "$tmp/other"
cp "$conf/b.conf" "$tmp/other/j.conf"
sed -i 's/id = .*/id = 14/; s/cpus = .*/cpus = 14/' "$tmp/other/j.conf"
cp "$tmp/other/j.conf" "$tmp/other/a.conf"
refused "$conf/d.conf:2: id = 1 is already in $conf/a.conf:2, expected an ID of its own" a d
refused "$conf/e.conf:3: CPU 7 is already in $conf/a.conf:3, expected a CPU of its own" a b e
refused "$conf/f.conf:6: address = 0x41c00000: memory overlaps that of $conf/a.conf:6, expected memory of its own" a f
refused "$tmp/other/a.conf: name \"a\" is also that of $conf/a.conf, expected a name of its own" \
	a "$tmp/other/a.conf"
refused "$conf/g.conf:6: expected a line like \"key = value\"" a g
refused "$conf/h.conf:6: devices: handing over PCI devices is not supported by this version" a h
refused "$conf/i.conf:6: initrd = \"$tmp/nothing\": No such file or directory, expected a readable file" a i
mkfifo "$tmp/nothing"
refused "$conf/i.conf:6: initrd = \"$tmp/nothing\": not a regular file, expected a readable file" a i
mv "$tmp/bzImage" "$tmp/gone"
refused "$conf/b.conf:5: kernel = \"$tmp/bzImage\": No such file or directory, expected a readable file" b
mkdir "$tmp/bzImage"
refused "$conf/b.conf:5: kernel = \"$tmp/bzImage\": not a regular file, expected a readable file" b
rmdir "$tmp/bzImage"
mv "$tmp/gone" "$tmp/bzImage"
deep=$tmp/$(head -c 250 /dev/zero | tr '\0' d)
mkdir "$deep"
cp "$conf/b.conf" "$deep"
length=$(printf %s "$deep/b.conf" | wc -c)
refused "$deep/b.conf: its path has $length characters, expected less than 256" "$deep/b.conf"


# cmdline LINE ERROR: the message about that command line
cmdline() {
	configure b 2 4 "cmdline = $1"
	check "cmdline = $1" 0 "" "${2:+vnode: $conf/b.conf:6: warning: cmdline: $2}" "$vnode" check b
}
cmdline "quiet nosmpx xnosmp acpi=on tsc=reliable console=hvc0 console=ttyV0 nomem lab.run=\"mem=64M nosmp\" -- nosmp" ""
cmdline "x=\"a b\" nosmp" '"nosmp" takes from the vnode: all CPUs but the first one, expected one CPU in "cpus ="'
cmdline "maxcpus=1" '"maxcpus=1" takes from the vnode: CPUs until they are brought online, expected fewer CPUs in "cpus ="'
for option in nr_cpus=1 nr-cpus=1 possible_cpus=1 nosmt nosmt=force; do
	cmdline "$option" "\"$option\" takes from the vnode: CPUs, expected fewer CPUs in \"cpus =\""
done
cmdline "acpi=off" '"acpi=off" takes from the vnode: CPUs'
for option in nolapic disableapic; do
	cmdline "$option" "\"$option\" takes from the vnode: local APICs, and so all CPUs but the first one"
done
cmdline "noapic" '"noapic" takes from the vnode: interrupts'
for option in nolapic_timer noapictimer; do
	cmdline "$option" "\"$option\" takes from the vnode: the timers of its CPUs"
done
for option in notsc tsc=unstable; do
	cmdline "$option" "\"$option\" takes from the vnode: its clock"
done
for option in mem=64M "memmap=1M\$16M" memmap=exactmap; do
	cmdline "$option" "\"$option\" takes from the vnode: memory, expected less in \"memory =\""
done
cmdline "highmem=0" '"highmem=0" takes from the vnode: memory above 896M, expected less in "memory ="'
cmdline "noinitrd" '"noinitrd" takes from the vnode: its initrd, expected no "initrd ="'
for option in initrd=1M,1M initrdmem=1M,1M; do
	cmdline "$option" "\"$option\" takes from the vnode: its initrd, expected another \"initrd =\""
done
cmdline "console=ttyS0" '"console=ttyS0" takes from the vnode: /dev/console, which "vnode log" shows'
cmdline "\"noapic\" acpi=\"off\"" "\"noapic\" takes from the vnode: interrupts
vnode: $conf/b.conf:6: warning: cmdline: \"acpi=off\" takes from the vnode: CPUs"
check "start warns of them, too" 0 "" "vnode: $conf/b.conf:6: warning: cmdline: \"noapic\" takes from the vnode: interrupts
vnode: $conf/b.conf:6: warning: cmdline: \"acpi=off\" takes from the vnode: CPUs" "$vnode" start b
: > "$DOUBLE_JOURNAL"
for option in memmap=64M@0x40000000 "memmap=1M\$16M,64M!1G"; do
	configure b 2 4 "cmdline = $option"
	refused "$conf/b.conf:6: cmdline: \"$option\" gives the vnode memory, expected \"memory =\" and \"address =\"" b
done
configure b 2 4 "cmdline = quiet vnode=3"
refused "$conf/b.conf:6: cmdline: \"vnode=3\": expected \"id = ID\" instead" b
configure b 2 4 "cmdline = vnode-cpus=3"
refused "$conf/b.conf:6: cmdline: \"vnode-cpus=3\": expected \"cpus = LIST\" instead" b
check "so does check" 1 "" \
	"vnode: $conf/b.conf:6: cmdline: \"vnode-cpus=3\": expected \"cpus = LIST\" instead" "$vnode" check b
configure b 2 4
check "check needs no KMB, and starts nothing" 0 "" "" env VNODE_KMB="$tmp/none" "$vnode" check a b c
check "check finds what start would" 1 "" \
	"vnode: $conf/d.conf:2: id = 1 is already in $conf/a.conf:2, expected an ID of its own" "$vnode" check a d
check "files, too" 1 "" \
	"vnode: $conf/i.conf:6: initrd = \"$tmp/nothing\": not a regular file, expected a readable file" \
	"$vnode" check i
check "check of nothing" 2 "" "*" "$vnode" check
journal "KMB was not asked" ""

forget_vnodes
check "crashes while booting" 1 "" "vnode: b: crashed while booting, see \"vnode log 2\"" \
	env DOUBLE_BOOTED=crashed "$vnode" start b
check "does not come up in time" 1 "" "vnode: b: still loading after 1 s, see \"vnode log 2\"" \
	env DOUBLE_BOOTED=loading "$vnode" start b --timeout 1
check "--timeout 0 does not wait" 0 "" "" env DOUBLE_BOOTED=loading "$vnode" start b --timeout 0
check "has already shut down" 0 "" "" env DOUBLE_BOOTED=stopped "$vnode" start b
: > "$DOUBLE_JOURNAL"
DOUBLE_BOOTED=loading "$vnode" start b > "$tmp/out" 2>&1 &
starter=$!
await boot "$DOUBLE_JOURNAL" && kill -0 $starter
result $? "start waits while the vnode is loading"
put 2 state running
wait $starter
result $? "and ends when it runs"

# --- wait

put 2 state running
check "wait for the state it has" 0 "" "" "$vnode" wait b --state running --timeout 60
check "wait for a state that does not come" 1 "" "vnode: b: is running after 1 s, expected stopped" \
	"$vnode" wait 2 --state stopped --timeout 1
check "wait for no time" 1 "" "vnode: b: is running after 0 s, expected stopped" \
	"$vnode" wait 2 --state=stopped --timeout=0
check "wait for nobody" 1 "" "vnode: nobody: no vnode of that name" \
	"$vnode" wait nobody --state running
"$vnode" wait b --state stopped > "$tmp/out" 2>&1 &
waiter=$!
# When it has opened the last file, it has read the earlier states, and waits for none of them.
bad=0
for state in running stopping stopping; do
	put 2 state $state
	await_open $waiter /vnodes/2/state || bad=1
done
result $bad "wait lasts until the state comes"
put 2 state stopped
wait $waiter
result $? "and ends then"

# Later states, by the state and the restart policy; a blank if only an end allows a
# conclusion.
later() {
	put 2 restart "$2"
	put 2 state "$1"
	for state in loading running stopping stopped crashed hung; do
		[ "$state" != "$1" ] || continue
		"$vnode" wait 2 --state "$state" --timeout 0 2> "$tmp/err" && echo "succeeds"
		if grep -qx "vnode: b: is $1 after 0 s, expected $state" "$tmp/err"; then
			printf '%s ' "$state"
		elif ! grep -qx "vnode: b: is $1, expected $state: $3" "$tmp/err"; then
			cat "$tmp/err"
		fi
	done
}
# can_become STATES STATE RESTART WHY-NOT
can_become() {
	same states "$1" "$(later "$2" "$3" "$4")"
	result $? "later states of $2 with restart = $3: ${1:-none}"
}
ended='it has ended, and only "vnode start" starts it again'
told='it was told to stop, and is not started again'
can_become "running stopping stopped crashed hung " loading no 'with restart = no it is not started again'
can_become "stopping stopped crashed hung " running no 'with restart = no it is not started again'
can_become "running stopping stopped crashed " hung no 'with restart = no it is not started again'
can_become "" stopped no "$ended"
can_become "" crashed no "$ended"
for policy in on-failure always; do
	can_become "running stopping stopped crashed hung " loading $policy none
	can_become "loading stopping stopped crashed hung " running $policy none
	can_become "loading running stopping stopped crashed " hung $policy none
	can_become "" stopped $policy "$ended"
	can_become "" crashed $policy "$ended"
done
for policy in no on-failure always; do
	can_become "stopped crashed hung " stopping $policy "$told"
done
put 2 restarting 1
can_become "loading running stopping crashed hung " stopped always none
can_become "loading running stopping stopped hung " crashed on-failure none
put 2 restarting 0

# It also ends without a time limit.
check "wait for what cannot come" 1 "" "vnode: b: is crashed, expected running: $ended" \
	timeout 60 "$vnode" wait b --state running
put 2 restart no
put 2 state running
"$vnode" wait b --state hung --timeout 60 2> "$tmp/err" &
waiter=$!
await_open $waiter /vnodes/2/state
put 2 state stopped
wait $waiter
same status 1 $? && same stderr "vnode: b: is stopped, expected hung: $ended" "$(cat "$tmp/err")"
result $? "wait ends when what it waits for cannot come any more"
put 2 restart on-failure
put 2 restarting 1
put 2 state crashed
"$vnode" wait b --state running --timeout 60 2> "$tmp/err" &
waiter=$!
bad=0
for state in crashed crashed loading loading; do
	put 2 state $state
	await_open $waiter /vnodes/2/state || bad=1
done
result $bad "wait lasts while the vnode is started again"
put 2 restarting 0
put 2 state running
wait $waiter
result $? "and ends when it has been"
check "the root does not change" 1 "" \
	"vnode: root: is running, expected stopped: the root vnode is always running" \
	timeout 60 "$vnode" wait root --state stopped
put 2 restart no
rm "$sys/vnodes/2/state"
check "wait without a state to read" 1 "" \
	"vnode: $sys/vnodes/2/state: No such file or directory" \
	"$vnode" wait 2 --state running
: > "$DOUBLE_JOURNAL"

# --- stop and kill

new_machine
add 1 a running 1 67108864 0x10000000 ''
add 2 b hung 2 67108864 0x20000000 ''
add 3 c crashed '' 0 0x0 ''
add 4 d loading 4 67108864 0x30000000 ''
check "stop" 0 "" "" "$vnode" stop a
journal "asks it" "stop 1"
put 1 state running
check "stop several, one of them twice" 0 "" "" "$vnode" stop a 2 1 c
journal "asks those alive, once each" "stop 1
stop 2"
put 1 state running
put 2 state hung
check "does not stop" 0 "" "vnode: a: did not stop within 1 s, killing it
vnode: b: did not stop within 1 s, killing it" \
	env DOUBLE_STOPPED=stopping "$vnode" stop a b --timeout 1
journal "all are asked, then killed" "stop 1
stop 2
kill 1
kill 2"
add 1 a running 1 67108864 0x10000000 ''
check "does not stop and cannot be killed" 1 "" "vnode: a: did not stop within 0 s, killing it
vnode: a: no" env DOUBLE_STOPPED=stopping DOUBLE_FAIL="kill 1" DOUBLE_ERROR=no \
	"$vnode" stop a --timeout 0
: > "$DOUBLE_JOURNAL"
put 1 state running
put 2 state running
check "cannot be asked" 1 "" "vnode: a: no" \
	env DOUBLE_FAIL="stop 1" DOUBLE_ERROR=no "$vnode" stop a b
journal "the other is" "stop 1
stop 2"
check "cannot be asked because it boots" 0 "" "" env DOUBLE_FAIL="stop 4" "$vnode" stop d
journal "is killed" "stop 4
kill 4"
new_machine
check "stop of all, of none" 0 "" "" env VNODE_KMB="$tmp/none" "$vnode" stop --all
add 1 a running 1 67108864 0x10000000 ''
add 2 b hung 2 67108864 0x20000000 ''
add 3 c crashed '' 0 0x0 ''
add 4 d crashed '' 0 0x0 ''
put 4 restarting 1
check "stop of all" 0 "" "" "$vnode" stop --all
journal "asks those alive, and the one that is about to be" "stop 1
stop 2
stop 4"
put 1 state running
check "all, one of which does not stop" 0 "" "vnode: a: did not stop within 1 s, killing it" \
	env DOUBLE_STOPPED=stopping "$vnode" stop --all --timeout 1
journal "it is killed" "stop 1
kill 1"
put 1 state running
check "all, one of which cannot be stopped" 1 "" "vnode: a: no" \
	env DOUBLE_FAIL="stop 1" DOUBLE_ERROR=no "$vnode" stop --all
check "all without KMB" 1 "" "vnode: $tmp/none: No such file or directory: is the kmb module loaded?" \
	env VNODE_KMB="$tmp/none" "$vnode" stop --all
check "all and one" 2 "" "vnode stop: --all and \"a\" exclude each other
Try \`vnode stop --help' or \`vnode stop --usage' for more information." "$vnode" stop --all a
check "kill of all" 2 "" "*" "$vnode" kill --all
: > "$DOUBLE_JOURNAL"
add 2 b running 2 67108864 0x20000000 ''
check "one of several is unknown" 1 "" "vnode: nobody: no vnode of that name" \
	"$vnode" stop a nobody
check "the root cannot be stopped" 1 "" "vnode: 0: is the root vnode, use poweroff or reboot" \
	"$vnode" stop a 0
check "nor killed" 1 "" "vnode: root: is the root vnode, use poweroff or reboot" \
	"$vnode" kill root
journal "and nothing was asked" ""
check "kill" 0 "" "" "$vnode" kill a b
journal "at once" "kill 1
kill 2"
check "one cannot be killed" 1 "" "vnode: a: no" \
	env DOUBLE_FAIL="kill 1" DOUBLE_ERROR=no "$vnode" kill a b
journal "the other is" "kill 1
kill 2"

# --- restart

new_machine
configure b 2 4
add 2 b running 4 67108864 0x20000000 "$conf/b.conf"
check "restart" 0 "" "" "$vnode" restart b
journal "stops and starts" "stop 2
$load_b
boot 2"
put 2 state crashed
check "restart one that crashed" 0 "" "" "$vnode" restart 2
journal "just starts" "$load_b
boot 2"
configure b 3 4
check "restart with another ID" 1 "" "vnode: $conf/b.conf:2: id = 3, expected 2, that of the vnode" \
	"$vnode" restart b
configure b 2 x
check "restart with a broken configuration" 1 "" \
	"vnode: $conf/b.conf:3: cpus = \"x\": expected APIC IDs like 1-3,5" "$vnode" restart b
put 2 config ''
check "restart without a configuration" 1 "" \
	"vnode: b: was not started from a configuration file" "$vnode" restart b
check "restart the root" 1 "" "vnode: 0: is the root vnode, use poweroff or reboot" \
	"$vnode" restart 0
journal "and nothing was asked" ""

echo "1..$n"
