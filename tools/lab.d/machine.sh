# shellcheck shell=sh
# Machines: boots one in QEMU, passes a command to it, and passes its streams and exit
# status back.

machine_defaults() {
	machine_type=pc
	# An Intel model that QEMU emulates completely, with APIC, TSC and SSE2: on the
	# others i386 Linux warns about SMP, or distrusts the TSC.
	cpu_model=coreduo,model=15
	topology=
	cpus=4
	memory=1G
	root_cpus=0
	root_memory=256M
	timeout=300
	append=
	share=
	console=
	icount=
	no_vnode=
	monitor=
	interactive=
	initrd=
	image=
}

# quote WORD…: quotes the words for a shell
quote() {
	for word; do
		printf "'"
		printf %s "$word" | sed "s/'/'\\\\''/g"
		printf "' "
	done
}

exec_command() {
	machine_defaults
	# More arguments for QEMU, quoted
	extra=
	while [ $# -gt 0 ]; do
		case $1 in
		--cpus | --memory | --root-cpus | --root-memory | --machine | --cpu-model | --topology | \
			--device | --drive | --netdev | --append | --timeout | --share | --console | --kernel)
			[ $# -ge 2 ] || wrong_usage "exec: $1 needs an argument"
			;;
		esac
		case $1 in
		--cpus) cpus=$2 ;;
		--memory) memory=$2 ;;
		--root-cpus) root_cpus=$2 ;;
		--root-memory) root_memory=$2 ;;
		--machine) machine_type=$2 ;;
		--cpu-model) cpu_model=$2 ;;
		--topology) topology=$2 ;;
		--device | --drive | --netdev) extra="$extra$(quote "${1#-}" "$2")" ;;
		--append) append="$append $2" ;;
		--timeout) timeout=$2 ;;
		--share) share=$2 ;;
		--console) console=$2 ;;
		--kernel) image=$2 ;;
		--plain) plain=1 ;;
		--no-vnode) no_vnode=1 ;;
		--monitor) monitor=1 ;;
		--debug) debug=1 ;;
		--icount) icount=1 ;;
		--)
			shift
			break
			;;
		-*) wrong_usage "exec: unknown option $1" ;;
		*) break ;;
		esac
		case $1 in
		--plain | --no-vnode | --monitor | --debug | --icount) shift ;;
		*) shift 2 ;;
		esac
	done
	[ $# -gt 0 ] || wrong_usage "exec: a command is missing"
	[ -z "$share" ] || share=$(cd -- "$share" && pwd -P) || die "exec: --share needs a folder"
	case $timeout in
	'' | *[!0-9]*) wrong_usage "exec: --timeout needs a number of seconds" ;;
	esac

	[ -n "${LAB_NO_BUILD-}" ] || build_variant
	select_variant
	make_machine_folder
	{
		printf 'exec '
		quote "$@"
		echo
	} >"$machine/command"
	run_machine
	machine_status
}

# Returns the command's exit status, or prints why there is none
machine_status() {
	status=$(cat "$machine/status")
	if [ -n "$status" ]; then
		exit "$status"
	fi
	{
		if [ "$qemu_status" -eq 124 ]; then
			say "the machine did not end within $timeout seconds; its console's last lines:"
		else
			say "the machine died (QEMU's status is $qemu_status); its console's last lines:"
		fi
		tail -n 40 "$machine/console" | sed 's/\r$//'
	} >&2
	[ "$qemu_status" -ne 124 ] || exit 124
	exit 125
}

make_machine_folder() {
	machine=$(mktemp -d "${TMPDIR:-/tmp}/lab.XXXXXX")
	helpers=
	qemu=
	trap end_machine EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	: >"$machine/status"
	: >"$machine/stdout"
	: >"$machine/stderr"
	: >"$machine/console"
}

end_machine() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :
	# shellcheck disable=SC2086 # a list
	[ -z "$helpers" ] || kill $helpers 2>/dev/null || :
	[ -z "$console" ] || cp "$machine/console" "$console"
	if [ -n "${LAB_KEEP-}" ]; then
		say "the machine's files are in $machine"
	else
		rm -rf "$machine"
	fi
}

