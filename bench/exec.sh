#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A command in a vnode, from nothing to its exit status: "vnode exec" against ssh
# to the same vnode over vnet.  The best of some batches of each, in turn.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
top=$(dirname -- "$bench")
build=${LAB_BUILD:-$top/build}
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT

# Debian's OpenSSH for i386, unpacked only, and what its programs are linked with
list_packages() {
	cat <<'LIST'
openssh-client
openssh-server

libaudit1
libbsd0
libc6
libcap-ng0
libcap2
libcom-err2
libcrypt1
libedit2
libgcrypt20
libgpg-error0
libgssapi-krb5-2
libk5crypto3
libkeyutils1
libkrb5-3
libkrb5support0
liblz4-1
liblzma5
libmd0
libnsl2
libpam0g
libpcre2-8-0
libselinux1
libssl3
libsystemd0
libtinfo6
libtirpc3
libwrap0
libzstd1
zlib1g
LIST
}

# needed FILE…: the libraries that they name
needed() {
	readelf -d "$@" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u
}

unpack_ssh() (
	work=$build/deb/ssh
	rm -rf "$work"
	mkdir -p "$work/all" "$work/root/lib" "$work/root/usr/bin" "$work/root/usr/sbin"
	cd "$work"
	# shellcheck disable=SC2046 # a list
	apt-get download $(list_packages | sed 's/..*/&:i386/') >&2
	for package in *.deb; do
		dpkg-deb -x "$package" all
	done
	cp all/usr/bin/ssh all/usr/bin/ssh-keygen root/usr/bin/
	cp all/usr/sbin/sshd root/usr/sbin/
	while
		copied=
		for library in $(needed root/usr/*bin/* root/lib/*); do
			[ ! -e "root/lib/$library" ] || continue
			cp -L "$(find all/lib all/usr/lib -name "$library" | head -n 1)" root/lib/
			copied=1
		done
		[ -n "$copied" ]
	do
		:
	done
	cd root
	find . | cpio -o -H newc --quiet >"$build/ssh.cpio.new"
	rm -rf "$work"
	mv "$build/ssh.cpio.new" "$build/ssh.cpio"
)

[ -s "$build/ssh.cpio" ] || unpack_ssh
gzip <"$build/ssh.cpio" >"$share/ssh.gz"
# As the initrd that it is appended to
lz4 -l -c -q "$build/ssh.cpio" >"$share/ssh.lz4"

cat >"$share/measure" <<'GUEST'
set -e
(cd / && gunzip | cpio -id 2>/dev/null) </mnt/host/ssh.gz
cat /boot/initrd.img /mnt/host/ssh.lz4 >/tmp/vnode.img
mkdir -p /tmp/conf ~/.ssh
printf '[vnode]\nid = 1\ncpus = 1-2\nmemory = 160M\nkernel = /boot/vmlinuz\ninitrd = /tmp/vnode.img\n' >/tmp/conf/there.conf
export VNODE_CONF_DIR=/tmp/conf
modprobe vnet
ip addr add 10.0.0.100/24 dev vnet0
ip link set vnet0 up
ip link set lo up
vnode start there
ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519
vnode exec 1 -- sh -ec '
	modprobe vnet
	ip addr add 10.0.0.101/24 dev vnet0
	ip link set vnet0 up
	ip link set lo up
	echo "10.0.0.100 vnode0" >>/etc/hosts
	echo "sshd:x:100:65534::/run/sshd:/bin/false" >>/etc/passwd
	mkdir -p /etc/ssh /run/sshd ~/.ssh
	chmod 755 / /run /run/sshd
	chmod 700 ~ ~/.ssh
	cat >~/.ssh/authorized_keys
	ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
	printf "PermitRootLogin yes\nUseDNS no\nPidFile none\n" >/etc/ssh/sshd_config
	/usr/sbin/sshd' <~/.ssh/id_ed25519.pub
plain="ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR 10.0.0.101"
open="ssh -o BatchMode=yes -S /tmp/master 10.0.0.101"
# Until both are ready
n=0
until $plain true 2>/tmp/why; do
	n=$((n + 1))
	[ $n -lt 60 ] || { cat /tmp/why >&2; exit 1; }
	sleep 1
done
ssh -o BatchMode=yes -M -S /tmp/master -N -f 10.0.0.101

# batch NAME NUMBER COMMAND…: so many of them, and milliseconds for one
batch() {
	name=$1 number=$2
	shift 2
	start=$(cut -d ' ' -f 1 /proc/uptime)
	i=0
	while [ $i -lt "$number" ]; do
		"$@" </dev/null
		i=$((i + 1))
	done
	echo "$name $start $(cut -d ' ' -f 1 /proc/uptime) $number" |
		awk '{ print $1, ($3 - $2) * 1000 / $4 }'
}
for round in 1 2 3; do
	batch exec 20 vnode exec 1 -- true
	batch open 5 $open true
	batch plain 2 $plain true
done
GUEST

"$top/tools/lab" exec --cpus 3 --memory 768M --share "$share" --timeout 900 -- sh /mnt/host/measure </dev/null >"$share/results"
# CASE<tab>VALUE<tab>UNIT[<tab>BASELINE[<tab>GOAL]]
awk '!($1 in best) || $2 < best[$1] { best[$1] = $2 }
	function line(what, name, base, goal) {
		printf "%s\t%s\tms\t%s%s\n", what, (name in best) ? sprintf("%.0f", best[name]) : "none", best[base], goal
	}
	END {
		line("ssh", "plain", "plain", "")
		line("vnode exec", "exec", "plain", "\t1.0")
		line("ssh, connection open already", "open", "plain", "")
		line("vnode exec, against that", "exec", "open", "")
	}' "$share/results"
