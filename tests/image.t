#!/bin/sh
# Kernels compressed by each method that Linux offers, and a large initial RAM disk.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

image=$build/kernel/arch/x86/boot/bzImage
compressed=$build/kernel/arch/x86/boot/compressed
guest_share=$scratch/share
cp -R "$top/tests/guest" "$guest_share"

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

# The bzImage with another payload.  What follows the payload in a real one, the code that
# decompresses it, is missing: KMB jumps into the kernel itself.
# compress NAME COMMAND…
compress() {
	new=$guest_share/$1.bzImage name=$1
	shift
	setup=$((($(number "$image" 497 1) + 1) * 512))
	head -c $((setup + $(number "$image" 584 4))) "$image" >"$new"
	before=$(stat -c %s "$new")
	"$@" <"$scratch/kernel" >>"$new"
	is $? 0 "$name compresses"
	# gzip's own trailer is the size.
	[ "$name" = gzip ] || bytes "$(stat -c %s "$scratch/kernel")" >>"$new"
	size=$(stat -c %s "$new")
	put "$new" 588 $((size - before))
	put "$new" 500 $(((size - setup + 15) / 16))
	truncate -s $((setup + (size - setup + 15) / 16 * 16)) "$new"
}

# As in the kernel's scripts/Makefile.lib and scripts/xz_wrap.sh
cat "$compressed/vmlinux.bin" "$compressed/vmlinux.relocs" >"$scratch/kernel"
compress gzip gzip -n -9
compress bzip2 bzip2 -9
compress lzma lzma -9
compress xz xz --check=crc32 --threads=1 --x86 --lzma2=dict=128MiB
compress lzo lzop -9
compress lz4 lz4 -q -l -9 - -
compress zstd zstd -q -22 --ultra
# One that nobody knows
compress rot13 tr a-zA-Z n-za-mN-ZA-M
payload=$((setup + $(number "$image" 584 4)))
is "$(number "$guest_share/lz4.bzImage" 588 4)" "$(number "$image" 588 4)" \
	"what lz4 compressed is as long as in the build's own bzImage"
ok 'and the same' cmp -i $payload -n "$(number "$image" 588 4)" "$guest_share/lz4.bzImage" "$image"

# 64 MiB that no method makes smaller, behind the lab's own
mkdir "$scratch/large"
head -c 64M /dev/urandom >"$scratch/large/large"
(cd "$scratch/large" && echo large | cpio -o -H newc --quiet) | lz4 -q -l >"$guest_share/large.lz4"
size=$(stat -c %s "$guest_share/large.lz4")
ok "an initial RAM disk of $size bytes" test "$size" -gt $((64 << 20))

guest_test --memory 1G image.sh "$(sha256sum <"$scratch/large/large" | cut -d ' ' -f 1)"
done_testing
