# shellcheck shell=sh
# Root file systems over NFS, with busybox and the kernel alone.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

(cd / && gunzip | cpio -id 2>/dev/null) </mnt/host/filesystems.gz
cat /boot/initrd.img /mnt/host/filesystems.img >/tmp/vnode.img

# Their file system: this root's programs, a file of their own, and the script to run
mkdir -p /srv
mount -t tmpfs srv /srv
for folder in dev proc sys run tmp root; do
	mkdir -p /srv/$folder
done
cp -a /bin /sbin /usr /lib /srv/
mkdir /srv/etc
head -c 4m /dev/urandom >/srv/etc/random
cat >/srv/etc/inittab <<'TAB'
::sysinit:/etc/rc
::respawn:/usr/sbin/vnode agent
TAB
cat >/srv/etc/rc <<'RC'
#!/bin/sh
echo "<2>nfsroot: $(hostname) is up" >/dev/kmsg
RC
chmod +x /srv/etc/rc

# The answers of rpc.mountd, stored in advance
modprobe nfsd
mount -t nfsd nfsd /proc/fs/nfsd
for id in 1 2 3; do
	echo "nfsd 10.0.0.$((100 + id)) 2147483647 vnodes" >/proc/net/rpc/auth.unix.ip/channel
done
# By number 0, which is the root; read-only, any port, no subtree check, numbered
printf '%s\n' 'vnodes 1 \x00000000 2147483647 /srv' >/proc/net/rpc/nfsd.fh/channel
echo "vnodes /srv 2147483647 $((1 + 2 + 0x400 + 0x2000)) 65534 65534 0" >/proc/net/rpc/nfsd.export/channel
modprobe vnet
ip link set vnet0 up
ip addr add 10.0.0.100/24 dev vnet0
# How long the server waits for clients that had files open before: the minimum, in seconds.
echo 10 >/proc/fs/nfsd/nfsv4gracetime
echo -3 +4 +4.1 +4.2 >/proc/fs/nfsd/versions
echo tcp 2049 >/proc/fs/nfsd/portlist
echo 4 >/proc/fs/nfsd/threads

for id in 1 2 3; do
	node $id $id 112M 'cmdline = lab.root=10.0.0.100:/'
	sed -i 's,^initrd = .*,initrd = /tmp/vnode.img,' "$conf/node$id.conf"
done
ok 'three vnodes start' vnode start --timeout 300 node1 node2 node3 || exit
for id in 1 2 3; do
	ok "vnode $id has its root file system" await_log $id "nfsroot: node$id is up" || diag "$(vnode log $id | tail -n 20)"
done
sum=$(md5sum </srv/etc/random)
for id in 1 2 3; do
	like "$(vnode exec $id -- cat /proc/mounts)" '^10\.0\.0\.100:/ /run/root/lower nfs4 ro,' "vnode $id: it comes over NFS"
	is "$(vnode exec $id -- md5sum /etc/random | cut -d ' ' -f 1)" "${sum%% *}" "vnode $id reads what is there"
	vnode exec $id -- sh -c "echo $id >/etc/mine"
done
for id in 1 2 3; do
	is "$(vnode exec $id -- cat /etc/mine)" $id "vnode $id: what it writes is its own"
done
is "$(ls /srv/etc/mine 2>/dev/null)" '' 'the root vnode has none of it'
vnode exec 1 -- sh -c '(while :; do echo 3 >/proc/sys/vm/drop_caches; cat /etc/random >/dev/null; done) >/dev/null 2>&1 &'
ok 'vnode 1 is killed, reading' vnode kill 1
is "$(vnode exec 2 -- sh -c 'echo 3 >/proc/sys/vm/drop_caches; md5sum /etc/random' | cut -d ' ' -f 1)" "${sum%% *}" 'vnode 2 reads on'
ok 'vnode 1 starts again' vnode start --timeout 300 node1
ok 'and has its root file system' await_log 1 'nfsroot: node1 is up' || diag "$(vnode log 1 | tail -n 20)"
is "$(vnode exec 1 -- md5sum /etc/random | cut -d ' ' -f 1)" "${sum%% *}" 'vnode 1 reads what is there'
for id in 1 2 3; do
	no_splat $id "vnode $id has nothing to complain about"
done
