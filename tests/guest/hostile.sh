# shellcheck shell=sh
# hostile.sh SEED EACH: vnode 1 damages all that vnodes share; the root, 2 and 3 go on.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/guest/citizen.sh
. ./citizen.sh

seed=$1 each=$2
vnodes=/sys/kernel/adeos/vnodes
shared=$(vnode memory | awk '$4 == "shared" { print $1 }')
echo "# seed $seed"
before=$(pools)
# Reads through CF8 and CFC, whose lock the hostile vnode also writes to
pci() {
	md5sum /sys/bus/pci/devices/*/config
}
devices=$(pci)
hostile="adeos_hostile shared=$shared seed=$seed each=$each"

# bad ID: its counters
bad() {
	for file in "$vnodes/$1"/*_bad "$vnodes/$1/repairs"; do
		echo "${file##*/} $(cat "$file")"
	done
}

await_nonsense() {
	tries=0
	until dmesg | grep -q 'vnode 1 reports nonsense'; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || return 1
		sleep 0.5
	done
}

node 1 1,2 96M "cmdline = lab.run=\"modprobe $hostile; sleep 100000\""
node 2 3 96M 'cmdline = lab.run="modprobe adeos_citizen with=0xd; sleep 100000"'
node 3 4 96M 'cmdline = lab.run="modprobe adeos_citizen with=0xd; sleep 100000"'
ok 'two vnodes' vnode start --timeout 300 node2 node3
follow 2
follow 3
ok 'a third one is the root' modprobe adeos_citizen with=0xd
for id in 0 2 3; do
	ok "$id meets all" meets 0xd 0 $id
done

ok 'a hostile vnode' vnode start --timeout 300 node1
# The last of its phases is to write to its own slot, its log included.
ok 'it does its worst' await_nonsense
for id in 2 3; do
	ok "$id goes on" goes_on $id
	ok "the heart of $id beats" await_beat $id
done
ok 'the root goes on' goes_on 0
for id in 0 2 3; do
	diag "$(says $id | tail -n 1)"
	diag "$(bad $id)"
done
is "$(pci)" "$devices" 'the root still reads the configuration of PCI devices'
ok 'its log can be read, whatever that says' sh -c 'vnode log 1 >/dev/null'
counters_are_numbers() {
	bad 1 >/tmp/bad && [ "$(wc -l </tmp/bad)" -gt 1 ] && ! grep -vE '^[a-z_]+ [0-9]+$' /tmp/bad
}
ok 'its counters are numbers' counters_are_numbers

r0=$(round 0) r2=$(round 2) r3=$(round 3)
ok 'the hostile vnode is killed' vnode kill 1
ok 'the root meets all again' meets 0xd "$r0" 0
is "$(pci)" "$devices" 'and reads the configuration of PCI devices'
# unlocked: the lock for this is repaired with the next beat of the vnode that it names
unlocked() {
	for tries in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		timeouts=$(cat $vnodes/0/lock_timeouts)
		pci >/dev/null
		[ "$(cat $vnodes/0/lock_timeouts)" != "$timeouts" ] || return 0
		sleep 1
	done
	return "$tries"
}
ok 'with the lock that it needs for that' unlocked
ok '2 meets all again' meets 0xd "$r2" 2
ok '3 meets all again' meets 0xd "$r3" 3
like "$(dmesg)" 'adeos: the commons are damaged: .*[1-9]' 'the root has logged it'
for id in 2 3; do
	like "$(vnode log $id)" 'adeos: the commons are damaged: .*[1-9]' "$id has logged it"
done

# Now there are four citizens: all must know the new one
node 1 1,2 96M 'cmdline = lab.run="modprobe adeos_citizen with=0xd; sleep 100000"'
# joined ID: how often it has been told of vnode 1
joined() {
	grep -ac 'vnode 1 has joined' "/run/log.$1"
}
joined_more() {
	[ "$(joined "$1")" -gt "$2" ]
}
joined_2=$(joined 2) joined_3=$(joined 3)
ok 'a new vnode of that ID' vnode start --timeout 300 node1
ok 'the new vnode is a member' await_log 1 'citizen: round [0-9]* met 0xd'
ok '2 knows of the new one' await joined_more 2 "$joined_2"
ok '3 knows of the new one' await joined_more 3 "$joined_3"
for id in 2 3; do
	no_splat $id "vnode $id has nothing to complain about"
done

for id in 1 2 3; do
	ok "$id is killed" vnode kill $id
done
ok 'the root is through' modprobe -r adeos_citizen
ok 'no bridge is left behind' nothing_left
restored "$before" 'no memory is left behind'
