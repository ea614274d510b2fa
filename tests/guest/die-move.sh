# shellcheck shell=sh
# die-move.sh SEED CYCLES: vnode 2 uses bridges of vnode 1, and dies at an instruction of
# the code that freezes and thaws them, while the root makes room; again and again.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/guest/deaths.sh
. ./deaths.sh

seed=$1 cycles=$2
mover=/sys/module/adeos_mover/parameters
before=$(pools)
echo "# seed $seed"

# mortal SEED
mortal() {
	node 2 2 64M "cmdline = lab.run=\"modprobe adeos_mover kib=4 peers=2 again=1; modprobe adeos_die shared=$shared seed=$1 wait=3000 only=bridge_freeze,bridge_melt,adeos_bridge_freeze,adeos_bridge_thaw,find_bridge; sleep 100000\""
}

# clear: the root closes its own bridges, after it has found what it wrote
clear() {
	[ -e $mover ] || return 0
	[ "$(cat $mover/errors)" = 0 ] && modprobe -r adeos_mover
}

# checkerboard: little bridges all over what is free
checkerboard() {
	clear && modprobe adeos_mover kib=1024 keep=3 peers=2 again=1
}

# Makes room by moving bridges of vnode 1 and the root until vnode 2 dies.
awaits_death() {
	checkerboard || return 1
	tries=0
	until is_dead 2; do
		tries=$((tries + 1))
		[ $tries -lt 400 ] || {
			vnode log 2 | tail -n 5
			return 1
		}
		# This takes a second. When all room is used up, a new checkerboard is made.
		echo 3072 >$mover/big 2>/dev/null || checkerboard || return 1
	done
}

# rounds ID: how often its mover has used all bridges
rounds() {
	case $1 in
	0) cat $mover/rounds ;;
	1) vnode exec 1 -- cat $mover/rounds ;;
	esac
}

had_rounds() {
	[ "$(rounds "$1")" -gt "$2" ]
}

# goes_on ID: it still does so
goes_on() {
	await had_rounds "$1" "$(rounds "$1")"
}

# cycle NUMBER
cycle() {
	mortal $((seed + $1))
	clear && vnode start --timeout 300 node2 && await_log 2 'die: at' && awaits_death || return 1
	vnode kill 2 || return 1
	# Its bridges may have prevented room; now there is room.
	checkerboard && echo 3072 >$mover/big && goes_on 0 && goes_on 1
}

node 1 1 64M 'cmdline = lab.run="modprobe adeos_mover kib=1024; sleep 100000"'
ok 'a vnode with bridges' vnode start --timeout 300 node1
follow 1
ok 'has made them' await_log 1 'mover is ready'
deaths "$cycles" 'a user dies' 2
moved=$(dmesg | grep -c 'adeos: moved')
diag "$moved times room was made"
ok 'room was made by moving bridges' [ "$moved" -ge "$cycles" ]
is "$(vnode exec 1 -- cat $mover/errors)" 0 'vnode 1 found what it wrote'
no_splat 1 'vnode 1 has nothing to complain about'
ok 'so did the root, and lets go' clear
ok 'vnode 1 is killed' vnode kill 1
restored "$before" 'all is back'
is "$(vnode bridge list | grep -c -v NAME)" 0 'no bridge is left'
