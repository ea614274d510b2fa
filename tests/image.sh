# shellcheck shell=sh
# bzImages made of the one that the build has made, with another payload.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

image=$build/kernel/arch/x86/boot/bzImage
compressed=$build/kernel/arch/x86/boot/compressed
# What is compressed in it
cat "$compressed/vmlinux.bin" "$compressed/vmlinux.relocs" >"$scratch/kernel"

# number FILE OFFSET BYTES: little-endian
number() {
	od -An -j "$2" -N "$3" -t "u$3" "$1" | tr -d ' '
}

# bytes NUMBER: four of them, little-endian
bytes() {
	bytes_left=$1
	for _ in 1 2 3 4; do
		# shellcheck disable=SC2059 # it makes the byte
		printf "\\$(printf %o $((bytes_left % 256)))"
		bytes_left=$((bytes_left / 256))
	done
}

# put FILE OFFSET NUMBER
put() {
	bytes "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# compress FILE NAME COMMAND…: makes a bzImage of $scratch/kernel.  What follows the payload in a real one, the code that
# decompresses it, is missing: KMB jumps into the kernel itself.
compress() {
	new=$1 name=$2
	shift 2
	setup=$((($(number "$image" 497 1) + 1) * 512))
	head -c $((setup + $(number "$image" 584 4))) "$image" >"$new"
	before=$(stat -c %s "$new")
	"$@" <"$scratch/kernel" >>"$new"
	report $? "$name compresses"
	# gzip's own trailer is the size.
	[ "$name" = gzip ] || bytes "$(stat -c %s "$scratch/kernel")" >>"$new"
	size=$(stat -c %s "$new")
	put "$new" 588 $((size - before))
	put "$new" 500 $(((size - setup + 15) / 16))
	truncate -s $((setup + (size - setup + 15) / 16 * 16)) "$new"
}
