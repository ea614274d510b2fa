# shellcheck shell=sh
# Messages, progress of long steps, and stamps that record what is up to date.

say() {
	printf 'lab: %s\n' "$*" >&2
}

# die MESSAGE [STATUS]
die() {
	say "$1"
	exit "${2:-1}"
}

wrong_usage() {
	say "$1"
	usage >&2
	exit 2
}

# The folder to build in.  It is marked if it was made here or was empty, so that "clean"
# never removes a folder with other files.
build_mark=.lab-build
make_build_folder() {
	[ ! -e "$build/$build_mark" ] || return 0
	mkdir -p "$build"
	[ -n "$(ls -A "$build")" ] || : >"$build/$build_mark"
}

# Removes it if it is marked; build/ in the source always belongs to the lab.
clean_build_folder() {
	[ -e "$build" ] || [ -L "$build" ] || return 0
	if [ "$build" != "$top/build" ] && [ ! -f "$build/$build_mark" ]; then
		die "clean: $build has no $build_mark: expected a folder that tools/lab has made; remove it yourself"
	fi
	rm -rf -- "$build"
}

# step NAME COMMAND…: run COMMAND with its output in build/log/NAME.log, show its progress,
# and die with the end of that log if it fails.  The command stays in the foreground, so
# that ^C reaches it.  $expected is the approximate number of objects that it will compile,
# if known; it is used for one step.
expected=
step() {
	step_name=$1
	shift
	make_build_folder
	mkdir -p "$build/log"
	step_log=$build/log/$step_name.log
	step_status=$build/log/.$step_name.status
	step_tty=0
	[ ! -t 2 ] || step_tty=1
	{
		# A subshell, and not in a condition, so that set -e works in it
		set +e
		(
			set -e
			"$@"
		) 2>&1
		echo $? >"$step_status"
	} </dev/null | awk -v name="$step_name" -v log_file="$step_log" -v tty="$step_tty" \
		-v expected="$expected" '
		function clock(now) {
			"date +%s" | getline now
			close("date +%s")
			return now
		}
		# The objects that modules are linked with are not counted before.
		function count() {
			if (objects && !ended && objects <= expected + 0)
				return "  " objects " of about " expected " objects"
			return objects ? "  " objects " objects" : ""
		}
		function show(end, s) {
			s = now - start
			printf "%slab: %-16s %2d:%02d%s%s%s", tty ? "\r" : "", name, s / 60, s % 60, \
				count(), ended && tty ? "          " : "", end > "/dev/stderr"
			fflush("/dev/stderr")
		}
		BEGIN {
			printf "" > log_file
			start = now = shown = clock()
			if (tty)
				show("")
		}
		{
			print > log_file
			if ($1 ~ /^(\[M\]|CC|AS|HOSTCC|CCLD)$/)
				objects++
			# Asking for the time costs a process; once in a while is enough
			if (++lines % 32 == 0 || tty && lines < 32) {
				now = clock()
				fflush(log_file)
				if (tty && now > shown || now >= shown + 60) {
					show(tty ? "" : "…\n")
					shown = now
				}
			}
		}
		END {
			now = clock()
			ended = 1
			show("\n")
		}'
	expected=
	step_result=$(cat "$step_status" 2>/dev/null || echo 1)
	rm -f "$step_status"
	[ "$step_result" = 0 ] || {
		# In a parallel build, the error may be far from the end.
		grep -E -m 20 '(^| )error:|\*\*\* ' "$step_log" >&2 || tail -n 30 "$step_log" >&2
		die "$step_name failed with status $step_result; all of its output is in $step_log"
	}
}

# hash_files PATH…: one checksum over the names and contents of all files
# below the given paths; paths that do not exist count as empty.
hash_files() {
	{
		for hash_path; do
			[ ! -e "$hash_path" ] || find "$hash_path" -type f ! -name '*~' ! -name '.*.sw?' -print0
		done | LC_ALL=C sort -z | xargs -0 -r sha256sum
	} | hash_text
}

hash_text() {
	sha256sum | cut -d ' ' -f 1
}

# is_fresh NAME KEY, mark_fresh NAME KEY: was NAME last built from KEY?
is_fresh() {
	[ -f "$build/stamps/$1" ] && [ "$(cat "$build/stamps/$1")" = "$2" ]
}

mark_fresh() {
	mkdir -p "$build/stamps"
	printf '%s\n' "$2" >"$build/stamps/$1"
}

# Only one build at a time in a build directory; the lock is held until the
# calling subshell or script ends.
lock_build() {
	make_build_folder
	exec 9>"$build/.lock"
	if ! flock -n 9; then
		say "waiting for another build in $build"
		flock 9
	fi
}

run_as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}
