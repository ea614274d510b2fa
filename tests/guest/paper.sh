# shellcheck shell=sh
# The paper's example: 8 CPUs, as 1 + 3 + 4; and where the regions may lie.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

run='lab.run="nproc; cat /proc/cpuinfo /proc/iomem /proc/interrupts; cut -d. -f1 /proc/uptime; date +%s"'
before=$(pools)

node 1 1-3 128M 'address = 0x14000000' "cmdline = $run"
node 2 4-7 192M 'address = 0x48000000' "cmdline = $run"
is "$(nproc)" 1 'the root runs on one CPU'
is "$(cat /sys/kernel/adeos/cpus_free)" 1-7 'the others are in the pool'

ok 'two vnodes start' vnode start node1 node2
ok 'the first reaches user space' await_log 1 'lab: exit 0'
ok 'the second reaches user space' await_log 2 'lab: exit 0'
is "$(state 1) $(state 2)" 'running running' 'both run'
vnode log 1 >/tmp/1
vnode log 2 >/tmp/2

is "$(sed -n '/^Linux version/!{/^[0-9]*$/{p;q}}' /tmp/1)" 3 'nproc in the first is 3'
is "$(sed -n '/^Linux version/!{/^[0-9]*$/{p;q}}' /tmp/2)" 4 'nproc in the second is 4'
like "$(head -n 1 /tmp/1)" 'Linux version' 'its log begins with the first message'
like "$(cat /tmp/1)" 'vnode 1: memory \[mem 0x0*14000000-0x0*1bffffff\]' 'its log names its range'
like "$(cat /tmp/2)" 'vnode 2: memory \[mem 0x0*48000000-0x0*53ffffff\]' 'and so does the other'
for id in 1 2; do
	no_splat $id "vnode $id has nothing to complain about"
done

# Everything that a kernel shows of the machine is its own.
apicids() {
	sed -n 's/^apicid.*: *//p' "$1" | sort -n | tr '\n' ' '
}
is "$(apicids /proc/cpuinfo)" '0 ' "the root's CPU"
is "$(apicids /tmp/1)" '1 2 3 ' "the first one's CPUs"
is "$(apicids /tmp/2)" '4 5 6 7 ' "the second one's CPUs"

# ranges FILE: what its /proc/iomem lists, as decimal pairs.  Every CPU has a local APIC of
# its own at the same address (which i386 shows as a virtual one).
ranges() {
	sed -n '/Local APIC/d; s/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : .*/0x\1 0x\2/p' "$1" | while read -r a b; do
		echo "$((a)) $((b))"
	done
}
inside() {
	ranges "$1" | while read -r a b; do
		if [ "$a" -lt "$2" ] || [ "$b" -gt "$3" ]; then
			echo "$a $b"
		fi
	done
}
is "$(inside /tmp/1 $((0x14000000)) $((0x1bffffff)))" '' "/proc/iomem of the first is inside its region"
is "$(inside /tmp/2 $((0x48000000)) $((0x53ffffff)))" '' "/proc/iomem of the second is inside its region"
like "$(cat /tmp/1)" '[0-9a-f]+-[0-9a-f]+ : System RAM' 'and shows RAM'
# Without the pool, which has its own name
grep -v ' : Adeos pool$' /proc/iomem >/tmp/iomem
is "$(ranges /tmp/iomem | while read -r a b; do
	for r in 0x14000000 0x1bffffff 0x48000000 0x53ffffff; do
		[ $((r)) -lt "$a" ] || [ $((r)) -gt "$b" ] || echo "$a-$b has $r"
	done
done)" '' "/proc/iomem of the root has none of theirs"

# lines FILE: interrupts that devices have
lines() {
	sed -n 's/^ *\([0-9][0-9]*\):.*/\1/p' "$1"
}
is "$(lines /tmp/1)$(lines /tmp/2)" '' 'no device interrupt of the root appears in a vnode'
like "$(cat /tmp/1)" 'LOC: +[1-9]' 'the local timer ticks there'
# Without times and counters, which may contain any number
unlike "$(sed -E 's/^\[[ 0-9.]*\] //; s/^ *[A-Z]+: [ 0-9]*//' /tmp/1 /tmp/2)" \
	'ttyS|PCI: Using|rtc_cmos|i8042|ACPI: Core revision|(^|[^0-9a-zA-Z.])8254([^0-9a-zA-Z.]|$)|i8259|HPET' \
	'a vnode probes no serial port, PCI, RTC, i8042, ACPI, PIT, PIC or HPET'

now=$(date +%s)
then=$(sed -nE 's/^(\[[ 0-9.]*\] )?([0-9]{10})$/\2/p' /tmp/1 | tail -n 1)
ok 'the wall clock was handed over' test $(((now - then + 5) / 300)) -eq 0

# Console output and kernel log show what booted.
sum=$(sha256sum </boot/vmlinuz)
ok 'stop both' vnode stop 1 2
is "$(state 1) $(state 2)" 'stopped stopped' 'they are stopped'
restored "$before" 'the pools are as before'
like "$(vnode log 1)" 'lab: exit 0' 'the log can be read afterwards'

# Above 2.5 GiB, and where the pool chooses
node 3 5 160M 'address = 0xa4000000' 'cmdline = lab.run="head -c 16m /dev/urandom | wc -c"'
node 4 2,6 96M 'cmdline = lab.run="nproc"'
ok 'start above 2.5 GiB and anywhere' vnode start node3 node4
ok 'the third reaches user space' await_log 3 'lab: exit 0'
ok 'the fourth reaches user space' await_log 4 'lab: exit 0'
like "$(vnode log 3)" 'memory \[mem 0x0*a4000000-0x0*adffffff\]' 'above 2.5 GiB'
like "$(vnode log 3)" '^16777216$' 'and it uses its memory'
like "$(vnode log 4)" '^2$' 'CPUs need not be neighbours'
is "$(sha256sum </boot/vmlinuz)" "$sum" 'all from one bzImage'
like "$(zcat /proc/config.gz)" '^CONFIG_ADEOS=y' "which is the root's configuration"
is "$(vnode show 3 | sed -n 's/^address: *//p')" 0xa4000000 'vnode show tells the address'
like "$(vnode memory)" 'a4000000.*node3' 'vnode memory tells the owner'
ok 'kill both' vnode kill 3 4
restored "$before" 'the pools are as before'
