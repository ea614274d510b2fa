# shellcheck shell=sh
# For the part of a test that runs in a machine's root vnode: TAP lines without numbers.
# guest_test in ../lib.sh adds the numbers.

set -u
conf=/tmp/conf
mkdir -p $conf
export VNODE_CONF_DIR=$conf

# Reports of the kernel's own checks, in a vnode's log; see ../lib.sh
# shellcheck disable=SC2034 # for the scripts
splats='WARNING:|BUG:|Oops|UBSAN|KFENCE|INFO: (task|rcu|possible|suspicious|inconsistent)|Call Trace|Kernel panic|sleeping function'

pass() {
	echo "ok - $1"
}

fail() {
	echo "not ok - $1"
}

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# ok NAME COMMAND…: COMMAND succeeds
ok() {
	ok_name=$1
	shift
	if ok_output=$("$@" 2>&1); then
		pass "$ok_name"
	else
		fail "$ok_name"
		diag "$ok_output"
		return 1
	fi
}

# is GOT WANTED NAME
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "     got: $1"
		diag "expected: $2"
		return 1
	fi
}

# like GOT REGEX NAME: some line of GOT matches
like() {
	if printf '%s\n' "$1" | grep -qE -e "$2"; then
		pass "$3"
	else
		fail "$3"
		diag "no line matches '$2' in:"
		diag "$(printf '%s\n' "$1" | tail -n 30)"
		return 1
	fi
}

unlike() {
	if printf '%s\n' "$1" | grep -qE -e "$2"; then
		fail "$3"
		diag "some line matches '$2' in:"
		diag "$(printf '%s\n' "$1" | grep -E -e "$2" | head -n 10)"
		return 1
	else
		pass "$3"
	fi
}

# follow ID: stores all of the vnode's log, which may become longer than its ring
follow() {
	vnode log -f "$1" >"/run/log.$1" &
}

# no_splat ID NAME [REGEX]: the vnode has a log, and no line of it is a report or matches
no_splat() {
	no_splat_log=$(cat "/run/log.$1" 2>/dev/null; vnode log "$1")
	if [ -n "$no_splat_log" ]; then
		unlike "$no_splat_log" "$splats${3:+|$3}" "$2"
	else
		fail "$2"
		diag "vnode $1 has no log"
		return 1
	fi
}

# refuses STATUS REGEX NAME COMMAND…: COMMAND fails with STATUS and one line, or,
# if that is 2, with the usage after it
refuses() {
	want=$1 regex=$2 name=$3
	shift 3
	got=$("$@" 2>&1)
	status=$?
	lines=$(printf '%s\n' "$got" | wc -l)
	if [ "$status" -eq "$want" ] && { [ "$lines" -eq 1 ] || [ "$want" -eq 2 ]; } &&
		printf '%s\n' "$got" | grep -qE -e "$regex"; then
		pass "$name"
	else
		fail "$name"
		diag "status $status, expected $want and one line like '$regex':"
		diag "$got"
	fi
}

# node ID CPUS MEMORY [LINE…]: writes nodeID.conf
node() {
	id=$1
	{
		printf '[vnode]\nid = %s\ncpus = %s\nmemory = %s\n' "$1" "$2" "$3"
		printf 'kernel = /boot/vmlinuz\ninitrd = /boot/initrd.img\n'
		shift 3
		for line; do
			printf '%s\n' "$line"
		done
	} >"$conf/node$id.conf"
}

# await COMMAND…: waits until it succeeds; fails after five minutes or more
await() {
	await_tries=0
	until "$@" >/dev/null 2>&1; do
		await_tries=$((await_tries + 1))
		[ $await_tries -lt 3000 ] || return 1
		sleep 0.1
	done
}

log_says() {
	vnode log "$1" | grep -qE -e "$2"
}

# await_log ID REGEX: waits until a line of the vnode's log matches
await_log() {
	await log_says "$1" "$2"
}

# no_process ID REGEX: none that runs there matches
no_process() {
	no_process_ps=$(vnode exec "$1" -- ps) &&
		! printf '%s\n' "$no_process_ps" | grep -qE -e "$2"
}

beat() {
	cat "/sys/kernel/adeos/vnodes/$1/heartbeat"
}

