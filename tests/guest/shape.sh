# shellcheck shell=sh
# shape.sh FREE MISSING THREADS CPUS…: on a machine whose pool has the CPUs FREE, which has no CPU MISSING,
# and whose cores have THREADS threads each, vnodes start that have the given CPUs, whole cores.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

free=$1 missing=$2 threads=$3
shift 3
before=$(pools)

# expand LIST: its numbers, one a line
expand() {
	echo "$1" | tr , '\n' | while IFS=- read -r first last; do
		seq "$first" "${last:-$first}"
	done
}

is "$(cat /sys/kernel/adeos/cpus_free)" "$free" 'the pool has what the root has not'
node 1 "$missing" 64M
refuses 1 "CPU $missing does not exist" "there is no CPU $missing" vnode start node1

names=
for cpus; do
	names="$names $((id = $(echo "$names" | wc -w) + 1))"
	node "$id" "$cpus" 64M 'cmdline = quiet'
done
for id in $names; do
	ok "vnode $id starts" vnode start --timeout 300 "node$id"
done
is "$(cat /sys/kernel/adeos/cpus_free)" '' 'no CPU is left'
id=0
for cpus; do
	id=$((id + 1))
	# The answer comes by interrupts from one to the other.
	vnode exec --timeout 60 "$id" -- cat /proc/cpuinfo >/tmp/cpuinfo
	is "$(sed -n 's/^apicid.*: *//p' /tmp/cpuinfo | sort -n)" "$(expand "$cpus")" "vnode $id has the CPUs $cpus"
	number=$(expand "$cpus" | wc -l)
	# shellcheck disable=SC2016 # there
	is "$(vnode exec "$id" -- sh -c 'for cpu in $(seq 0 $(($1 - 1))); do
		taskset $(printf %x $((1 << cpu))) cut -d " " -f 39 /proc/self/stat
	done' sh "$number")" "$(seq 0 $((number - 1)))" '  each of them runs programs'
	# shellcheck disable=SC2016 # there
	is "$(vnode exec "$id" -- sh -c 'cat /sys/devices/system/cpu/cpu*/topology/thread_siblings_list' | sort -u | wc -l)" \
		$((number / threads)) '  in as many cores as the machine has'
	# Rescheduling and function call interrupts; a CPU that gets none would still run
	# programs, at its next tick.
	# shellcheck disable=SC2016 # awk's
	is "$(vnode exec "$id" -- awk '/^ *(RES|CAL):/ { for (i = 0; i < n; i++) got[i] += $(i + 2) }
		END { for (i = 0; i < n; i++) if (!got[i]) print "CPU " i }' n="$number" /proc/interrupts)" '' \
		'  they interrupt each other'
	ok '  it beats' await_beat "$id"
	no_splat "$id" '  it has nothing to complain about'
done
# shellcheck disable=SC2086 # a list
ok 'all but the last one stop' vnode stop --timeout 300 ${names% *}
ok 'that one is killed' vnode kill "${names##* }"
restored "$before" 'the pools are as before'
