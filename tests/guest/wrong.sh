# shellcheck shell=sh
# Everything that an administrator can get wrong: one clear line, the right
# status, nothing started and nothing lost.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

before=$(pools)

# wrong REGEX NAME KEY=VALUE…: node9.conf with these changes is refused
wrong() {
	regex=$1 name=$2
	shift 2
	{
		echo '[vnode]'
		for pair in id=9 cpus=1 memory=96M kernel=/boot/vmlinuz initrd=/boot/initrd.img "$@"; do
			echo "${pair%%=*} = ${pair#*=}"
		done
	} | awk -F ' = ' '{ if (!($1 in v)) order[n++] = $1; v[$1] = $0 }
		END { for (i = 0; i < n; i++) print v[order[i]] }' >$conf/node9.conf
	refuses 1 "$regex" "$name" vnode start node9
	restored "$before" '… and nothing is lost'
	is "$(cat /sys/kernel/adeos/vnodes/9/state 2>/dev/null || echo none)" none '… or started'
}

# The kernel image
cd /tmp || exit
wrong 'No such file' 'a missing kernel' kernel=/boot/nothing
wrong 'No such file' 'a missing initrd' initrd=/boot/nothing
echo hello >text
wrong 'not a bzImage' 'a text file' kernel=/tmp/text
head -c 100000 /dev/urandom >noise
wrong 'not a bzImage' 'random bytes' kernel=/tmp/noise
: >empty
wrong 'not a bzImage|cannot be read' 'an empty file' kernel=/tmp/empty
wrong 'regular file' 'a folder' kernel=/tmp
size=$(stat -c %s /boot/vmlinuz)
for part in 600 20000 $((size / 2)) $((size - 4096)); do
	head -c $part /boot/vmlinuz >truncated
	wrong 'truncated|not a bzImage' "a bzImage cut to $part bytes" kernel=/tmp/truncated
done
cp /boot/vmlinuz damaged
dd if=noise of=damaged bs=1 seek=$((size / 2)) count=2000 conv=notrunc 2>/dev/null
wrong 'damaged|broken|expected CONFIG_ADEOS' 'a damaged bzImage' kernel=/tmp/damaged
rm damaged truncated
if [ -f ./unpatched ] || cp /mnt/host/unpatched . 2>/dev/null; then
	wrong 'expected CONFIG_ADEOS=y' 'the bzImage of an unpatched kernel' kernel=/tmp/unpatched
else
	fail 'the bzImage of an unpatched kernel is there'
fi
# xloadflags bit 0, at 0x236, says 64-bit
cp /boot/vmlinuz wide
printf '\001' | dd of=wide bs=1 seek=$((0x236)) conv=notrunc 2>/dev/null
wrong '64-bit' 'a 64-bit image' kernel=/tmp/wide
rm wide

# CPUs
wrong 'CPU 77 does not exist' 'a CPU that does not exist' cpus=77
wrong 'CPU 300|does not exist|0 to 254' 'a CPU that cannot exist' cpus=300
wrong "CPU 0 is the root's" "the root's CPU" cpus=0
wrong 'twice|only once' 'a CPU listed twice' cpus=1,2,1
wrong 'cpus' 'a range that runs backwards' cpus=3-1

# Memory
wrong 'largest free range' 'more memory than there is' memory=8G
wrong 'too small: .* at least' 'less memory than the kernel needs' memory=16M
wrong 'multiple of 4' 'a size that is not a multiple of 4M' memory=97M
wrong 'multiple of 4' 'an unaligned address' address=0x20001000
wrong 'not RAM' 'an address that is not RAM' address=0xb0000000
wrong 'not RAM' "the root's memory" address=0x4000000
wrong 'not RAM|wrap|ends beyond' 'an address that wraps around' address=0xfffffffffc000000

# IDs and the file
wrong 'id' 'ID 0' id=0
wrong 'id' 'an ID out of range' id=64
wrong 'id' 'an ID that is no number' id=x
wrong 'node9.conf:[0-9]+: .*colour' 'an unknown key' colour=red
wrong 'node9.conf:[0-9]+: .*memory' 'a wrong number' memory=96Q
wrong 'devices: .*not supported' 'a device' devices=0000:00:04.0
printf '[vnode]\nid = 9\ncpus = 1\nkernel = /boot/vmlinuz\n' >$conf/node9.conf
refuses 1 'memory' 'a missing key' vnode start node9
wrong 'cmdline.*too long' 'a command line too long' "cmdline=$(head -c 2040 /dev/zero | tr '\0' x)"
refuses 1 'nothing' 'no such configuration' vnode start nothing
refuses 2 'expected FILE' 'no argument' vnode start
refuses 2 'not a command' 'an unknown command' vnode fly

# What is taken
node 1 1,2 96M 'address = 0x10000000'
ok 'a vnode starts' vnode start node1
ok 'and has made the bridge of its console' await vnode exec 1 -- true
taken=$(pools)
node 2 2 96M
refuses 1 'CPU 2 is taken by vnode 1' 'a CPU that is taken' vnode start node2
node 2 3 96M 'address = 0x12000000'
refuses 1 'taken by vnode 1' 'an address that is taken' vnode start node2
sed 's/^cpus.*/cpus = 3/; s/^address.*//' $conf/node1.conf >$conf/again.conf
refuses 1 'ID 1 is taken' 'an ID that is taken' vnode start again
node 2 3 96M
node 3 1 96M
refuses 1 'CPU 1 is taken' 'two vnodes, of which one cannot be' vnode start node2 node3
unlike "$(cat /sys/kernel/adeos/vnodes/2/state 2>/dev/null)" 'loading|running' 'start neither'
is "$(pools)" "$taken" 'and nothing is lost'
refuses 1 'no vnode|not' 'stop of one that is not there' vnode stop 33
refuses 1 'root' 'kill of the root' vnode kill 0
refuses 1 'root|dmesg' 'log of the root' vnode log 0
ok 'kill it' vnode kill 1
refuses 1 'not running: it is stopped' 'kill of one that was killed' vnode kill 1
restored "$before" 'the pools are as before'

# Who asks
refuses 1 'root|CAP_SYS_ADMIN|ermission' 'an unprivileged caller' \
	su nobody -s /bin/sh -c "VNODE_CONF_DIR=$conf vnode start node1"
chmod 666 /dev/kmb
refuses 1 'CAP_SYS_ADMIN|ermitted|ermission' 'an unprivileged caller who can open the device file' \
	su nobody -s /bin/sh -c "VNODE_CONF_DIR=$conf vnode start node1"
chmod 600 /dev/kmb
ok 'an unprivileged caller may list' su nobody -s /bin/sh -c 'vnode list'
rmmod kmb
refuses 1 'kmb module' 'kmb not loaded' vnode start node1
ok 'load it again' modprobe kmb
ok 'and start' vnode start node1
ok 'rmmod does not hurt a vnode' rmmod kmb
modprobe kmb
is "$(state 1)" running 'it runs on'
ok 'kill it' vnode kill 1
restored "$before" 'the pools are as before'
