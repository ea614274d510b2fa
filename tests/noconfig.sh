# shellcheck shell=sh
# Is the patched kernel with CONFIG_ADEOS=n the unpatched kernel?  Compares
# what ends up in memory, object by object: the sections that are loaded, and
# their relocations.  Names and line numbers in symbols do not count.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

patches=$top/patches
lab_d=$top/tools/lab.d
plain=
debug=
# shellcheck source=tools/lab.d/common.sh
. "$lab_d/common.sh"
# shellcheck source=tools/lab.d/source.sh
. "$lab_d/source.sh"
# shellcheck source=tools/lab.d/kernel.sh
. "$lab_d/kernel.sh"

has_patches || skip_all 'there are no patches'

unpatched=$build/linux-plain/out-noconfig
patched=$build/linux/out-noconfig

# noconfig_build OUT TARGET…: in the tree around OUT
noconfig_build() {
	noconfig_out=$1
	shift
	noconfig_fragment=$scratch/noconfig.config
	noconfig_fragments="$top/config/lean.config $top/config/filesystems.config"
	if [ "$noconfig_out" = "$patched" ]; then
		echo '# CONFIG_ADEOS is not set' >"$noconfig_fragment"
		noconfig_fragments="$noconfig_fragments $noconfig_fragment"
	fi
	# shellcheck disable=SC2086 # a list
	write_config "${noconfig_out%/*}" "$noconfig_out" $noconfig_fragments &&
		run_kbuild "${noconfig_out%/*}" "$noconfig_out" "$@"
}

# Both trees, the same targets.  In a shell of its own, where set -e counts.
build_both() {
	for out in "$unpatched" "$patched"; do
		(
			set -e
			noconfig_build "$out" "$@"
		) >"$scratch/log" 2>&1
		report $? "${out#"$build/"} is built" ||
			diag "$(grep -e 'error:' -e 'asked for' -e '\*\*\*' "$scratch/log")"
	done
}

# image_of OBJECT: its loaded sections as text
image_of() {
	# Name, type, size, flags, alignment of each section with the flag A
	readelf -SW "$1" | sed -n 's/^ *\[ *[0-9]*\] //p' |
		awk '$7 ~ /A/ || $2 ~ /REL/ { print $1, $2, $5, $7, $NF }' | grep -v '^\.rel\.\(debug\|discard\)' >"$scratch/sections"
	cat "$scratch/sections"
	set --  "$1"
	while read -r section type rest; do
		case $type in
		REL | NOBITS) ;;
		*) set -- "$@" -j "$section" ;;
		esac
	done <"$scratch/sections"
	objdump -s "$@" | tail -n +4
	# Offset, type, and name of each relocation, without the line numbers
	# that initcalls and the like have in theirs
	readelf -rW "$1" | awk '/^Relocation section/ { keep = $3 !~ /debug|discard/ } keep { print $1, $3, $5 }' |
		sed 's/\(__initcall__kmod_[^ ]*__[0-9]*\)_[0-9]*_/\1_/'
}

same_image() {
	image_of "$1" >"$scratch/one"
	image_of "$2" >"$scratch/two"
	cmp -s "$scratch/one" "$scratch/two"
}

# The comparison must be able to fail: one bit of one instruction, one
# relocation, and one byte of data are changed.
check_comparison() {
	object=$unpatched/mm/mmap.o
	ok 'an object is the same as itself' same_image "$object" "$object"
	for section in .text .rodata .rel.text; do
		objcopy -O binary --only-section="$section" --set-section-flags "$section=alloc" "$object" "$scratch/section"
		cp "$object" "$scratch/changed.o"
		offset=$(readelf -SW "$object" | sed -n "s/^ *\[ *[0-9]*\] //p" | awk -v name="$section" '$1 == name { print $4 }')
		# Past the first entry
		printf '\125' | dd of="$scratch/changed.o" bs=1 seek="$((0x$offset + 9))" conv=notrunc 2>/dev/null
		not_ok "a byte changed in $section is found" same_image "$object" "$scratch/changed.o"
	done
}

# compare_objects LEAST FOLDER…: all objects below the folders
compare_objects() {
	least=$1
	shift
	compared=0
	differing=
	for object in $(cd "$patched" && find "$@" -name '*.o' | LC_ALL=C sort); do
		case $object in
		# Linked from others, or holding the configuration's text
		*/vmlinux.o | */built-in.o | *.mod.o | kernel/configs.o | arch/x86/boot/*) continue ;;
		esac
		if [ ! -f "$unpatched/$object" ]; then
			differing="$differing $object(new)"
		elif ! cmp -s "$unpatched/$object" "$patched/$object" && ! same_image "$unpatched/$object" "$patched/$object"; then
			differing="$differing $object"
		fi
		compared=$((compared + 1))
	done
	is "$differing" '' "$compared objects below $* are the same"
	ok "at least $least objects compared" test "$compared" -ge "$least"
}

# Objects of the C and assembler files that the patches touch, as far as the
# configuration builds them: the normal kernel has been built.
# shellcheck disable=SC2046 # a list
list_touched_objects() {
	list_patched_files $(list_patches) | sed -n 's/\.[cS]$//p' | while read -r object; do
		if [ -f "$build/kernel/$object.o" ] && ls "$build/linux-plain/$object".[cS] >/dev/null 2>&1; then
			echo "$object.o"
		fi
	done
}
