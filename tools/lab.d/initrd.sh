# shellcheck shell=sh
# The two initial RAM disks: one for vnodes, and one for the root vnode, which is the same
# followed by an archive with /boot, which contains the first one. Modules of file systems
# go into an archive of their own, filesystems.img, which only the cluster needs.

make_initrd() {
	root=$build/initrd$variant.root
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/lib" "$root/usr"
	for folder in boot dev etc mnt/host proc root run sbin sys tmp usr/bin usr/sbin var; do
		mkdir -p "$root/$folder"
	done
	cp "$busybox_i386" "$root/bin/busybox"
	cp -R "$lab_d/rootfs/." "$root/"
	cp -R "$programs/root/." "$root/"
	cp -R "$build/root$variant/lib/modules" "$root/lib/"
	rm -f "$root"/lib/modules/*/build "$root"/lib/modules/*/source
	move_filesystems "$root"
	# Manuals and the like would only use memory
	rm -rf "${root:?}/usr/share" "${root:?}/usr/include"
	pack "$root" | lz4 -l -9 >"$build/initrd$variant-vnode.img"

	root=$build/initrd$variant.boot
	rm -rf "$root"
	mkdir -p "$root/boot" "$root/etc/vnode"
	cp "$kernel/arch/x86/boot/bzImage" "$root/boot/vmlinuz"
	cp "$build/initrd$variant-vnode.img" "$root/boot/initrd.img"
	cp "$top"/config/vnode/*.conf "$root/etc/vnode/"
	{
		cat "$build/initrd$variant-vnode.img"
		pack "$root" | lz4 -l -1
	} >"$build/initrd$variant.img"
}

# Moves them from the root $1 to their archive.
move_filesystems() {
	fs_root=$build/filesystems$variant.root
	rm -rf "$fs_root"
	mkdir -p "$fs_root"
	(
		cd "$1" || exit
		for folder in lib/modules/*/kernel/fs lib/modules/*/kernel/net/sunrpc; do
			[ ! -d "$folder" ] || find "$folder" -name '*.ko' | cpio -pdm --quiet "$fs_root"
			rm -rf "$folder"
		done
	)
	pack "$fs_root" | lz4 -l -9 >"$build/filesystems$variant.img"
}

# An archive of the folder $1 that depends only on its contents
pack() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet)
}

build_initrd() {
	key=$({
		cat "$build/stamps/kernel$variant" "$build/stamps/modules$variant" "$build/stamps/programs" "$lab_d/initrd.sh"
		hash_files "$busybox_i386" "$lab_d/rootfs" "$top/config/vnode"
	} | hash_text)
	[ -z "${always-}" ] && is_fresh "initrd$variant" "$key" && return
	rm -f "$build/stamps/initrd$variant"
	step "initrd$variant" make_initrd
	mark_fresh "initrd$variant" "$key"
}

# Builds the missing or outdated parts of the selected variant; if $always is set, make
# decides for all of them.
build_variant() (
	lock_build
	install_packages
	select_variant
	mkdir -p "$build/stamps"
	prepare_tree
	build_kernel
	build_modules
	build_programs
	build_initrd
)

build_all() {
	always=1
	build_variant
}
