# shellcheck shell=sh
# This project's modules and programs.

# Each needs what the one before it exports.
module_folders='kmb vdev tests/kmod'

# They are for the patched kernel only.
has_modules() {
	[ -z "$plain" ] && has_patches || return
	[ -f "$top/$1/Kbuild" ] || [ -f "$top/$1/Makefile" ]
}

# The sources are copied first, because kbuild leaves the objects of an external module
# beside its sources.
make_modules() {
	mkdir -p "$modules"
	ln -sfn "$top/adeos" "$modules/adeos"
	installed=$build/root$variant/lib/modules/$(cat "$out/include/config/kernel.release")
	rm -rf "$installed/extra"
	symbols=
	for folder in $module_folders; do
		if ! has_modules "$folder"; then
			rm -rf "${modules:?}/$folder"
			continue
		fi
		mkdir -p "$modules/$folder"
		# Compiled files are not in the source, but must stay
		rsync -rlp --checksum --delete --filter 'P *.o' --filter 'P *.ko' --filter 'P *.mod' --filter 'P *.mod.c' \
			--filter 'P .*.cmd' --filter 'P Module.symvers' --filter 'P modules.order' \
			"$top/$folder/" "$modules/$folder/"
		run_kbuild "$tree" "$out" M="$modules/$folder" KBUILD_EXTRA_SYMBOLS="$symbols" modules
		symbols="$symbols $modules/$folder/Module.symvers"
		mkdir -p "$installed/extra"
		find "$modules/$folder" -name '*.ko' -exec cp {} "$installed/extra/" \;
	done
	/sbin/depmod -b "$build/root$variant" "$(cat "$out/include/config/kernel.release")"
}

build_modules() {
	# shellcheck disable=SC2086 # a list
	key=$({
		cat "$build/stamps/kernel$variant" "$lab_d/programs.sh"
		for folder in $module_folders; do
			! has_modules "$folder" || hash_files "$top/$folder"
		done
	} | hash_text)
	[ -z "${always-}" ] && is_fresh "modules$variant" "$key" && return
	rm -f "$build/stamps/modules$variant"
	step "modules$variant" make_modules
	mark_fresh "modules$variant" "$key"
}

# The same programs run on every kernel.
programs=$build/tools

make_programs() {
	rm -rf "$programs/root"
	mkdir -p "$programs/root"
	for makefile in "$top"/tools/*/Makefile; do
		[ -f "$makefile" ] || continue
		folder=$(dirname "$makefile")
		name=$(basename "$folder")
		mkdir -p "$programs/$name"
		make --no-print-directory -C "$folder" O="$programs/$name" -j "$parallel"
		make --no-print-directory -C "$folder" O="$programs/$name" DESTDIR="$programs/root" install
	done
}

build_programs() {
	key=$({
		gcc --version | head -n 1
		cat "$lab_d/programs.sh"
		for folder in "$top"/tools/*/; do
			case $folder in
			*/lab.d/) ;;
			*) hash_files "$folder" ;;
			esac
		done
		# Their interface to the kernel
		find "$top/kmb" "$top/adeos" "$top/vdev" -name '*.h' -exec cat {} + 2>/dev/null || :
	} | hash_text)
	[ -z "${always-}" ] && is_fresh programs "$key" && return
	rm -f "$build/stamps/programs"
	step programs make_programs
	mark_fresh programs "$key"
}
