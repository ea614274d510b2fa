# shellcheck shell=sh
# Helpers for tests: TAP, and the lab.  A test sources this file, calls its functions, and
# ends with done_testing.

set -u
top=$(cd -- "$(dirname -- "$0")" && pwd -P)
while [ ! -x "$top/tools/lab" ]; do
	top=$(dirname -- "$top")
done
# shellcheck disable=SC2034 # for the tests
build=${LAB_BUILD:-$top/build}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lab-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

tests_run=0
tests_failed=0

# report STATUS NAME: one result, passed if STATUS is 0
report() {
	tests_run=$((tests_run + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$tests_run" "$2"
	else
		printf 'not ok %d - %s\n' "$tests_run" "$2"
		tests_failed=$((tests_failed + 1))
		return 1
	fi
}

# ok NAME COMMAND…: COMMAND succeeds
ok() {
	ok_name=$1
	shift
	"$@"
	report $? "$ok_name"
}

# not_ok NAME COMMAND…: COMMAND fails
not_ok() {
	ok_name=$1
	shift
	if "$@"; then fail "$ok_name"; else pass "$ok_name"; fi
}

# unit_test NAME CLAIM FILE…: tests/unit/NAME.c, built with the files, under sanitizers; its own claims
# are shown, indented
unit_test() {
	unit_name=$1
	unit_claim=$2
	shift 2
	mkdir -p "$build/unit"
	ok 'the test builds' gcc -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all \
		-I"$top/adeos" -o "$build/unit/$unit_name" "$top/tests/unit/$unit_name.c" "$@"
	"$build/unit/$unit_name" >"$scratch/log" 2>&1
	unit_status=$?
	grep -q '^1\.\.[1-9]' "$scratch/log" || unit_status=1
	sed 's/^/    /' "$scratch/log"
	report "$unit_status" "$unit_claim"
}

# is GOT WANTED NAME
is() {
	[ "$1" = "$2" ]
	report $? "$3" || {
		diag "     got: $1"
		diag "expected: $2"
		return 1
	}
}

# like GOT REGEX NAME: a line of GOT matches the extended regular expression
like() {
	printf '%s\n' "$1" | grep -qE -e "$2"
	report $? "$3" || {
		diag "no line matches '$2' in:"
		diag "$1"
		return 1
	}
}

# unlike GOT REGEX NAME: no line of GOT matches
unlike() {
	printf '%s\n' "$1" | grep -qE -e "$2"
	report "$(($? != 1))" "$3" || {
		diag "some line matches '$2' in:"
		diag "$1"
		return 1
	}
}

pass() {
	report 0 "$1"
}

fail() {
	report 1 "$1"
}

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$tests_run"
	[ "$tests_failed" -eq 0 ]
	exit
}

lab() {
	"$top/tools/lab" "$@"
}

# lab_exec [options] -- COMMAND…: runs a machine; leaves the command's output in $output,
# standard error of the command and the lab in $errors, the exit status in $status, and the
# kernel's log in $console.  $lab_machine has options for the machine.
lab_machine='exec'
# shellcheck disable=SC2034 # they are for the test
lab_exec() {
	: >"$scratch/console"
	lab "$lab_machine" --console "$scratch/console" "$@" >"$scratch/output" 2>"$scratch/errors" </dev/null
	status=$?
	output=$(cat "$scratch/output")
	errors=$(cat "$scratch/errors")
	console=$(tr -d '\r' <"$scratch/console")
}

# Reports of the kernel's own checks: lockdep, KFENCE, UBSAN, …
splat_patterns='WARNING:|BUG:|Oops|UBSAN|KFENCE|INFO: (task|rcu|possible|suspicious|inconsistent)|possible recursive locking|Call Trace|Kernel panic|general protection|unable to handle|INFO: trying to register non-static key|DEBUG_LOCKS_WARN_ON|ODEBUG|list_(add|del) corruption|Object .*already|scheduling while atomic|sleeping function called|bad page'

# no_splat TEXT NAME: the kernel log TEXT has no such report
no_splat() {
	unlike "$1" "$splat_patterns" "$2"
}

# guest_test [options] SCRIPT [ARGUMENT…]: runs tests/guest/SCRIPT in a machine's root
# vnode, and passes on its results.  The script must reach its end.  If it fails, the
# kernel's log stays in build/log.
guest_share=$top/tests/guest
guest_test() {
	guest_options=
	while [ "${1#--}" != "$1" ]; do
		case $1 in
		--debug | --no-vnode | --plain | --monitor) guest_options="$guest_options $1" ;;
		*)
			guest_options="$guest_options $1 $2"
			shift
			;;
		esac
		shift
	done
	guest_name=$1 guest_failed=$tests_failed guest_start=$(date +%s)
	# shellcheck disable=SC2086,SC2016 # a list, and text for another shell
	lab_exec $guest_options --share "$guest_share" -- \
		sh -c 'cd /mnt/host && script=$1 && shift && . "./$script"; echo the-end' sh "$@"
	while IFS= read -r line; do
		case $line in
		'ok - '*) pass "${line#ok - }" ;;
		'not ok - '*) fail "${line#not ok - }" || : ;;
		the-end) ;;
		*) printf '%s\n' "$line" | sed '/^#/!s/^/# /' ;;
		esac
	done <"$scratch/output"
	is "$(tail -n 1 "$scratch/output")" the-end "$guest_name ran to its end" ||
		diag "$errors"
	no_splat "$console" "the root has nothing to complain about"
	diag "$guest_name took $(($(date +%s) - guest_start)) s"
	if [ "$tests_failed" -ne "$guest_failed" ]; then
		mkdir -p "$build/log"
		cp "$scratch/console" "$build/log/$guest_name.console"
		diag "the root's log is kept in build/log/$guest_name.console"
	fi
}
