# shellcheck shell=sh
# A vnode does not touch what belongs to the machine.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

there() {
	vnode exec 1 -- "$@"
}

address=/sys/module/adeos_cf8/parameters/address
mark=0x80000004
like "$(cat /proc/cpuinfo)" '^cpu family.*: 16$' 'the processor is one of those that are asked by PCI'
ok 'the root sees the address register' modprobe adeos_cf8
echo $mark >$address
is "$(cat $address)" $mark 'which keeps a mark'
node 1 1-2 64M 'cmdline = pci=conf1'
ok 'a vnode' vnode start --timeout 300 node1
await_beat 1
is "$(cat $address)" $mark 'it has left the mark there, whatever pci= says'
is "$(there cat /proc/cpuinfo | grep -c ^processor)" 2 '  and has two CPUs'

like "$(there cat /proc/ioports)" '^0000-ffff : other vnodes' 'all ports are taken there'
unlike "$(cat /proc/ioports)" 'other vnodes' '  and not in the root'
there sh -c 'cat >/ports && chmod +x /ports' <ports
like "$(./ports)" '/dev/port' 'programs of the root have a way to the ports'
is "$(there test -e /dev/port && there /ports)" '' '  and those of the vnode none'
is "$(there sed -n 's/CapBnd:.*\(.\)....$/\1/p' /proc/self/status)" d \
	'  nor can they have the capability'
like "$(vnode log 1)" 'programs no CAP_SYS_RAWIO' '  which its log says'

cpu=/sys/devices/system/cpu/cpu0/microcode
ok 'the root can load microcode' test -d $cpu
ok '  the vnode cannot' there test ! -e $cpu
ok '  which it was told' there grep -qw dis_ucode_ldr /proc/cmdline
no_splat 1 'it has nothing to complain about'
