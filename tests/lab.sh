# shellcheck shell=sh
# The lab itself: what goes into a machine and comes out of it.  $kernel says which
# kernel runs there.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

# Bytes

head -c 3000000 /dev/urandom >"$scratch/random"
printf '\r\n\000\377\n\n' >>"$scratch/random"
lab exec "$kernel" -- cat <"$scratch/random" >"$scratch/copy"
is $? 0 'exec of cat ends with 0'
ok 'every byte passes through standard input and output' cmp "$scratch/random" "$scratch/copy"

lab_exec "$kernel" -- sh -c 'printf out; printf err >&2; exit 7'
is "$status" 7 'exit status'
is "$output" out 'standard output'
is "$errors" err 'standard error'
no_splat "$console" 'the kernel has nothing to complain about'

lab_exec "$kernel" -- sh -c 'kill -9 $$'
is "$status" 137 'a signal gives 128 and its number'

lab_exec "$kernel" -- cat
is "$status:$output" 0: 'an empty standard input ends'

lab exec "$kernel" -- echo closed <&- >"$scratch/output"
is "$?:$(cat "$scratch/output")" 0:closed 'standard input may be closed'

lab_exec "$kernel" -- sh -c 'echo first >/dev/stderr; echo second >/dev/stdout; sleep 1000 & exit 0'
is "$output:$errors" second:first 'outputs can be opened again, and something left in the background does not matter'

# Words

# shellcheck disable=SC2016,SC1003 # as they are
lab_exec "$kernel" -- printf '<%s>\n' 'a b' '' "it's" '$HOME' '*' '"' '\' 'two
lines'
is "$output" "<a b>
<>
<it's>
<\$HOME>
<*>
<\">
<\\>
<two
lines>" 'arguments arrive as they were given'

lab_exec "$kernel" -- no-such-command
is "$status" 127 'a command that does not exist'
like "$errors" 'no-such-command' 'and its name is told'

# Machines

lab_exec "$kernel" --timeout 60 -- sleep 1000
is "$status" 124 'timeout'
like "$errors" 'did not end within 60 seconds' 'the timeout is told'
like "$errors" 'Run /init as init process' 'with the end of the console'

lab_exec "$kernel" -- sh -c 'echo c >/proc/sysrq-trigger'
is "$status" 125 'a kernel that panics'
like "$errors" 'Kernel panic - not syncing: sysrq triggered crash' 'its console is shown'

lab_exec "$kernel" --cpus 11 --memory 2G -- sh -c 'nproc; sed -n "s/^MemTotal: *\([0-9]*\).*/\1/p" /proc/meminfo
	cat /proc/cpuinfo'
is "$(printf '%s\n' "$output" | head -n 1)" 11 '--cpus, more than eight'
memory=$(printf '%s\n' "$output" | sed -n 2p)
ok "--memory 2G gives ${memory} kB" test "$memory" -gt 1990000 -a "$memory" -le 2097152
is "$(printf '%s\n' "$output" | sed -n 's/^apicid.*: //p' | tr '\n' ' ')" '0 1 2 3 4 5 6 7 8 9 10 ' 'APIC IDs'
no_splat "$console" 'nor on a larger machine'

lab_exec "$kernel" --memory 3G -- sh -c 'sed -n "s/^\([0-9a-f]*\)-\([0-9a-f]*\) : System RAM/\2/p" /proc/iomem | tail -n 1'
ok "RAM reaches beyond 2.5 GiB: 0x$output" test "$((0x${output:-0}))" -gt "$((0xa0000000))"

lab_exec "$kernel" --topology 4,sockets=2,cores=2 -- cat /proc/cpuinfo
is "$(printf '%s\n' "$output" | sed -n 's/^physical id.*: //p' | tr '\n' ' ')" '0 0 1 1 ' '--topology: two sockets'
lab_exec "$kernel" --cpus 1 --machine q35 --cpu-model qemu32,vendor=GenuineIntel -- sh -c \
	'cat /proc/cpuinfo /sys/bus/pci/devices/0000:00:00.0/device'
like "$output" '^model name.*: QEMU Virtual CPU' '--cpu-model'
like "$output" '^0x29c0$' '--machine: the host bridge of q35'
lab_exec "$kernel" --machine no-such-machine -- true
is "$status" 125 'a machine that QEMU does not know'
like "$errors" 'unsupported machine type' 'QEMU says so'

# Its terminal hangs up, or somebody ends it

# within_minutes COMMAND…: it succeeds in the end
within_minutes() {
	for _ in $(seq 600); do
		"$@" && return
		sleep 0.2
	done
	return 1
}

# shellcheck disable=SC2317 # it is called
no_machine() {
	! grep -qs "path=$scratch/[e]nd" /proc/[0-9]*/cmdline
}

mkdir "$scratch/end"
for signal in 1 15; do
	rm -f "$scratch/end/up"
	"$top/tools/lab" exec "$kernel" --share "$scratch/end" -- sh -c ': >/mnt/host/up; sleep 1000' \
		</dev/null >"$scratch/output" 2>&1 &
	within_minutes test -e "$scratch/end/up"
	not_ok 'a machine runs' no_machine
	kill -$signal $!
	wait $!
	is $? $((128 + signal)) "signal $signal ends the lab"
	ok 'and its machine' within_minutes no_machine
done

mkdir "$scratch/share, with a comma"
echo from host >"$scratch/share, with a comma/in"
lab_exec "$kernel" --share "$scratch/share, with a comma" -- sh -c 'cat /mnt/host/in; echo from guest >/mnt/host/out; cp /bin/busybox /mnt/host/true; /mnt/host/true'
is "$output:$status" 'from host:0' '--share can be read, and programs on it run'
is "$(cat "$scratch/share, with a comma/out")" 'from guest' 'and written'

lab_exec "$kernel" --device virtio-rng-pci --append 'lab.test="a b"' -- sh -c 'cat /proc/cmdline; cat /sys/bus/pci/devices/0000:00:02.0/device'
like "$output" 'lab\.test="a b"' '--append'
like "$output" '^0x1005$' '--device, the first one on 00:02.0'

lab_exec "$kernel" -- sh -c 'su nobody -s /bin/sh -c "id -u; cat /proc/1/environ"; ls /boot /etc/vnode; stat -c %U /etc/passwd'
like "$output" '^65534$' 'an unprivileged user'
like "$errors" 'Permission denied' 'who may not do everything'
like "$output" '^vmlinuz$' '/boot/vmlinuz'
like "$output" '^initrd.img$' '/boot/initrd.img'
like "$output" '^node1.conf$' 'sample configurations'

lab_exec "$kernel" --append 'lab.run="echo on the console; exit 3"' -- true
like "$console" '^on the console$' 'lab.run runs on the console'
like "$console" '^lab: exit 3$' 'and its status is printed there'
lab_exec "$kernel" --append 'lab.run=false' -- true
like "$console" '^lab: exit 1$' 'without quotes'

lab_exec "$kernel" --icount --cpus 1 -- echo deterministic
is "$output" deterministic '--icount'

# Wrong usage

for wrong in '--cpus' '--machine' '--cpu-model' '--topology' '--timeout soon -- true' '--no-such-option -- true' ''; do
	# shellcheck disable=SC2086 # words
	lab_exec $wrong
	is "$status" 2 "exec $wrong: status 2"
done
