# shellcheck shell=sh
# Mistakes of an administrator: one clear line, the right status, nothing started and
# nothing leaked.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

before=$(pools)

# wrong LINE REGEX NAME KEY=VALUE…: node9.conf with these changes is refused, for that line of
# it, with a message that the regex matches as a whole
wrong() {
	line=$1 regex=$2 name=$3
	shift 3
	{
		echo '[vnode]'
		for pair in id=9 cpus=1 memory=96M kernel=/boot/vmlinuz initrd=/boot/initrd.img "$@"; do
			echo "${pair%%=*} = ${pair#*=}"
		done
	} | awk -F ' = ' '{ if (!($1 in v)) order[n++] = $1; v[$1] = $0 }
		END { for (i = 0; i < n; i++) print v[order[i]] }' >$conf/node9.conf
	refuses 1 "^vnode: $conf/node9\\.conf:$line: $regex\$" "$name" vnode start node9
	restored "$before" '… and nothing is lost'
	is "$(cat /sys/kernel/adeos/vnodes/9/state 2>/dev/null || echo none)" none '… or started'
}
id=2 cpus=3 memory=4 kernel=5 initrd=6 added=7

# The kernel image
cd /tmp || exit
file='expected a readable file'
image='expected a bzImage for i386 with CONFIG_ADEOS=y'
wrong $kernel "kernel = \"/boot/nothing\": No such file or directory, $file" 'a missing kernel' kernel=/boot/nothing
wrong $initrd "initrd = \"/boot/nothing\": No such file or directory, $file" 'a missing initrd' initrd=/boot/nothing
echo hello >text
wrong $kernel "kernel = \"/tmp/text\": not a bzImage: only 6 bytes, $image" 'a text file' kernel=/tmp/text
head -c 100000 /dev/urandom >noise
wrong $kernel "kernel = \"/tmp/noise\": not a bzImage, $image" 'random bytes' kernel=/tmp/noise
: >empty
wrong $kernel "kernel = \"/tmp/empty\": (not a bzImage: only 0 bytes|cannot be read: error -22), $image" \
	'an empty file' kernel=/tmp/empty
wrong $kernel "kernel = \"/tmp\": not a regular file, $file" 'a folder' kernel=/tmp
size=$(stat -c %s /boot/vmlinuz)
for part in 600 20000 $((size / 2)) $((size - 4096)); do
	head -c $part /boot/vmlinuz >truncated
	wrong $kernel "kernel = \"/tmp/truncated\": (truncated: $part bytes, expected [0-9]+|not a bzImage: only $part bytes, $image)" \
		"a bzImage cut to $part bytes" kernel=/tmp/truncated
done
cp /boot/vmlinuz damaged
dd if=noise of=damaged bs=1 seek=$((size / 2)) count=2000 conv=notrunc 2>/dev/null
wrong $kernel "kernel = \"/tmp/damaged\": ((cannot be decompressed: damaged\\?|its payload is not an ELF file|its ELF header is broken|a segment of its ELF file is broken), $image|cannot run in a vnode: expected CONFIG_ADEOS=y, ABI [0-9]+)" \
	'a damaged bzImage' kernel=/tmp/damaged
rm damaged truncated
if [ -f ./unpatched ] || cp /mnt/host/unpatched . 2>/dev/null; then
	wrong $kernel 'kernel = "/tmp/unpatched": cannot run in a vnode: expected CONFIG_ADEOS=y, ABI [0-9]+' \
		'the bzImage of an unpatched kernel' kernel=/tmp/unpatched
else
	fail 'the bzImage of an unpatched kernel is there'
fi
# xloadflags bit 0, at 0x236, says 64-bit
cp /boot/vmlinuz wide
printf '\001' | dd of=wide bs=1 seek=$((0x236)) conv=notrunc 2>/dev/null
wrong $kernel 'kernel = "/tmp/wide": a 64-bit kernel: expected one for i386' 'a 64-bit image' kernel=/tmp/wide
rm wide

# CPUs
free='expected CPUs that are free'
wrong $cpus "CPU 77 does not exist, $free" 'a CPU that does not exist' cpus=77
wrong $cpus "CPU 300 does not exist, $free" 'a CPU that cannot exist' cpus=300
wrong $cpus "CPU 0 is the root's, $free" "the root's CPU" cpus=0
wrong $cpus 'cpus = "1,2,1": expected each CPU only once' 'a CPU listed twice' cpus=1,2,1
wrong $cpus 'cpus = "3-1": expected ranges with the lower APIC ID first' 'a range that runs backwards' cpus=3-1

# Memory
wrong $memory 'memory: 8192M wanted, but the largest free range has [0-9]+M, expected no more than that' \
	'more memory than there is' memory=8G
wrong $memory 'memory: 16M is too small: expected at least [0-9]+M for this kernel and initrd' \
	'less memory than the kernel needs' memory=16M
