# shellcheck shell=sh
# Vnodes that load tests/kmod/die.c, and die at the instruction that it chooses. The script
# that sources this has a function cycle.

# For the module's parameter of this name
# shellcheck disable=SC2034 # for the scripts
shared=$(vnode memory | awk '$4 == "shared" { print $1 }')

# where ID…: the instructions at which they died
where() {
	for where_id; do
		vnode log "$where_id" | grep -a 'die: at' | tail -n 1 | sed 's/.*die: at //'
	done | sed ':a; $!N; s/\n/, /; ta'
}

is_dead() {
	vnode log "$1" | grep -aq 'die: dead'
}

# deaths CYCLES NAME ID…: calls "cycle NUMBER" so many times; these vnodes die in each
deaths() {
	deaths_cycles=$1 deaths_name=$2
	shift 2
	n=0
	while [ $n -lt "$deaths_cycles" ]; do
		# Not in a subshell, as ok would: it says where they died.
		if cycle $n; then
			pass "$deaths_name: $(where "$@")"
		else
			fail "$deaths_name: $(where "$@")"
			break
		fi
		n=$((n + 1))
	done
}
