# shellcheck shell=sh
# die.sh SEED CYCLES: vnodes 1 and 3 die at an instruction of the protocol each, again
# and again; the root and vnode 2 go on.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/guest/citizen.sh
. ./citizen.sh
# shellcheck source=tests/guest/deaths.sh
. ./deaths.sh

seed=$1 cycles=$2
echo "# seed $seed"
before=$(pools)

# mortal ID SEED: configures a vnode that works with the others until it dies
mortal() {
	# It has met the root, vnode 2 and itself before it waits for death.
	case $1 in
	1) met='met.0x[7f]' ;;
	3) met='met.0x[df]' ;;
	esac
	node "$1" "$1" 64M "cmdline = lab.run=\"modprobe adeos_citizen with=0xf; until dmesg | grep -q $met; do sleep 1; done; modprobe adeos_die shared=$shared seed=$2; sleep 100000\""
}

# awaits_death ID
awaits_death() {
	tries=0
	until is_dead "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 2400 ] || {
			vnode log "$1" | tail -n 5
			return 1
		}
		sleep 0.1
	done
}

# cycle NUMBER
cycle() {
	mortal 1 $((seed + 2 * $1))
	mortal 3 $((seed + 2 * $1 + 1))
	vnode start --timeout 300 node1 node3 || return 1
	awaits_death 1 && awaits_death 3 || return 1
	echo "# $(where 1 3)"
	vnode kill 1 && vnode kill 3 || return 1
	r0=$(round 0) r2=$(round 2)
	if ! meets 0x5 "$r0" 0 || ! meets 0x5 "$r2" 2; then
		return 1
	fi
}

node 2 2 64M 'cmdline = lab.run="modprobe adeos_citizen with=0xf; sleep 100000"'
ok 'a vnode that lives' vnode start --timeout 300 node2
follow 2
ok 'the root takes part' modprobe adeos_citizen with=0xf
deaths "$cycles" 'two vnodes die' 1 3
no_splat 2 'the survivor has nothing to complain about'
like "$(vnode log 2)" 'citizen: round' 'and says something'

ok 'the survivor is killed' vnode kill 2
ok 'the root is through' modprobe -r adeos_citizen
ok 'no bridge is left behind' nothing_left
restored "$before" 'no memory is left behind'
