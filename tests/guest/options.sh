# shellcheck shell=sh
# Linux's options in the command line of vnodes.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

before=$(pools)
memory=96M

# base ID: where the vnode's memory begins
base() {
	printf '0x%x' $((0x10000000 + $1 * 0x8000000))
}

# settled ID: it has reached user space, or has crashed, within a minute or more
settled() {
	for _ in $(seq 10); do
		if [ "$(state "$1")" = crashed ] || vnode exec --timeout 5 "$1" -- true 2>/dev/null; then
			return
		fi
		sleep 1
	done
	return 1
}

# kilobytes ID: the memory that its Linux uses
kilobytes() {
	vnode exec --timeout 60 "$1" -- sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# given ID MEGABYTES: it has two CPUs, and that much memory except what the kernel needs
given() {
	[ "$(vnode exec --timeout 60 "$1" -- nproc)" = 2 ] && [ "$(kilobytes "$1")" -ge "$(($2 * 1024 - without))" ]
}

# inside ID MEGABYTES: all memory that its Linux uses is its own
inside() {
	vnode exec --timeout 60 "$1" -- cat /proc/iomem |
		sed -n 's/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : System RAM$/0x\1 0x\2/p' >/tmp/ram
	[ -s /tmp/ram ] && while read -r first last; do
		[ $((first)) -ge $(($(base "$1"))) ] && [ $((last)) -lt $(($(base "$1") + ($2 << 20))) ] || return
	done </tmp/ram
}

# told ID OPTION: a line of the nanokernel in its log names the option
told() {
	told_name=${2%% *}
	case $told_name in
	*=*) told_name=${told_name%%=*}= ;;
	esac
	vnode log "$1" | grep -q "adeos: .*\\b$told_name"
}

# judge ID MEGABYTES OPTION
judge() {
	if ! settled "$1"; then
		fail "$3: it comes up and answers, or crashes"
		vnode log "$1" | tail -n 20 | sed 's/^/# /'
	elif [ "$(state "$1")" != crashed ] && ! inside "$1" "$2"; then
		fail "$3: it has only memory of its own"
		diag "from $(base "$1"), $2 MiB: $(cat /tmp/ram)"
	elif given "$1" "$2"; then
		pass "$3: it has what it was given"
	elif told "$1" "$3"; then
		pass "$3: it has less, and its log tells it"
	else
		fail "$3: it has less, and its log does not tell it"
		diag "state $(state "$1"), $(vnode exec --timeout 5 "$1" -- nproc) CPUs, $(kilobytes "$1") of $(($2 * 1024)) kB"
		vnode log "$1" | tail -n 20 | sed 's/^/# /'
	fi
}

# start ID OPTION CONFIGURATION-LINE…: starts a vnode; 1 if it is refused for the option, with the reason
start() {
	start_id=$1 option=$2
	shift 2
	node "$start_id" $((2 * start_id - 1)),$((2 * start_id)) "$memory" "cmdline = $option" "$@"
	if vnode start --timeout 0 "node$start_id" >/tmp/start 2>&1; then
		pass "$option: a vnode is started"
	elif grep -q "cmdline: .*${option%%=*}.*expected" /tmp/start; then
		pass "$option: refused, and the reason is told"
		return 1
	else
		fail "$option: a vnode is started"
		diag "$(cat /tmp/start)"
		return 1
	fi
}

# options OPTION…: up to three
options() {
	id=0 started=
	for option; do
		id=$((id + 1))
		! start $id "$option" "address = $(base $id)" || started="$started $id"
	done
	for id in $started; do
		eval "judge $id 96 \"\$$id\""
		vnode kill "$id" >/dev/null 2>&1
	done
	restored "$before" '  the pools are as before'
}

# What the kernel itself needs of 96 MiB, and a MiB for differences
node 1 1-2 $memory "address = $(base 1)"
ok 'a vnode without options' vnode start --timeout 300 node1
without=$((96 * 1024 - $(kilobytes 1) + 1024))
ok '  has what it was given' given 1 96
ok '  and only that' inside 1 96
vnode kill 1

options nolapic_timer noapic nosmp
options maxcpus=1 nr_cpus=1 possible_cpus=1
options mem=64M "memmap=16M\$$(printf 0x%x $(($(base 2) + 0x3000000)))" memmap=16M@0x30000000
options "memmap=exactmap memmap=64M@$(base 1)" nolapic acpi=off
options console=ttyS0 init=/nothing lapic
options notsc clocksource=jiffies tsc=unstable
options pci=off nohz=off apic=debug
options disableapic mce=off 'mem=64M maxcpus=1'

# Where there is high memory
memory=1G
if start 1 highmem=0 "address = $(base 1)"; then
	judge 1 1024 highmem=0
fi
vnode kill 1 >/dev/null 2>&1
restored "$before" '  the pools are as before'

# reboots KIND…: up to three kinds of reboot, each in a vnode: none of them touches the machine
reboots() {
	id=0
	for kind; do
		id=$((id + 1))
		start $id "reboot=$kind lab.run=\"reboot -f\""
	done
	id=0
	for kind; do
		id=$((id + 1))
		ok "reboot=$kind: it stops" vnode wait $id --state stopped --timeout 120
		like "$(vnode log $id)" 'reboot: Restarting system' '  by its own doing'
	done
}

memory=96M
reboots bios acpi kbd
reboots triple efi pci
reboots force warm cold
reboots hard soft smp
restored "$before" 'the pools are as before'
