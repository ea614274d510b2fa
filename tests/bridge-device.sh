# shellcheck shell=sh
# The files for tests of /dev/bridge.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

# shellcheck disable=SC2317 # as below
# link PROGRAM SOURCE…: as a user of the installed library would
link() {
	link_program=$1
	shift
	gcc -m32 -O2 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I"$scratch/to/usr/include" \
		-o "$scratch/share/$link_program" "$@" -L"$scratch/to/usr/lib" -ladeos
}

# shellcheck disable=SC2317 # ok calls it
# Programs that are linked with the shared library, with it and Debian's C library
pack_shared() {
	mkdir -p "$scratch/share/lib" &&
		make -s -C "$top/tools/libadeos" O="$scratch/libadeos" install DESTDIR="$scratch/to" >"$scratch/make" &&
		cp "$build/i386/lib/ld-linux.so.2" "$build/i386/lib/i386-linux-gnu/libc.so.6" \
			"$scratch/to/usr/lib/libadeos.so.0" "$scratch/share/lib/" &&
		link bridge-check "$top"/tools/libadeos/check*.c &&
		link bridge-pingpong "$top/tools/libadeos/pingpong.c" &&
		cp "$top/tests/guest/lib.sh" "$top/tests/guest/bridge-device.sh" "$scratch/share/"
}

ok 'programs with the shared library are there' pack_shared
guest_share=$scratch/share