run_machine() {
	# On a busy host, the timer may not tick while Linux checks it.
	cmdline="console=ttyS0 earlyprintk=serial,ttyS0,115200 panic=-1 no_timer_check"
	if [ -z "$plain$no_vnode" ] && has_patches; then
		cmdline="$cmdline vnode=0 vnode_cpus=$root_cpus mem=$root_memory"
	fi
	cmdline="$cmdline$append"

	accel=${LAB_ACCEL:-tcg,thread=multi}
	if [ -n "$icount" ]; then
		accel=tcg,thread=single
	fi

	# The lab's own devices are at the end of the PCI bus, so that the caller's are
	# first, from 00:02.0 on.
	set -- \
		-no-user-config -nodefaults -display none -vga none -no-reboot -nic none \
		-machine "$machine_type" -accel "$accel" -cpu "$cpu_model" \
		-smp "${topology:-$cpus,sockets=$cpus,cores=1,threads=1}" -m "$memory" \
		-kernel "${image:-$kernel/arch/x86/boot/bzImage}" -initrd "${initrd:-$build/initrd$variant.img}" -append "$cmdline" \
		-fw_cfg "name=opt/lab/command,file=$machine/command" \
		-chardev "file,id=console,path=$machine/console,append=on" -serial chardev:console \
		-device virtio-serial-pci,id=lab,addr=1e,ioeventfd=off \
		-chardev stdio,id=stdin,signal=off
	[ -z "$icount" ] || set -- "$@" -icount shift=0,sleep=off
	if [ -n "$share" ]; then
		set -- "$@" -fsdev "local,id=share,path=$(printf %s "$share" | sed 's/,/,,/g'),security_model=none,multidevs=remap" \
			-device virtio-9p-pci,fsdev=share,mount_tag=host,addr=1d
	fi
	# The outputs go through files, which QEMU writes at once: from a pipe, unread data
	# would be lost at power-off.
	if [ -n "$interactive" ]; then
		set -- "$@" -device virtconsole,chardev=stdin
	else
		set -- "$@" -device virtserialport,chardev=stdin,name=lab.stdin \
			-chardev "file,id=stdout,path=$machine/stdout,append=on" \
			-device virtserialport,chardev=stdout,name=lab.stdout \
			-chardev "file,id=stderr,path=$machine/stderr,append=on" \
			-device virtserialport,chardev=stderr,name=lab.stderr
	fi
	# QEMU's monitor is connected to a port of the guest.
	if [ -n "$monitor" ]; then
		set -- "$@" -chardev "socket,id=monitor,path=$machine/monitor,server=on,wait=off" \
			-mon chardev=monitor,mode=readline \
			-chardev "socket,id=to-monitor,path=$machine/monitor" \
			-device virtserialport,chardev=to-monitor,name=lab.monitor
	fi
	set -- "$@" -chardev "file,id=status,path=$machine/status,append=on" \
		-device virtserialport,chardev=status,name=lab.status
	eval "set -- \"\$@\" $extra"
	quote qemu-system-i386 "$@" >"$machine/qemu"

	# Is standard input open at all?
	if ! (exec 3<&0) 2>/dev/null; then
		exec </dev/null
	fi
	relay=
	if [ -z "$interactive" ]; then
		# They end when QEMU does, after passing everything on.
		sleep infinity &
		alive=$!
		tail -q -c +1 -s 0.1 --pid=$alive -f "$machine/stdout" &
		relay=$!
		tail -q -c +1 -s 0.1 --pid=$alive -f "$machine/stderr" >&2 &
		relay="$relay $!"
		helpers="$alive $relay"
		if [ -t 0 ]; then
			# QEMU would put the terminal into raw mode
			mkfifo "$machine/stdin"
			cat <&0 >"$machine/stdin" &
			helpers="$helpers $!"
			exec <"$machine/stdin"
		fi
	fi

	qemu_status=0
	# In the background, so that a hangup also ends the machine: it may reach only this
	# shell, which just waits. (A background command's standard input would be
	# /dev/null.)
	exec 3<&0
	timeout --foreground -k 5 "$timeout" qemu-system-i386 "$@" 2>"$machine/qemu.stderr" <&3 3<&- &
	qemu=$!
	exec 3<&-
	wait "$qemu" || qemu_status=$?
	qemu=
	grep -v 'terminating on signal 15' "$machine/qemu.stderr" >&2 || :
	if [ -n "$relay" ]; then
		kill "$alive"
		# shellcheck disable=SC2086 # a list
		wait $relay || :
		# shellcheck disable=SC2086 # a list
		[ -z "${helpers#"$alive $relay"}" ] || kill ${helpers#"$alive $relay"} 2>/dev/null || :
		helpers=
	fi
}

run_cluster() {
	machine_defaults
	extra=
	if [ -t 0 ] && [ -t 1 ]; then
		interactive=1
		# No limit for a person
		timeout=0
	fi
	build_variant
	select_variant
	make_machine_folder
	{
		echo '/lab/cluster || exit'
		[ -z "$interactive" ] || echo 'exec sh -l'
	} >"$machine/command"
	say "starting a machine with $cpus CPUs and $memory of RAM"
	run_machine
	machine_status
}
