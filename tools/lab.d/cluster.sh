# shellcheck shell=sh
# The cluster: a Debian for i386 on a disk, and a machine whose root vnode gives
# it to the others.  docs/cluster.md says how it works inside.

cluster_config=$top/config/cluster
debian=$build/debian

install_cluster_packages() {
	missing=
	for package in arch-test e2fsprogs mmdebstrap openssh-client; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing Debian packages:$missing"
	step apt-update update_package_lists
	# shellcheck disable=SC2086 # a list
	step apt-install run_as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $missing
}

# Where this host's apt gets Debian from
list_debian_sources() {
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' 'Architecture: i386' | sort -u
}

# MPICH's own examples and tests are in its source package alone.
fetch_mpich() {
	mkdir -p "$debian/source/lists/partial"
	sed 's/^deb /deb-src /' "$debian/sources.list" >"$debian/source/sources.list"
	set -- -o Dir::Etc::sourcelist="$debian/source/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$debian/source/lists"
	apt-get "$@" update
	(cd "$debian/source" && apt-get "$@" source --download-only mpich)
	mv "$debian"/source/mpich_*.orig.tar.xz "$debian/mpich.tar.xz"
	rm -rf "$debian/source"
}

make_debian() {
	run_as_root rm -rf "$debian"
	mkdir -p "$debian"
	list_debian_sources >"$debian/sources.list"
	suite=$(awk '$3 !~ /-/ { print $3; exit }' "$debian/sources.list")
	[ -n "$suite" ] || {
		echo "apt has no lists of Debian for i386"
		return 1
	}
	fetch_mpich
	run_as_root mmdebstrap --architectures=i386 --variant=apt --format=directory \
		--include="$(sed 's/#.*//; /^ *$/d' "$cluster_config/packages" | tr '\n' ' ')" \
		--customize-hook="$(quote "$cluster_config/customize") \"\$1\" $(quote "$debian/mpich.tar.xz")" "$suite" "$debian/root" "$debian/sources.list"
	# Never written to, so no room and no journal
	size=$(run_as_root du -sm "$debian/root" | cut -f 1)
	rm -f "$debian/image.new"
	run_as_root mke2fs -q -t ext4 -O ^has_journal -m 0 -L debian -d "$debian/root" "$debian/image.new" "$((size + size / 4 + 32))M"
	# It has root's key.
	run_as_root chmod 600 "$debian/image.new"
	run_as_root chown "$(id -u):$(id -g)" "$debian/image.new"
	run_as_root rm -rf "$debian/root"
	mv "$debian/image.new" "$debian/image"
}

build_debian() {
	key=$(cat "$cluster_config/packages" "$cluster_config/customize" "$lab_d/cluster.sh" | hash_text)
	is_fresh debian "$key" && [ -f "$debian/image" ] && return
	rm -f "$build/stamps/debian"
	install_cluster_packages
	step debian make_debian
	mark_fresh debian "$key"
}

# The vnodes' initial RAM disk is the lab's, with file systems and what is to lie
# over the Debian; the root vnode's is that followed by /boot.
make_cluster_initrd() {
	root=$build/cluster$variant.root
	rm -rf "$root"
	mkdir -p "$root"
	cp -R "$cluster_config/root" "$root/config"
	# Whatever the umask was here: daemons that are not root read it.
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

# The first three are started at once, the fourth when somebody wants them.
write_cluster_nodes() {
	for id in 1 2 3 4; do
		cat >"$root/etc/vnode/node$id.conf" <<-CONF
			[vnode]
			id = $id
			cpus = $id
			memory = 256M
			kernel = /boot/vmlinuz
			initrd = /boot/initrd.img
			cmdline = quiet lab.root=10.0.0.100:/image
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
		--debug) shift ;;
		*) shift 2 ;;
		esac
	done
	[ -z "$share" ] || share=$(cd -- "$share" && pwd -P) || die "cluster: --share needs a folder"
	case $timeout in
	'' | *[!0-9]*) wrong_usage "cluster: --timeout needs a number of seconds" ;;
	esac
	if [ $# -eq 0 ]; then
		if ! [ -t 0 ] || ! [ -t 1 ]; then
			wrong_usage "cluster: which command? Without one, it needs a terminal"
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
			echo 'vnode list; exec bash -l'
		fi
	} >"$machine/command"
	# shellcheck disable=SC2034 # for machine.sh
	{
		initrd=$build/cluster$variant.img
		append=' lab.root=/dev/vda'
		extra=$(quote -drive "file=$debian/image,if=none,id=debian,format=raw,readonly=on" \
			-device virtio-blk-pci,drive=debian)
	}
	say "starting a machine with $cpus CPUs and $memory of RAM, and its vnodes"
	run_machine
	machine_status
}
