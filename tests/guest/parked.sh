# shellcheck shell=sh
# parked.sh: machine checks and NMIs at CPUs of the pool, which run no Linux.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

# check CPU: an uncorrected error there; by QEMU's number of the CPU
check() {
	monitor "mce $1 1 0xbd00000000000134 0x5 0x1000 0x8c" >/dev/null
}

monitor 'cpu 3' >/dev/null
like "$(monitor 'info registers')" 'CR4=00000040' 'machine checks are on at a CPU that nobody has ever started'
check 3
check 3
pass 'machine checks at a CPU that nobody has ever started: the machine goes on'
node 1 3 64M 'cmdline = lab.run="nproc"'
ok 'a vnode starts there' vnode start --timeout 300 node1
await_log 1 'lab: exit 0'
ok 'and is killed' vnode kill 1
check 3
check 3
monitor nmi >/dev/null
check 3
ok 'machine checks and an NMI there, and a vnode starts again' vnode start --timeout 300 node1
ok 'its first process runs' await_log 1 'lab: exit 0'
ok 'kill' vnode kill 1
is "$(cat /sys/kernel/adeos/cpus_free)" 1-3 'all CPUs are in the pool'