beat_is_not() {
	[ "$(beat "$1")" != "$2" ]
}

# await_beat ID: waits until the vnode's heartbeat grows
await_beat() {
	await beat_is_not "$1" "$(beat "$1")"
}

# await_beats NUMBER: waits for so many beats of vnode 1, about one a second
await_beats() {
	await_beats=$1
	while [ "$await_beats" -gt 0 ]; do
		await_beat 1 || return
		await_beats=$((await_beats - 1))
	done
}

# pools: what is free, for comparing
pools() {
	echo "cpus $(cat /sys/kernel/adeos/cpus_free) free $(cat /sys/kernel/adeos/memory/free)" \
		"largest $(cat /sys/kernel/adeos/memory/largest)"
}

# restored POOLS NAME: the pools are as they were, without waiting
restored() {
	is "$(pools)" "$1" "$2"
}

# For any shell: what its kernel uses, in kB, by kind
# shellcheck disable=SC2034 # for the tests
usage='sync; echo 3 >/proc/sys/vm/drop_caches
sed -nE "s/^(MemFree|Slab|VmallocUsed|PageTables|KernelStack|Percpu): *([0-9]*) kB/\1 \2/p" /proc/meminfo'

# grown FILE FILE LIMIT: names whose number grew by LIMIT or more
grown() {
	join "$1" "$2" | awk -v limit="$3" '$3 - $2 >= limit { print $1, $2, "->", $3 }'
}

join() {
	awk 'NR == FNR { v[$1] = $2; next } { print $1, v[$1] + 0, $2 }' "$1" "$2"
}

# lasts COMMAND…: sets $lasting to its output after half a minute, or to nothing if it
# prints nothing before.  Some memory is freed late, and CPUs keep lists of free pages.
# This sets a variable, because another subshell would need memory, too.
lasts() {
	lasts_tries=0
	while
		lasting=$("$@")
		[ -n "$lasting" ] && [ $lasts_tries -lt 60 ]
	do
		lasts_tries=$((lasts_tries + 1))
		sleep 0.5
	done
}

# monitor COMMAND: runs a command of QEMU's monitor, and prints its output; needs --monitor
monitor() {
	for monitor_port in /sys/class/virtio-ports/*; do
		[ "$(cat "$monitor_port/name")" != lab.monitor ] || break
	done
	# Open until the answer is read, because data for a port that nobody has open is
	# lost.  The answer ends with a prompt without a line end, so its end is found by
	# waiting.
	(
		exec 3<>"/dev/${monitor_port##*/}"
		printf '%s\n' "$*" >&3
		timeout 3 cat <&3 2>/dev/null
	) 2>/dev/null | tr -d '\r\033'
}

state() {
	cat "/sys/kernel/adeos/vnodes/$1/state"
}

# kunit MODULE LEAST [PARAMETER…]: loads a module of KUnit tests, and passes on its results:
# at least LEAST of them
kunit() {
	kunit_module=$1 kunit_least=$2
	shift 2
	dmesg -c >/dev/null
	modprobe kunit enable=1
	ok "$kunit_module is loaded" modprobe "$kunit_module" "$@" || return 1
	dmesg >/tmp/kunit.log
	modprobe -r "$kunit_module" || fail "$kunit_module is unloaded"
	kunit_claims /tmp/kunit.log "$kunit_module" "$kunit_least"
}

# kunit_claims LOG NAME LEAST: results from a kernel log
kunit_claims() {
	sed -n 's/^\(<[0-9]*>\)*\(\[[ 0-9.]*\] \)*    \(ok\|not ok\) [0-9]* \([a-z0-9_]*\)\( *# SKIP.*\)*.*/\3 - '"$2"': \4\5/p' "$1" >/tmp/kunit.claims
	cat /tmp/kunit.claims
	if grep -q '^not ok' /tmp/kunit.claims; then
		diag "$(grep -v -e ' ok ' "$1" | head -n 60)"
	fi
	if [ "$(grep -vc ' # SKIP' /tmp/kunit.claims)" -ge "$3" ]; then
		pass "$2: all tests were run"
	else
		fail "$2: all tests were run"
		diag "$(cat "$1")"
	fi
}
