#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The vnode command: its command line, and what it shows.
# runs beside machines

# shellcheck source=tests/vnode-cli.sh
. "$(dirname "$0")/vnode-cli.sh"

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
# On a terminal, which a program of the vnode must not control
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
for set in 0-64 2-1 '1,' 1- x '1 2' ','; do
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
mkdir "$tmp/other"
: > "$tmp/other/a.conf"
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
