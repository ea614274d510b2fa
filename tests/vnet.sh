# shellcheck shell=sh
# The virtual Ethernet between the root and three vnodes.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

# shellcheck disable=SC2317 # as below
compile_for_guest() {
	gcc -m32 -static -O2 -Wall -Wextra -D_FILE_OFFSET_BITS=64 -o "$scratch/extra/sbin/$1" "$top/tests/unit/$1.c"
}

# shellcheck disable=SC2317 # ok calls it
# Debian's ethtool, for all kernels, beside the script for the vnodes
pack_extra() {
	mkdir -p "$scratch/extra/lab" "$scratch/extra/lib" "$scratch/extra/sbin" "$scratch/share"
	for lib in ld-linux.so.2 i386-linux-gnu/libc.so.6 i386-linux-gnu/libm.so.6; do
		cp -L "$build/i386/lib/$lib" "$scratch/extra/lib/" || return
	done
	cp -L "$build/i386/usr/lib/i386-linux-gnu/libmnl.so.0" "$scratch/extra/lib/" &&
		cp "$build/i386/sbin/ethtool" "$scratch/extra/sbin/" &&
		compile_for_guest traffic &&
		compile_for_guest registers &&
		compile_for_guest vnet_link &&
		cp "$top/tests/guest/vnet-node.sh" "$scratch/extra/lab/vnet-node" &&
		cp "$top/tests/guest/vnet-move-node.sh" "$scratch/extra/lab/vnet-move-node" &&
		cp "$top/tests/guest/lib.sh" "$top"/tests/guest/vnet*.sh "$scratch/share/" &&
		(cd "$scratch/extra" && find . | cpio -o -H newc --quiet >"$scratch/extra.cpio") &&
		gzip <"$scratch/extra.cpio" >"$scratch/share/extra.gz" &&
		# As the initrd that it is appended to
		lz4 -l -c -q "$scratch/extra.cpio" >"$scratch/share/extra.lz4"
}

# shellcheck disable=SC2317 # ok calls it
# What a host outside sends and takes, through the root's network card
make_outside() {
	dd if=/dev/urandom of="$scratch/share/outside" bs=1M count=2 2>/dev/null &&
		printf '#!/bin/sh\nexec cat "%s"\n' "$scratch/share/outside" >"$scratch/sends" &&
		printf '#!/bin/sh\nhead -c 1048576 | md5sum\n' >"$scratch/takes" &&
		chmod +x "$scratch/sends" "$scratch/takes"
}

ok 'what the machine needs is there' pack_extra
ok 'and a host outside' make_outside
guest_share=$scratch/share
outside=10.0.2.100
# shellcheck disable=SC2034 # for the tests
card="--device virtio-net-pci,netdev=card --netdev user,id=card,restrict=on\
,guestfwd=tcp:$outside:9-cmd:$scratch/sends,guestfwd=tcp:$outside:10-cmd:$scratch/takes"