wrong $memory 'memory = "97M": expected a multiple of 4M' 'a size that is not a multiple of 4M' memory=97M
wrong $added 'address = "0x20001000": expected a multiple of 4M \(0x400000\)' 'an unaligned address' address=0x20001000
at='is not RAM of the pool, expected free memory, see "vnode memory"'
wrong $added "memory at 0xb0000000-0xb5ffffff $at" 'an address that is not RAM' address=0xb0000000
wrong $added "memory at 0x4000000-0x9ffffff $at" "the root's memory" address=0x4000000
wrong $added 'address = 0xfffffffffc000000: memory ends beyond 2\^64, expected a lower address' \
	'an address that wraps around' address=0xfffffffffc000000

# IDs and the file
for wrong_id in 0 64 x; do
	wrong $id "id = \"$wrong_id\": expected a vnode ID from 1 to 63" "ID $wrong_id" id=$wrong_id
done
wrong $added 'unknown key "colour", expected id, cpus, memory, address, kernel, initrd, cmdline, devices or restart' \
	'an unknown key' colour=red
wrong $memory 'memory = "96Q": expected a size like 256M' 'a wrong number' memory=96Q
wrong $added 'devices: handing over PCI devices is not supported by this version' 'a device' devices=0000:00:04.0
long=$(head -c 2040 /dev/zero | tr '\0' x)
wrong $added 'cmdline: too long: 20[0-9][0-9] bytes with what KMB adds, expected less than 2048' \
	'a command line too long' "cmdline=$long"
wrong $added 'cmdline: "memmap=1M@1G" gives the vnode memory, expected "memory =" and "address ="' \
	"a command line that gives it another's memory" 'cmdline=quiet memmap=1M@1G'
printf '[vnode]\nid = 9\ncpus = 1\nkernel = /boot/vmlinuz\n' >$conf/node9.conf
refuses 1 "^vnode: $conf/node9\\.conf:4: memory is missing, expected a line like \"memory = 256M\"\$" 'a missing key' \
	vnode start node9
refuses 1 "^vnode: $conf/nothing\\.conf: No such file or directory\$" 'no such configuration' vnode start nothing
refuses 2 '^vnode start: an argument is missing, expected FILE\|NAME\.\.\.$' 'no argument' vnode start
refuses 2 '^vnode: "fly" is not a command$' 'an unknown command' vnode fly

# What is taken
node 1 1,2 96M 'address = 0x10000000'
ok 'a vnode starts' vnode start node1
ok 'and has made the bridge of its console' await vnode exec 1 -- true
taken=$(pools)
node 2 2 96M
refuses 1 "^vnode: $conf/node2\\.conf:3: CPU 2 is taken by vnode 1, $free\$" 'a CPU that is taken' vnode start node2
node 2 3 96M 'address = 0x12000000'
refuses 1 "^vnode: $conf/node2\\.conf:7: memory at 0x12000000-0x17ffffff is taken by vnode 1, expected free memory, see \"vnode memory\"\$" \
	'an address that is taken' vnode start node2
sed 's/^cpus.*/cpus = 3/; s/^address.*//' $conf/node1.conf >$conf/again.conf
refuses 1 "^vnode: $conf/again\\.conf:2: vnode ID 1 is taken: that vnode is running, expected another ID\$" 'an ID that is taken' \
	vnode start again
node 2 3 96M
node 3 1 96M
refuses 1 "^vnode: $conf/node3\\.conf:3: CPU 1 is taken by vnode 1, $free\$" 'two vnodes, of which one cannot be' \
	vnode start node2 node3
is "$(cat /sys/kernel/adeos/vnodes/2/state 2>/dev/null)" stopped 'start neither'
is "$(pools)" "$taken" 'and nothing is lost'
refuses 1 '^vnode: 33: no vnode with that ID$' 'stop of one that is not there' vnode stop 33
refuses 1 '^vnode: 0: is the root vnode, use poweroff or reboot$' 'kill of the root' vnode kill 0
refuses 1 "^vnode: root: the root's log is read with dmesg\$" 'log of the root' vnode log 0
ok 'kill it' vnode kill 1
refuses 1 '^vnode: node1: vnode 1 is not running: it is stopped$' 'kill of one that was killed' vnode kill 1
restored "$before" 'the pools are as before'

# Who asks
refuses 1 '^vnode: /dev/kmb: needs root \(CAP_SYS_ADMIN\)$' 'an unprivileged caller' \
	su nobody -s /bin/sh -c "VNODE_CONF_DIR=$conf vnode start node1"
chmod 666 /dev/kmb
refuses 1 '^vnode: /dev/kmb: needs root \(CAP_SYS_ADMIN\)$' 'an unprivileged caller who can open the device file' \
	su nobody -s /bin/sh -c "VNODE_CONF_DIR=$conf vnode start node1"
chmod 600 /dev/kmb
ok 'an unprivileged caller may list' su nobody -s /bin/sh -c 'vnode list'
rmmod kmb
refuses 1 '^vnode: /dev/kmb: No such file or directory: is the kmb module loaded\?$' 'kmb not loaded' vnode start node1
ok 'load it again' modprobe kmb
ok 'and start' vnode start node1
ok 'rmmod does not hurt a vnode' rmmod kmb
modprobe kmb
is "$(state 1)" running 'it runs on'
ok 'kill it' vnode kill 1
restored "$before" 'the pools are as before'
