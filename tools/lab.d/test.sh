# shellcheck shell=sh
# The test suite.  A test is a program that prints TAP; a line "# needs: plain
# debug" in it names the kernels that it uses besides the normal one.

run_tests() {
	long=
	tests=
	while [ $# -gt 0 ]; do
		case $1 in
		--long) long=1 ;;
		-*) wrong_usage "test: unknown option $1" ;;
		*)
			found=
			for file in "tests/$1.t" "tests/long/$1.t"; do
				[ ! -f "$top/$file" ] || found=$file
			done
			[ -n "$found" ] || die "test: there is no tests/$1.t" 2
			tests="$tests $found"
			;;
		esac
		shift
	done
	cd "$top" || return
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
		esac
	done
	build_variant

	# What is tested is what was just built, whatever is edited meanwhile.
	LAB_NO_BUILD=1
	LAB_BUILD=$build
	export LAB_NO_BUILD LAB_BUILD
	# shellcheck disable=SC2086 # a list
	exec prove --timer --failures --exec '' $tests
}
