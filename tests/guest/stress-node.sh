# shellcheck shell=sh
# stress-node.sh NUMBER SECONDS [backwards]: the load of one kernel, the root's or
# a vnode's.  All classes of stress-ng run beside each other, and of each class
# NUMBER stressors, one after the other, again until SECONDS have passed; backwards
# means that they are taken from the end of the list.  Meanwhile CPUs are unplugged
# and plugged, modules loaded and unloaded, the irqsoff tracer is turned on and off,
# and perf counts and samples.
# What it prints ends with "stress: done".

set -u
here=$(dirname "$0")
number=$1
seconds=$2
order=${3:+tac}
run=/run/stress
rm -rf $run
mkdir -p $run
: >$run/busy

classes='cpu vm filesystem scheduler interrupt pipe network os'

# What runs in each class: CLASS.list, without what stress-exclude names, and, in
# the class os, which has nearly all there is, without what another class has.
# CLASS.out is the rest of it.
choose() {
	sed -n 's/^\([a-z0-9][a-z0-9-]*\)[[:space:]].*/\1/p' "$here/stress-exclude" >$run/exclude
	for class in $classes; do
		stress-ng --class "$class?" 2>&1 | sed -n 's/^class .* stressors: //p' | tr ' ' '\n' >$run/"$class".all
		if [ "$class" = os ]; then
			cat $run/others >>$run/exclude
		fi
		${order:-cat} $run/"$class".all | grep -vxF -f $run/exclude | head -n "$number" >$run/"$class".list
		grep -vxF -f $run/"$class".list $run/"$class".all >$run/"$class".out
		cat $run/"$class".all >>$run/others
	done
}

# CPUs as they are now.  stress-ng crashes if the caches of one are gone between
# two looks: it frees what it has not set.
copy_cpus() {
	mkdir -p $run/cpu
	cp -R /sys/devices/system/cpu/. $run/cpu 2>/dev/null
}

# uptime in seconds, which stressors cannot set
now() {
	cut -d . -f 1 /proc/uptime
}

# Sizes for a kernel with some hundred MiB, on which eight stressors run at once
sizes='--vm-bytes 32m --mmap-bytes 32m --mremap-bytes 16m --memfd-bytes 16m --malloc-bytes 8m --shm-bytes 1m
	--shm-sysv-bytes 1m --hdd-bytes 16m --iomix-bytes 16m --readahead-bytes 16m
	--fallocate-bytes 16m --sync-file-bytes 16m --seek-size 16m --msync-bytes 16m'

# lane CLASS: its stressors, one after the other, for a second each
lane() {
	rounds=0 status=0
	while
		# shellcheck disable=SC2086 # a list
		unshare -m sh -c "mount --bind $run/cpu /sys/devices/system/cpu && exec \"\$@\"" sh \
			stress-ng --class "$1" --exclude "$(tr '\n' , <$run/"$1".out)" --sequential 1 --timeout 1s \
			--temp-path /tmp $sizes >$run/"$1".log 2>&1
		status=$?
		rounds=$((rounds + 1))
		case $status in
		# 3: a stressor lacked memory, or a feature of the kernel
		0 | 3) [ "$(now)" -lt "$end" ] ;;
		*) false ;;
		esac
	do
		:
	done
	echo "stress: class $1 status $status: $(wc -l <$run/"$1".list) stressors, $rounds rounds"
	if [ $status != 0 ]; then
		sed -n 's/^stress-ng: \(fail\|error\|warn\):/\1/p' $run/"$1".log | head -n 20 | sed "s/^/stress: $1: /"
	fi
	grep -E 'skip|not implemented' $run/"$1".log | sed "s/^stress-ng: info: */stress: $1: /" | head -n 30
}

# while_busy NAME COMMAND: repeats it until the lanes have ended; prints how often it succeeded
while_busy() {
	succeeded=0
	while [ -e $run/busy ]; do
		"$2" >$run/"$1".log 2>&1 && succeeded=$((succeeded + 1))
	done
	echo "stress: $1 $succeeded times"
}

# Unplugs and plugs all CPUs except the first
plug() {
	for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
		echo 0 >"$cpu" && [ "$(cat "$cpu")" = 0 ] || return
		sleep 0.5
		echo 1 >"$cpu" && [ "$(cat "$cpu")" = 1 ] || return
		sleep 0.5
	done
}

load() {
	for module in veth 8021q bridge adeos_peer; do
		modprobe $module && modprobe -r $module || return
	done
	# It interrupts all CPUs while it is loaded.
	modprobe adeos_storm rounds=100 && modprobe -r adeos_storm
}

trace() {
	# Without the function tracer, whose code QEMU does not emulate well
	echo 0 >/sys/kernel/debug/tracing/options/function-trace &&
		echo irqsoff >/sys/kernel/debug/tracing/current_tracer &&
		echo 0 >/sys/kernel/debug/tracing/tracing_max_latency || return
	sleep 1
	grep -q . /sys/kernel/debug/tracing/trace && [ "$(cat /sys/kernel/debug/tracing/tracing_max_latency)" -gt 0 ]
	traced=$?
	echo nop >/sys/kernel/debug/tracing/current_tracer && sleep 0.5 && return $traced
}

# A CPU that comes or goes may make one of them fail.
count_and_sample() {
	sleep 2
	perf stat -a -e cpu-clock,context-switches,cpu-migrations,page-faults -o $run/stat sleep 1 &&
		grep -q '[0-9] *context-switches' $run/stat &&
		perf record -q -a -e cpu-clock -F 99 -g -o $run/perf.data sleep 1 &&
		[ -s $run/perf.data ]
}

choose
copy_cpus
end=$(($(now) + seconds))
while_busy plug plug >$run/plug.end &
while_busy load load >$run/load.end &
while_busy trace trace >$run/trace.end &
while_busy perf count_and_sample >$run/perf.end &
lanes=
for class in $classes; do
	lane "$class" >$run/"$class".end &
	lanes="$lanes $!"
done
# shellcheck disable=SC2086 # a list
wait $lanes
rm $run/busy
wait
cat $run/*.end
dmesg | grep -E 'segfault|WARNING:|BUG:|Oops|UBSAN|KFENCE|INFO:|Call Trace' | head -n 20
echo 'stress: done'
