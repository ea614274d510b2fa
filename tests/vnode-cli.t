#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The vnode command from outside: what it prints, its exit status, and what it
# asks of KMB.  The kernel is played by a folder for sysfs and by
# unit/kmb_double.c; all runs under AddressSanitizer and UBSan.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
mkdir -p "${LAB_BUILD:-$here/../build}/unit" || exit 1
out=$(cd "${LAB_BUILD:-$here/../build}/unit" && pwd) || exit 1
src=$here/../tools/vnode
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
umask 022
n=0

# result STATUS DESCRIPTION
result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
}

# same WHAT EXPECTED GOT
same() {
	[ "$2" = "*" ] && return 0
	[ "$2" = "$3" ] && return 0
	printf '%s\n' "$1: expected" "$2" "$1: got" "$3" | sed 's/^/# /'
	return 1
}

# check DESCRIPTION STATUS STDOUT STDERR COMMAND...; "*" is anything
check() {
	description=$1 status=$2 stdout=$3 stderr=$4
	shift 4
	"$@" < /dev/null > "$tmp/out" 2> "$tmp/err"
	got=$?
	bad=0
	same status "$status" "$got" || bad=1
	same stdout "$stdout" "$(cat "$tmp/out")" || bad=1
	same stderr "$stderr" "$(cat "$tmp/err")" || bad=1
	result $bad "$description"
}

# journal DESCRIPTION EXPECTED: what KMB was asked since the last time
journal() {
	same journal "$2" "$(cat "$DOUBLE_JOURNAL")"
	result $? "$1"
	: > "$DOUBLE_JOURNAL"
}

# put ID FILE VALUE: like the kernel, in one step
put() {
	printf '%s\n' "$3" > "$sys/vnodes/$1/$2.new"
	mv "$sys/vnodes/$1/$2.new" "$sys/vnodes/$1/$2"
}

# add ID NAME STATE CPUS MEMORY ADDRESS CONFIG
add() {
	mkdir -p "$sys/vnodes/$1"
	put "$1" name "$2"
	put "$1" state "$3"
	put "$1" cpus "$4"
	put "$1" memory "$5"
	put "$1" address "$6"
	put "$1" heartbeat 17
	put "$1" cmdline "vnode=$1 quiet"
	put "$1" config "$7"
	put "$1" restart no
	put "$1" restarting 0
}

# bridge NUMBER NAME SCOPE OWNER STATE USERS
bridge() {
	mkdir -p "$sys/bridges/$1"
	printf '%s\n' "$2" > "$sys/bridges/$1/name"
	printf '%s\n' "$3" > "$sys/bridges/$1/scope"
	printf '%s\n' "$4" > "$sys/bridges/$1/owner"
	printf '%s\n' "$5" > "$sys/bridges/$1/state"
	printf '%s\n' "$6" > "$sys/bridges/$1/users"
	echo movable > "$sys/bridges/$1/kind"
	echo write > "$sys/bridges/$1/access"
	echo 0x14100000 > "$sys/bridges/$1/address"
	echo 1048576 > "$sys/bridges/$1/size"
	echo 0-2,5 > "$sys/bridges/$1/allowed"
}

# the root, and nothing else
new_machine() {
	rm -rf "$sys" "$conf"
	mkdir -p "$sys/vnodes" "$sys/bridges" "$conf"
	echo 0 > "$sys/vnode"
	add 0 root running 0 268435456 0x0 ''
}

# configure NAME ID CPUS [LINE]
configure() {
	cat > "$conf/$1.conf" <<-EOF
	[vnode]
	id = $2
	cpus = $3
	memory = 64M
	kernel = $tmp/bzImage
	$4
	EOF
}

