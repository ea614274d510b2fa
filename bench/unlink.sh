#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The contention that vnodes remove: tasks that create and remove files, in one kernel on
# four CPUs, and one in each of several vnodes.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
lab=$(dirname -- "$bench")/tools/lab
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
gcc -m32 -static -O2 -Wall -D_FILE_OFFSET_BITS=64 -o "$share/unlink1" "$bench/unlink.c"

cat >"$share/smp" <<'GUEST'
for tasks in 1 2 3; do
	printf 'one kernel, %d tasks\t%s\tfiles/s\n' $tasks "$(/mnt/host/unlink1 $tasks 5 | cut -d ' ' -f 1)"
done
GUEST

# The program goes into the vnodes' initrd.
cat >"$share/vnodes" <<'GUEST'
set -e
cd /tmp
mkdir -p extra/bin conf
cp /mnt/host/unlink1 extra/bin/
(cd extra && find . | cpio -o -H newc 2>/dev/null) >extra.cpio
cat extra.cpio /boot/initrd.img >initrd.img
export VNODE_CONF_DIR=/tmp/conf
for tasks in 1 2 3; do
	start=$(($(date +%s) + 10))
	names=
	for id in $(seq $tasks); do
		printf '[vnode]\nid = %d\ncpus = %d\nmemory = 96M\nkernel = /boot/vmlinuz\ninitrd = /tmp/initrd.img\ncmdline = quiet lab.run="unlink1 1 5 %d"\n' \
			$id $id $start >conf/bench$id.conf
		names="$names bench$id"
	done
	vnode start $names
	for id in $(seq $tasks); do
		until vnode log $id | grep -q 'lab: exit'; do
			sleep 0.2
		done
	done
	sum=$(for id in $(seq $tasks); do vnode log $id | sed -n 's, files/s,,p'; done |
		awk '{ sum += $1; n++ } END { if (n != '$tasks') exit 1; print sum }')
	printf '%d vnodes, one task each\t%s\tfiles/s\n' $tasks "$sum"
	vnode kill $names
done
GUEST

"$lab" exec --plain --cpus 4 --share "$share" -- sh /mnt/host/smp </dev/null
"$lab" exec --cpus 4 --share "$share" -- sh /mnt/host/vnodes </dev/null
