# shellcheck shell=sh
# The virtual Ethernet between the root and three vnodes.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

# shellcheck disable=SC2317 # ok calls it
# Debian's ethtool, for all kernels, beside the script for the vnodes
pack_extra() {
	mkdir -p "$scratch/extra/lab" "$scratch/extra/lib" "$scratch/extra/sbin" "$scratch/share"
	for lib in ld-linux.so.2 i386-linux-gnu/libc.so.6 i386-linux-gnu/libm.so.6; do
		cp -L "$build/i386/lib/$lib" "$scratch/extra/lib/" || return
	done
	cp -L "$build/i386/usr/lib/i386-linux-gnu/libmnl.so.0" "$scratch/extra/lib/" &&
		cp "$build/i386/sbin/ethtool" "$scratch/extra/sbin/" &&
		cp "$top/tests/guest/vnet-node.sh" "$scratch/extra/lab/vnet-node" &&
		cp "$top/tests/guest/lib.sh" "$top/tests/guest/vnet.sh" "$scratch/share/" &&
		(cd "$scratch/extra" && find . | cpio -o -H newc --quiet >"$scratch/extra.cpio") &&
		gzip <"$scratch/extra.cpio" >"$scratch/share/extra.gz" &&
		# As the initrd that it is appended to
		lz4 -l -c -q "$scratch/extra.cpio" >"$scratch/share/extra.lz4"
}

ok 'what the machine needs is there' pack_extra
guest_share=$scratch/share
