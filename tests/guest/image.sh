# shellcheck shell=sh
# image.sh SUM: kernels compressed by each method, and an initial RAM disk with 64 MiB
# more, which have that SHA-256.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

sum=$1
before=$(pools)

# boots METHOD: a vnode runs a kernel compressed by METHOD
boots() {
	node 1 1,2 96M 'cmdline = quiet lab.run="nproc; uname -v"'
	sed -i "s,^kernel.*,kernel = /mnt/host/$1.bzImage," $conf/node1.conf
	ok "compressed by $1: it starts" vnode start node1 || return
	ok '  it reaches user space' await_log 1 'lab: exit 0'
	like "$(vnode log 1)" '^2$' '  it has its CPUs'
	no_splat 1 '  it has nothing to complain about'
	ok '  it is killed' vnode kill 1
}

# refused METHOD REGEX
refused() {
	node 1 1,2 96M
	sed -i "s,^kernel.*,kernel = /mnt/host/$1.bzImage," $conf/node1.conf
	refuses 1 "compressed $2: expected gzip, xz, zstd or lz4$" "compressed by $1: the reason is told" \
		vnode start node1
	is "$(pools)" "$before" '  nothing is lost'
}

for method in gzip xz zstd lz4; do
	boots $method
done
for method in bzip2 lzma lzo; do
	refused $method "by $method"
done
refused rot13 'by an unknown method'
restored "$before" 'the pools are as before'

cat /boot/initrd.img /mnt/host/large.lz4 >/tmp/large.img
node 1 1,2 256M 'cmdline = quiet lab.run="sha256sum /large"'
sed -i 's,^initrd.*,initrd = /tmp/large.img,' $conf/node1.conf
ok 'a vnode with an initial RAM disk of more than 64 MiB' vnode start node1
ok '  it reaches user space' await_log 1 'lab: exit'
like "$(vnode log 1)" "^$sum  /large$" '  all of it has arrived'
no_splat 1 '  it has nothing to complain about'
ok '  it is killed' vnode kill 1
sed -i 's/^memory.*/memory = 96M/' $conf/node1.conf
refuses 1 'memory: 96M is too small: .*at least 1[0-9][0-9]M' \
	'where it does not fit, the reason is told' vnode start node1
restored "$before" 'the pools are as before'
