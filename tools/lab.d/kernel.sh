# shellcheck shell=sh
# Kernels: their configuration, and how they are built.

ARCH=i386
# So that the same input gives the same image
KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC'
KBUILD_BUILD_USER=lab
KBUILD_BUILD_HOST=lab
KBUILD_BUILD_VERSION=1
export ARCH KBUILD_BUILD_TIMESTAMP KBUILD_BUILD_USER KBUILD_BUILD_HOST KBUILD_BUILD_VERSION

parallel=${LAB_JOBS:-$(nproc)}

# The debug kernel and the plain one have file systems, an eighth of all objects, only
# where $filesystems asks for them.
list_fragments() {
	echo "$top/config/lean.config"
	[ -n "$plain$debug" ] && [ -z "${filesystems-}" ] || echo "$top/config/filesystems.config"
	if [ -z "$plain" ] && has_patches; then
		echo "$top/config/adeos.config"
	fi
	[ -z "$debug" ] || echo "$top/config/debug.config"
}

# Writes the configuration that the given fragments ask for; all other options are off.
# Fails if an option of a fragment has no effect.
write_config() {
	config_tree=$1
	config_out=$2
	shift 2
	mkdir -p "$config_out"
	cat "$@" >"$config_out/.lab-fragments.new"
	if [ -f "$config_out/.config" ] &&
		cmp -s "$config_out/.lab-fragments.new" "$config_out/.lab-fragments"; then
		# A patch or adeos/ may have changed Kconfig
		run_kbuild "$config_tree" "$config_out" -s olddefconfig
	else
		rm -f "$config_out/.lab-fragments"
		(cd "$config_tree" && sh scripts/kconfig/merge_config.sh -m -Q -O "$config_out" "$@")
		mv "$config_out/.config" "$config_out/.lab-merged"
		run_kbuild "$config_tree" "$config_out" -s KCONFIG_ALLCONFIG="$config_out/.lab-merged" allnoconfig
	fi
	verify_config "$config_out"
	mv "$config_out/.lab-fragments.new" "$config_out/.lab-fragments"
}

verify_config() {
	refused=0
	while read -r line; do
		case $line in
		CONFIG_*)
			option=${line%%=*}
			# "is not set" is how .config says n
			case $line in
			*=n) ! grep -q "^$option=" "$1/.config" ;;
			*) grep -qxF -e "$line" "$1/.config" ;;
			esac || {
				echo "$line was asked for, but the configuration has: $(grep -w "$option" "$1/.config" || echo nothing)"
				refused=1
			}
			;;
		'# CONFIG_'*' is not set')
			option=${line#\# }
			option=${option%% *}
			! grep "^$option=" "$1/.config" || {
				echo "$line was asked for, but the configuration has the line above"
				refused=1
			}
			;;
		esac
	done <"$1/.lab-merged"
	return "$refused"
}

run_kbuild() {
	kbuild_tree=$1
	kbuild_out=$2
	shift 2
	compiler=gcc
	! command -v ccache >/dev/null || compiler='ccache gcc'
	make --no-print-directory -C "$kbuild_tree" O="$kbuild_out" CC="$compiler" -j "$parallel" "$@"
}

# count_objects TREE OUT TARGET…: how many objects make would compile now; nothing if make
# cannot count.  In a dry run, make goes on although it misses files that it has not made;
# these are not objects of the C compiler.
count_objects() {
	run_kbuild "$@" -n -k 2>/dev/null |
		grep -oE "echo '  (CC|AS|HOSTCC|CCLD)  *[^']*'" | grep -vc '\.mod\.o' | grep -vx 0 || :
}

kernel_key() {
	{
		source_key
		gcc --version | head -n 1
		# shellcheck disable=SC2046 # a list
		cat $(list_fragments)
		cat "$lab_d/source.sh" "$lab_d/kernel.sh"
		if [ -z "$plain" ]; then
			list_patches
			hash_files "$top/adeos"
			# Edits that wait for a refresh count like patches
			sum_owned_files
		fi
	} | hash_text
}

# The key is computed before the build, so that changes during the build count as changes.
build_kernel() {
	select_variant
	key=$(kernel_key)
	[ -z "${always-}" ] && is_fresh "kernel$variant" "$key" && [ -f "$kernel/arch/x86/boot/bzImage" ] && return
	rm -f "$build/stamps/kernel$variant"
	ln -sfn "linux${plain:+-plain}/$out_name" "$kernel"
	# shellcheck disable=SC2046 # a list
	step "config$variant" write_config "$tree" "$out" $(list_fragments)
	step "prepare$variant" run_kbuild "$tree" "$out" prepare
	expected=$(count_objects "$tree" "$out" bzImage modules)
	step "kernel$variant" run_kbuild "$tree" "$out" bzImage modules
	rm -rf "$build/root$variant/lib/modules"
	step "install$variant" run_kbuild "$tree" "$out" -s INSTALL_MOD_PATH="$build/root$variant" modules_install
	mark_fresh "kernel$variant" "$key"
}
