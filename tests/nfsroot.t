#!/bin/sh
# Three vnodes whose root file system comes from the root vnode over NFS.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2317 # ok calls it
pack_share() {
	mkdir -p "$scratch/share" &&
		cp "$top/tests/guest/lib.sh" "$top/tests/guest/nfsroot.sh" "$build/filesystems.img" "$scratch/share/" &&
		# busybox does not know lz4
		lz4 -d -c "$build/filesystems.img" | gzip >"$scratch/share/filesystems.gz"
}

ok 'what the machine needs is there' pack_share
guest_share=$scratch/share
guest_test --timeout 300 nfsroot.sh
done_testing
