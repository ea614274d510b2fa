# shellcheck shell=sh
# The cluster: a machine whose root vnode serves the Debian of debian.sh to the others.
# docs/cluster.md describes it.

# shellcheck source=lab.d/debian.sh
. "$lab_d/debian.sh"

# The vnodes' initial RAM disk is the lab's, with file systems and the files to put over the
# Debian; the root vnode's is the same, followed by /boot.
make_cluster_initrd() {
	root=$build/cluster$variant.root
	rm -rf "$root"
	mkdir -p "$root"
	cp -R "$cluster_config/root" "$root/config"
	# For any umask, because daemons that are not root read it.
	chmod -R u=rwX,go=rX "$root/config"
	{
		cat "$build/initrd$variant-vnode.img" "$build/filesystems$variant.img"
		pack "$root" | lz4 -l -9
	} >"$build/cluster$variant-vnode.img"

	root=$build/cluster$variant.boot
	rm -rf "$root"
	mkdir -p "$root/boot" "$root/etc/vnode"
	cp "$kernel/arch/x86/boot/bzImage" "$root/boot/vmlinuz"
	cp "$build/cluster$variant-vnode.img" "$root/boot/initrd.img"
	write_cluster_nodes
	{
		cat "$build/cluster$variant-vnode.img"
		pack "$root" | lz4 -l -1
	} >"$build/cluster$variant.img"
}

# The first three are started at once, the fourth by request.
write_cluster_nodes() {
	for id in 1 2 3 4; do
		cat >"$root/etc/vnode/node$id.conf" <<-CONF
			[vnode]
			id = $id
			cpus = $id
			memory = 256M
			kernel = /boot/vmlinuz
			initrd = /boot/initrd.img
			cmdline = lab.root=10.0.0.100:/image
		CONF
	done
}

build_cluster() (
	lock_build
	select_variant
	key=$({
		cat "$build/stamps/initrd$variant" "$lab_d/cluster.sh"
		hash_files "$cluster_config/root"
	} | hash_text)
	if ! is_fresh "cluster$variant" "$key"; then
		rm -f "$build/stamps/cluster$variant"
		step "cluster$variant" make_cluster_initrd
		mark_fresh "cluster$variant" "$key"
	fi
	build_debian
)

cluster_command() {
	machine_defaults
	filesystems=1
	cpus=5
	memory=2G
	root_memory=512M
	timeout=1800
	while [ $# -gt 0 ]; do
		case $1 in
		--timeout | --share | --console)
			[ $# -ge 2 ] || wrong_usage "cluster: $1 needs an argument"
			;;
		esac
		case $1 in
		--debug) debug=1 ;;
		--plain) plain=1 ;;
		--timeout) timeout=$2 ;;
		--share) share=$2 ;;
		--console) console=$2 ;;
		--)
			shift
			break
			;;
		*) wrong_usage "cluster: unknown option $1" ;;
		esac
		case $1 in
		--debug | --plain) shift ;;
		*) shift 2 ;;
		esac
	done
	[ -z "$share" ] || share=$(cd -- "$share" && pwd -P) || die "cluster: --share needs a folder"
	case $timeout in
	'' | *[!0-9]*) wrong_usage "cluster: --timeout needs a number of seconds" ;;
	esac
	if [ $# -eq 0 ]; then
		if ! [ -t 0 ] || ! [ -t 1 ]; then
			wrong_usage "cluster: a command is missing: without one, this needs a terminal"
		fi
		interactive=1
		timeout=0
	fi

	if [ -z "${LAB_NO_BUILD-}" ]; then
		build_variant
		build_cluster
	fi
	select_variant
	make_machine_folder
	{
		if [ $# -gt 0 ]; then
			printf 'exec '
			quote "$@"
			echo
		else
			[ -n "$plain" ] || echo 'vnode list'
			echo 'exec bash -l'
		fi
	} >"$machine/command"
	# shellcheck disable=SC2034 # for machine.sh
	{
		initrd=$build/cluster$variant.img
		append=' lab.root=/dev/vda'
		extra=$(quote -drive "file=$debian/image,if=none,id=debian,format=raw,readonly=on" \
			-device virtio-blk-pci,drive=debian)
	}
	say "starting a machine with $cpus CPUs and $memory of RAM${plain:+, and one kernel}"
	run_machine
	machine_status
}
