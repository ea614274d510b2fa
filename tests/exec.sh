# shellcheck shell=sh
# vnode exec in a machine, with a vnode command of another version beside.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

# exec_test [options] MIB: how many of them to move each way
exec_test() {
	exec_options=
	while [ $# -gt 1 ]; do
		exec_options="$exec_options $1"
		shift
	done
	# shellcheck disable=SC2086 # a list
	guest_test $exec_options exec.sh "$1" "$frames_version"
}

guest_share=$scratch/share
cp -R "$top/tests/guest" "$guest_share"
frames_version=$(sed -n 's/^#define FRAMES_VERSION[^0-9]*//p' "$top/tools/vnode/frames.h")
ok 'a vnode command of another version is built' make -s -C "$top/tools/vnode" O="$scratch/other" \
	EXTRA_CPPFLAGS="-DFRAMES_VERSION=$((frames_version + 1))" "$scratch/other/vnode"
cp "$scratch/other/vnode" "$guest_share/vnode-other"
