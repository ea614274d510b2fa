#!/bin/sh
# Kernels compressed by each method that Linux offers, and a large initial RAM disk.

# shellcheck source=tests/image.sh
. "$(dirname "$0")/image.sh"

guest_share=$scratch/share
cp -R "$top/tests/guest" "$guest_share"

# method NAME COMMAND…
method() {
	compress "$guest_share/$1.bzImage" "$@"
}

# As in the kernel's scripts/Makefile.lib and scripts/xz_wrap.sh
method gzip gzip -n -9
method bzip2 bzip2 -9
method lzma lzma -9
method xz xz --check=crc32 --threads=1 --x86 --lzma2=dict=128MiB
method lzo lzop -9
method lz4 lz4 -q -l -9 - -
method zstd zstd -q -22 --ultra
# An unknown method
method rot13 tr a-zA-Z n-za-mN-ZA-M
payload=$((setup + $(number "$image" 584 4)))
is "$(number "$guest_share/lz4.bzImage" 588 4)" "$(number "$image" 588 4)" \
	"what lz4 compressed is as long as in the build's own bzImage"
ok 'and the same' cmp -i $payload -n "$(number "$image" 588 4)" "$guest_share/lz4.bzImage" "$image"

# 64 MiB that no method can compress, after the lab's own RAM disk
mkdir "$scratch/large"
head -c 64M /dev/urandom >"$scratch/large/large"
(cd "$scratch/large" && echo large | cpio -o -H newc --quiet) | lz4 -q -l >"$guest_share/large.lz4"
size=$(stat -c %s "$guest_share/large.lz4")
ok "an initial RAM disk of $size bytes" test "$size" -gt $((64 << 20))

guest_test --memory 1G image.sh "$(sha256sum <"$scratch/large/large" | cut -d ' ' -f 1)"
done_testing
