# shellcheck shell=sh
# The test suite.  A test is a program that prints TAP; a line "# needs: plain
# debug" in it names the kernels that it uses besides the normal one; "stress"
# there stands for the programs that packages.sh lists for it, "cluster" for what
# cluster.sh builds.  One with a line "# runs beside machines" has none, or one that
# mostly waits, and runs while others have some.

# find_test NAME: its file; if there are two forms, --long selects the long one
find_test() {
	found=tests/$1.t
	if [ -f "tests/long/$1.t" ] && { [ -n "$long" ] || [ ! -f "$found" ]; }; then
		found=tests/long/$1.t
	fi
	[ -f "$found" ] || die "test: there is no $found" 2
	echo "$found"
}

# The given tests in two lanes: those that have busy machines, one after the other, and the
# others beside them.
run_prove() {
	machines=$(grep -L '^# runs beside machines' "$@" | tr '\n' ,)
	others=$(grep -l '^# runs beside machines' "$@" | tr '\n' ,)
	jobs=2
	[ "$(nproc)" -gt 1 ] || jobs=1
	exec prove --timer --failures --exec '' --jobs "$jobs" \
		--rules "seq={${machines%,}}" --rules "seq={${others%,}}" "$@"
}

run_tests() {
	long=
	stress=
	cluster=
	names=
	tests=
	while [ $# -gt 0 ]; do
		case $1 in
		--long) long=1 ;;
		-*) wrong_usage "test: unknown option $1" ;;
		*) names="$names $1" ;;
		esac
		shift
	done
	cd "$top" || return
	for name in $names; do
		tests="$tests $(find_test "$name")" || exit
	done
	if [ -z "$tests" ]; then
		tests=$(ls tests/*.t)
		[ -z "$long" ] || tests="$tests $(ls tests/long/*.t)"
	fi

	testing=1
	# shellcheck disable=SC2086 # a list
	needs=$(sed -n 's/^# needs: *//p' $tests | tr -s ' ' '\n' | sort -u)
	for need in $needs; do
		case $need in
		plain) (plain=1 && build_variant) ;;
		debug) (debug=1 && build_variant) ;;
		stress) stress=1 ;;
		cluster) cluster=1 ;;
		esac
	done
	build_variant
	if [ -n "$stress" ]; then
		(lock_build && build_stress)
	fi
	if [ -n "$cluster" ]; then
		# shellcheck source=lab.d/cluster.sh
		. "$lab_d/cluster.sh"
		build_cluster
	fi

	# The tests use what was just built, even if the source is edited meanwhile.
	LAB_NO_BUILD=1
	LAB_BUILD=$build
	export LAB_NO_BUILD LAB_BUILD
	# shellcheck disable=SC2086 # a list
	run_prove $tests
}
