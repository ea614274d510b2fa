#!/bin/sh
# The lab itself, with the unpatched kernel, which cannot run in a vnode.
# needs: plain

lib_path=..
kernel=--plain
# shellcheck source=tests/lab.sh
. "$(dirname "$0")/../lab.sh"

cp "$build/kernel-plain/arch/x86/boot/bzImage" "$scratch/share/unpatched"
lab_exec --share "$scratch/share" -- sh -c \
	'sed "s,^kernel.*,kernel = /mnt/host/unpatched," /etc/vnode/node1.conf >/tmp/node1.conf; vnode start /tmp/node1.conf'
is "$status" 1 'the unpatched kernel is refused in a vnode'
like "$errors" 'cannot run in a vnode: expected CONFIG_ADEOS=y' 'the reason is told'

done_testing