# await PATTERN FILE: until it is there, for a minute at most
await() {
	tries=600
	until grep -q "$1" "$2"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# await_open PID END: until it has a file open whose path ends so, likewise
await_open() {
	tries=600
	until readlink /proc/"$1"/fd/* 2> /dev/null | grep -q "$2\$"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# unprivileged COMMAND...
unprivileged() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

flock "$out/lock" make -s -C "$src" O="$out" all check-bins > "$tmp/log" 2>&1
status=$?
result $status "vnode builds"
sed 's/^/# /' "$tmp/log"
[ $status -eq 0 ] || exit 1

# where an unprivileged user can reach them
chmod 755 "$tmp"
cp "$out/vnode-check" "$out/vnode-double" "$tmp"
real=$tmp/vnode-check
vnode=$tmp/vnode-double
sys=$tmp/sys
conf=$tmp/conf
export ASAN_OPTIONS=exitcode=99 LSAN_OPTIONS=exitcode=99
export VNODE_SYSFS="$sys" VNODE_CONF_DIR="$conf" VNODE_KMB=/dev/null
export DOUBLE_JOURNAL="$tmp/journal"
: > "$DOUBLE_JOURNAL"
echo kernel > "$tmp/bzImage"
echo initrd > "$tmp/initrd.img"
new_machine

# --- the command line

check "--help" 0 "*" "" "$vnode" --help
for command in start check list show wait stop kill restart log memory bridge console exec agent; do
	grep -q "^  $command " "$tmp/out" || echo "# $command is missing"
done | grep . && bad=1 || bad=0
result $bad "--help names all commands"
check "--version" 0 "vnode $(sed -n 's/^VERSION := //p' "$src/Makefile")" "" "$vnode" --version
check "--help of a command" 0 "*" "" "$vnode" wait --help
check "no command" 2 "" "*" "$vnode"
check "not a command" 2 "" "vnode: \"begin\" is not a command
Try \`vnode --help' or \`vnode --usage' for more information." "$vnode" begin
check "start without arguments" 2 "" "*" "$vnode" start
check "show with two arguments" 2 "" "*" "$vnode" show 1 2
check "list with an argument" 2 "" "*" "$vnode" list x
check "unknown option" 2 "" "*" "$vnode" list --xml
check "wait without --state" 2 "" "*" "$vnode" wait 0
check "wait for a state that is none" 2 "" "*" "$vnode" wait 0 --state asleep
check "wait for defined" 2 "" "*" "$vnode" wait 0 --state defined
for timeout in '' -1 1x 1.5 99999999999999999999; do
	check "timeout \"$timeout\"" 2 "" "*" "$vnode" stop 1 --timeout="$timeout"
done
check "device is not there yet" 1 "" "vnode: device: not supported by this version" \
	"$vnode" device 1 -- ls -l

# --- without a kernel that can

configure a 1 1
none="this kernel was not booted as the root vnode (no vnode=0 on its command line)"
check "list, kernel without vnodes" 1 "" "vnode: $tmp/none/vnodes: $none" \
	env VNODE_SYSFS="$tmp/none" "$real" list
check "show, kernel without vnodes" 1 "" "vnode: $tmp/none/vnodes: $none" \
	env VNODE_SYSFS="$tmp/none" "$real" show a
for command in "start a" memory; do
	# shellcheck disable=SC2086
	check "$command, kernel without vnodes" 1 "" "vnode: $tmp/kmb: $none" \
		env VNODE_SYSFS="$tmp/none" VNODE_KMB="$tmp/kmb" "$real" $command
done
check "KMB is not loaded" 1 "" \
	"vnode: $tmp/kmb: No such file or directory: is the kmb module loaded?" \
	env VNODE_KMB="$tmp/kmb" "$real" start a
echo 3 > "$sys/vnode"
check "not in the root" 1 "" \
	"vnode: $tmp/kmb: this is vnode 3, and only the root vnode (0) has it" \
	env VNODE_KMB="$tmp/kmb" "$real" start a
mv "$sys/vnodes" "$tmp/vnodes"
check "list, not in the root" 1 "" \
	"vnode: $sys/vnodes: this is vnode 3, and only the root vnode (0) has it" "$real" list
mv "$tmp/vnodes" "$sys/vnodes"
echo 0 > "$sys/vnode"
: > "$tmp/kmb"
chmod 600 "$tmp/kmb"
[ "$(id -u)" -eq 0 ] || chmod 0 "$tmp/kmb"
add 1 a running 1 67108864 0x10000000 ''
for command in "start a" "stop a" "kill a" "log a" memory; do
	# shellcheck disable=SC2086
	check "$command, unprivileged" 1 "" "vnode: $tmp/kmb: needs root (CAP_SYS_ADMIN)" \
		unprivileged env VNODE_KMB="$tmp/kmb" "$real" $command
done
# /dev/null knows none of the calls
no="Inappropriate ioctl for device"
check "load, not KMB's device" 1 "" "vnode: a: /dev/null: cannot load: $no" "$real" start a
check "stop, not KMB's device" 1 "" "vnode: a: /dev/null: cannot stop: $no" "$real" stop a
check "kill, not KMB's device" 1 "" "vnode: a: /dev/null: cannot kill: $no" "$real" kill a
check "log, not KMB's device" 1 "" "vnode: a: /dev/null: cannot read the log: $no" "$real" log a
check "memory, not KMB's device" 1 "" "vnode: memory: /dev/null: cannot read the map of memory: $no" \
	"$real" memory
check "list, unprivileged" 0 "*" "" unprivileged "$real" list
check "show, unprivileged" 0 "*" "" unprivileged "$real" show a

# --- list and show

new_machine
configure known 2 3
configure web 7 8-10,4 "address = 1G"
configure db 5 5
add 10 ten running "9,1-3" 67108864 0x40000000 /x/ten.conf
add 2 known crashed '' 0 0x0 "$conf/known.conf"
check "list" 0 "ID  NAME   STATE    CPUS    MEMORY  ADDRESS
0   root   running  0       256M    0x0
2   known  crashed  -       -       -
10  ten    running  9,1-3   64M     0x40000000
5   db     defined  5       64M     -
7   web    defined  8-10,4  64M     0x40000000" "" "$vnode" list
rm "$conf/db.conf"
check "list --json" 0 "[
  {
    \"id\": 0,
    \"name\": \"root\",
    \"state\": \"running\",
    \"cpus\": [
      0
    ],
    \"memory\": 268435456,
    \"address\": 0,
    \"heartbeat\": 17,
    \"config\": null,
    \"restart\": \"no\"
  },
  {
    \"id\": 2,
    \"name\": \"known\",
    \"state\": \"crashed\",
    \"cpus\": [],
    \"memory\": 0,
    \"address\": null,
    \"heartbeat\": 17,
    \"config\": \"$conf/known.conf\",
    \"restart\": \"no\"
  },
  {
    \"id\": 10,
    \"name\": \"ten\",
    \"state\": \"running\",
    \"cpus\": [
      9,
      1,
      2,
      3
    ],
    \"memory\": 67108864,
    \"address\": 1073741824,
    \"heartbeat\": 17,
    \"config\": \"/x/ten.conf\",
    \"restart\": \"no\"
  },
  {
    \"id\": 7,
    \"name\": \"web\",
    \"state\": \"defined\",
    \"cpus\": [
      8,
      9,
      10,
      4
    ],
    \"memory\": 67108864,
    \"address\": 1073741824,
    \"heartbeat\": null,
    \"config\": \"$conf/web.conf\",
    \"restart\": \"no\"
  }
]" "" "$vnode" list --json
configure broken 1x 1
check "list with a broken configuration" 0 "*" \
	"vnode: $conf/broken.conf:2: id = \"1x\": expected a vnode ID from 1 to 63" "$vnode" list
[ "$(wc -l < "$tmp/out")" -eq 5 ]
result $? "all others are listed"
rm "$conf/broken.conf"
check "list to a full disk" 1 "" "vnode: output: No space left on device" \
	sh -c "'$vnode' list > /dev/full"

check "show by ID" 0 "id: 10
name: ten
state: running
cpus: 9,1-3
memory: 64M
address: 0x40000000
heartbeat: 17
config: /x/ten.conf
restart: no
cmdline: vnode=10 quiet" "" "$vnode" show 10
check "show by name, configuration readable" 0 "id: 2
name: known
state: crashed
cpus: -
memory: -
address: -
heartbeat: 17
config: $conf/known.conf
restart: no
cmdline: vnode=2 quiet
kernel: $tmp/bzImage
initrd: -" "" "$vnode" show known
check "show what is not loaded" 0 "id: 7
name: web
state: defined
cpus: 8-10,4
memory: 64M
address: 0x40000000
heartbeat: -
config: $conf/web.conf
restart: no
cmdline: -
kernel: $tmp/bzImage
initrd: -" "" "$vnode" show web
check "show --json" 0 "{
  \"id\": 2,
  \"name\": \"known\",
  \"state\": \"crashed\",
  \"cpus\": [],
  \"memory\": 0,
  \"address\": null,
  \"heartbeat\": 17,
  \"config\": \"$conf/known.conf\",
  \"restart\": \"no\",
  \"cmdline\": \"vnode=2 quiet\",
  \"kernel\": \"$tmp/bzImage\",
  \"initrd\": null
}" "" "$vnode" show 2 --json
check "show an unknown ID" 1 "" "vnode: 33: no vnode with that ID" "$vnode" show 33
check "show an ID out of range" 1 "" "vnode: 64: expected a vnode ID from 0 to 63" "$vnode" show 64
check "show an unknown name" 1 "" "vnode: nobody: no vnode of that name" "$vnode" show nobody
add 11 ten stopped '' 0 0x0 ''
check "of two with one name the one alive is meant" 0 "*" "" "$vnode" show ten
grep -q '^id: 10$' "$tmp/out"
result $? "and shown"
put 10 state stopped
check "two that ended are not told apart" 1 "" \
	"vnode: ten: is the name of vnodes 10 and 11, expected an ID" "$vnode" show ten

# --- what sysfs should not say

new_machine
add 1 a running 1 67108864 0x10000000 ''
# wrong FILE VALUE EXPECTED
wrong() {
	put 1 "$1" "$2"
	check "sysfs: $1 is \"$2\"" 1 "" "vnode: $sys/vnodes/1/$1: \"$2\": expected $3" "$vnode" list
	add 1 a running 1 67108864 0x10000000 ''
}
wrong state '' "a vnode's state"
wrong state sleeping "a vnode's state"
wrong cpus 1- "APIC IDs like 1-3,5"
wrong memory '' "a number"
wrong memory -1 "a number"
wrong memory 99999999999999999999 "a number"
wrong address 0x "a number"
wrong heartbeat 1.5 "a number"
put 1 name "a
b"
check "sysfs: two lines" 1 "" "vnode: $sys/vnodes/1/name: expected one line of text" "$vnode" list
put 1 name 12345678901234567890123456789012
check "sysfs: too long" 1 "" \
	"vnode: $sys/vnodes/1/name: too long, expected less than 32 characters" "$vnode" list
rm "$sys/vnodes/1/name"
check "sysfs: missing" 1 "" "vnode: $sys/vnodes/1/name: No such file or directory" "$vnode" list
add 1 a running 1 67108864 0x10000000 ''
printf '\000\001\377' > "$sys/vnodes/1/restart"
check "sysfs: NUL bytes" 1 "" "vnode: $sys/vnodes/1/restart: expected one line of text" "$vnode" list
printf '\001\377\n' > "$sys/vnodes/1/restart"
check "sysfs: not UTF-8, as JSON" 0 "*" "" "$vnode" list --json
grep -Fq '"restart": "\u0001?"' "$tmp/out"
result $? "and escaped"
add 1 a running 1 67108864 0x10000000 ''
mkdir "$sys/vnodes/64"
check "sysfs: ID out of range" 1 "" \
	"vnode: $sys/vnodes: \"64\": expected a vnode ID from 0 to 63" "$vnode" list
head -c 2047 /dev/zero | tr '\0' x > "$tmp/long"
rmdir "$sys/vnodes/64"
put 1 cmdline "$(cat "$tmp/long")"
check "sysfs: longest command line" 0 "*" "" "$vnode" list

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
# located WHERE TEXT ADDED: what becomes of the kernel's error
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

# refused ERROR ARGUMENT...: an error before KMB is asked anything
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


# cmdline LINE ERROR: what is said of that command line
cmdline() {
	configure b 2 4 "cmdline = $1"
	check "cmdline = $1" 0 "" "${2:+vnode: $conf/b.conf:6: warning: cmdline: $2}" "$vnode" check b
}
cmdline "quiet nosmpx xnosmp acpi=on tsc=reliable console=hvc0 console=ttyV0 nomem lab.run=\"mem=64M nosmp\" -- nosmp" ""
cmdline "x=\"a b\" nosmp" '"nosmp" takes from the vnode all CPUs but the first one, expected one CPU in "cpus ="'
cmdline "maxcpus=1" '"maxcpus=1" takes from the vnode CPUs until they are brought online, expected fewer CPUs in "cpus ="'
for option in nr_cpus=1 nr-cpus=1 possible_cpus=1 nosmt nosmt=force; do
	cmdline "$option" "\"$option\" takes from the vnode CPUs, expected fewer CPUs in \"cpus =\""
done
cmdline "acpi=off" '"acpi=off" takes from the vnode CPUs'
for option in nolapic disableapic; do
	cmdline "$option" "\"$option\" takes from the vnode local APICs, and so all CPUs but the first one"
done
cmdline "noapic" '"noapic" takes from the vnode interrupts'
for option in nolapic_timer noapictimer; do
	cmdline "$option" "\"$option\" takes from the vnode the timers of its CPUs"
done
for option in notsc tsc=unstable; do
	cmdline "$option" "\"$option\" takes from the vnode its clock"
done
for option in mem=64M 'memmap=1M$16M' memmap=exactmap; do
	cmdline "$option" "\"$option\" takes from the vnode memory, expected less in \"memory =\""
done
cmdline "highmem=0" '"highmem=0" takes from the vnode memory above 896M, expected less in "memory ="'
cmdline "noinitrd" '"noinitrd" takes from the vnode its initrd, expected no "initrd ="'
for option in initrd=1M,1M initrdmem=1M,1M; do
	cmdline "$option" "\"$option\" takes from the vnode its initrd, expected another \"initrd =\""
done
cmdline "console=ttyS0" '"console=ttyS0" takes from the vnode /dev/console, which "vnode log" shows'
cmdline "\"noapic\" acpi=\"off\"" "\"noapic\" takes from the vnode interrupts
vnode: $conf/b.conf:6: warning: cmdline: \"acpi=off\" takes from the vnode CPUs"
check "start warns of them, too" 0 "" "vnode: $conf/b.conf:6: warning: cmdline: \"noapic\" takes from the vnode interrupts
vnode: $conf/b.conf:6: warning: cmdline: \"acpi=off\" takes from the vnode CPUs" "$vnode" start b
: > "$DOUBLE_JOURNAL"
for option in memmap=64M@0x40000000 'memmap=1M$16M,64M!1G'; do
	configure b 2 4 "cmdline = $option"
	refused "$conf/b.conf:6: cmdline: \"$option\" gives it memory, expected \"memory =\" and \"address =\"" b
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
# When it has opened what was put last, what was put before was none that it waits for.
bad=0
for state in running stopping stopping; do
	put 2 state $state
	await_open $waiter /vnodes/2/state || bad=1
done
result $bad "wait lasts until the state comes"
put 2 state stopped
wait $waiter
result $? "and ends then"

# What comes later, by the state and the restart policy; a blank if nothing can
# be concluded but from an end.
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
ended='it has ended, and nothing but "vnode start" starts it again'
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

# Without a time limit, it comes to an end, too.
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

# --- log and memory

new_machine
add 1 a running 1 67108864 0x10000000 ''
export DOUBLE_LOG="$tmp/kernel.log"
printf 'Linux version 6\nand \000 more\nPanic' > "$DOUBLE_LOG"
"$vnode" log a > "$tmp/out" 2> "$tmp/err"
result $? "log"
cmp "$tmp/out" "$DOUBLE_LOG"
result $? "prints every byte"
check "log cannot be read" 1 "" "vnode: a: no" env DOUBLE_FAIL=log DOUBLE_ERROR=no "$vnode" log 1
check "log to a full disk" 1 "" "vnode: a: output: No space left on device" \
	sh -c "'$vnode' log a > /dev/full"
# As a person sees it, who is not to have the terminal driven by a program of the vnode's
printf 'red: \033[31m\033]0;title\007, back: \r, UTF-8: \303\244 \302\233\n' > "$tmp/nasty.log"
env DOUBLE_LOG="$tmp/nasty.log" "$vnode" log a > "$tmp/out"
cmp "$tmp/out" "$tmp/nasty.log"
result $? "log to a file is as it is"
gcc -O1 -Wall -Wextra -D_GNU_SOURCE -o "$tmp/pty" "$here/unit/pty.c"
echo end | env LC_ALL=C.UTF-8 DOUBLE_LOG="$tmp/nasty.log" "$tmp/pty" "$vnode" log a > "$tmp/out"
same screen 'red: \x1b[31m\x1b]0;title\x07, back: \x0d, UTF-8: ä \xc2\x9b' "$(tr -d '\r' < "$tmp/out")"
result $? "log to a terminal shows what would drive it"
echo end | env LC_ALL=C DOUBLE_LOG="$tmp/nasty.log" "$tmp/pty" "$vnode" log -f a > "$tmp/out" &
follower=$!
await 'x9b' "$tmp/out"
put 1 state stopped
wait $follower
same screen 'red: \x1b[31m\x1b]0;title\x07, back: \x0d, UTF-8: \xc3\xa4 \xc2\x9b' "$(tr -d '\r' < "$tmp/out")"
result $? "as does log -f, in ASCII where that is all"
put 1 state running
"$vnode" log -f a > "$tmp/out" 2> "$tmp/err" &
follower=$!
await Panic "$tmp/out"
result $? "log -f prints what there is"
echo " and the end" >> "$DOUBLE_LOG"
put 1 state crashed
wait $follower
result $? "log -f ends with the vnode"
cmp "$tmp/out" "$DOUBLE_LOG"
result $? "with the last line"

bridge 5 Ethernet global 1 live 0-1
check "memory" 0 "START        END          SIZE  OWNER
0x000000000  0x00fffffff  256M  root
0x010000000  0x013ffffff  64M   vnode 1 a
0x014000000  0x0140fffff  1M    shared
0x014100000  0x0141fffff  1M    bridge 5 Ethernet
0x014200000  0x0142fffff  1M    free" "" "$vnode" memory
check "memory --json" 0 "[
  {
    \"start\": 0,
    \"end\": 268435455,
    \"size\": 268435456,
    \"kind\": \"root\",
    \"id\": null,
    \"name\": null
  },
  {
    \"start\": 268435456,
    \"end\": 335544319,
    \"size\": 67108864,
    \"kind\": \"vnode\",
    \"id\": 1,
    \"name\": \"a\"
  }
]" "" env DOUBLE_RANGES=2 "$vnode" memory --json
check "a long map" 0 "*" "" env DOUBLE_RANGES=300 "$vnode" memory
[ "$(wc -l < "$tmp/out")" -eq 301 ]
result $? "is printed whole"
check "no map" 1 "" "vnode: memory: no" \
	env DOUBLE_FAIL=memory DOUBLE_ERROR=no "$vnode" memory

bridge 1023 box 1 none dying ''
check "bridge list" 0 "NAME      SCOPE   OWNER  USERS  KIND     STATE  SIZE  ADDRESS
Ethernet  global  1      0-1    movable  live   1M    0x14100000
box       1       none   -      movable  dying  1M    0x14100000" "" "$vnode" bridge list
rm -r "$sys/bridges/1023"
check "bridge list --json" 0 '[
  {
    "number": 5,
    "name": "Ethernet",
    "scope": null,
    "owner": 1,
    "state": "live",
    "kind": "movable",
    "access": "write",
    "address": 336592896,
    "size": 1048576,
    "allowed": [
      0,
      1,
      2,
      5
    ],
    "users": [
      0,
      1
    ]
  }
]' "" "$vnode" bridge list --json
check "bridge without list" 2 "" "*" "$vnode" bridge
check "bridge with another word" 2 "" 'vnode: bridge: "burn": expected "list"' "$vnode" bridge burn
# bridge_is FILE VALUE EXPECTED
bridge_is() {
	echo "$2" > "$sys/bridges/5/$1"
	check "sysfs: a bridge's $1 is \"$2\"" 1 "" \
		"vnode: $sys/bridges/5/$1: \"$2\": expected $3" "$vnode" bridge list
	bridge 5 Ethernet global 1 live 0-1
}
bridge_is size much "a number"
bridge_is address '' "a number"
bridge_is scope none "a vnode ID"
bridge_is owner 64 "a vnode ID"
for set in 0-64 2-1 1, 1- x '1 2' ,; do
	bridge_is users "$set" "vnode IDs like 0-2,5"
done
bridge_is allowed 64 "vnode IDs like 0-2,5"
rm -r "$sys/bridges/5/size"
check "a bridge without a size" 1 "" \
	"vnode: $sys/bridges/5/size: No such file or directory" "$vnode" bridge list
rm -r "$sys/bridges/5/state"
check "a bridge that vanishes meanwhile" 0 \
	"NAME  SCOPE  OWNER  USERS  KIND  STATE  SIZE  ADDRESS" "" "$vnode" bridge list
mkdir "$sys/bridges/1024"
check "a bridge's number that is none" 1 "" \
	"vnode: $sys/bridges: \"1024\": expected a number from 0 to 1023" "$vnode" bridge list
rm -r "$sys/bridges"
check "no bridges" 1 "" "vnode: $sys/bridges: No such file or directory" "$vnode" bridge list
mkdir "$sys/bridges"

# --- what is installed with it

# completes EXPECTED WORD...: what bash offers for the last word
completes() {
	expected=$1
	shift
	# shellcheck disable=SC2016
	offered=$(cd "$tmp/other" && bash -c '. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _vnode
		printf "%s\n" "${COMPREPLY[@]}"' "$src/vnode.bash" vnode "$@" 2>&1 | LC_ALL=C sort)
	same completion "$expected" "$offered"
	result $? "bash completes \"vnode $*\""
}
# shellcheck disable=SC2016
strange='x$(touch bad)'
configure web 7 7
configure "$strange" 8 8
completes "start
stop" st
completes "0
1
a
root" log ''
completes "a" kill a
completes "a" exec --tty a
completes "" exec a a
completes "" exec --timeout 3 a --
completes "a.conf" start a
completes "web" start w
completes "web" check w
completes "$strange" show x
completes "$strange" start x
[ ! -e "$tmp/other/bad" ]
result $? "and runs nothing for it"
completes "--help
--json" list -
completes "crashed" wait 1 --state c
completes "running" wait 1 --state = r

make -s -C "$src" O="$out" install DESTDIR="$tmp/install" > "$tmp/log" 2>&1
(cd "$tmp/install" && find . -type f | LC_ALL=C sort) > "$tmp/out"
same files "./usr/lib/systemd/system/vnodes.service
./usr/sbin/vnode
./usr/share/bash-completion/completions/vnode
./usr/share/man/man5/vnode.conf.5
./usr/share/man/man8/vnode.8" "$(cat "$tmp/out")"
result $? "make install"
file=$(od -A n -t x1 -j 4 -N 1 "$tmp/install/usr/sbin/vnode" | tr -d ' ')
same "ELF class" 01 "$file"
result $? "the installed vnode is for i386"

echo "1..$n"
