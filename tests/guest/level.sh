# shellcheck shell=sh
# level.sh SUM: reads a file, over a level-triggered interrupt, while both CPUs are busy
# with system calls, until some of these interrupts had to wait.  Meanwhile QEMU tells of
# each access to the I/O APIC; ./waited says how many interrupts these were for, or some more.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

# counted FILE: sum of one of the root's counters over Linux's device vectors
counted() {
	awk '{ for (i = 33; i < 200; i++) sum += $i; print sum + 0 }' "/sys/kernel/adeos/vnodes/0/$1"
}

like "$(cat /proc/interrupts)" 'IO-APIC +[0-9]+-fasteoi +virtio' 'the disk has a level-triggered interrupt'
before=$(counted interrupts_logged)
for access in read write; do
	monitor "trace-event ioapic_mem_$access on" >/dev/null
done
round=0 wrong=0
while [ "$(counted interrupts_logged)" -lt $((before + 20)) ] && [ $round -lt 60 ]; do
	for reader in 1 2 3; do
		md5sum <data >/tmp/sum$reader &
	done
	i=0
	while [ $i -lt 300 ]; do
		cat /proc/self/stat >/dev/null
		i=$((i + 1))
	done
	wait
	for reader in 1 2 3; do
		[ "$(cat /tmp/sum$reader)" = "$1" ] || wrong=$((wrong + 1))
	done
	round=$((round + 1))
done
is $wrong 0 "what is read is right, in $round rounds"
for access in read write; do
	monitor "trace-event ioapic_mem_$access off" >/dev/null
done
waited=$(($(counted interrupts_logged) - before))
echo $waited >waited
[ $waited -ge 20 ]
ok "interrupts had to wait, and were played: $waited of $(counted interrupts)" [ $? -eq 0 ]
is "$(md5sum <data)" "$1" 'and they still come'
