#!/bin/sh
# The folders of adeos/ include each other's headers one way only: a folder uses those
# above it in adeos/Makefile, and core.h, arch.h and clock.h; nobody outside x86/ uses x86/.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

order=$(sed -n 's,^obj-y += \([a-z0-9]*\)/.*,\1,p' "$top/adeos/Makefile")
is "$(echo "$order" | tail -n 1)" x86 'x86 is the last folder in the list'
is "$(find "$top/adeos" -mindepth 1 -maxdepth 1 -type d ! -name include -printf '%f\n' | sort)" \
	"$(echo "$order" | sort)" 'the list has all folders'

# wrong_includes FOLDER ALLOWED…: includes in it of another folder than those
wrong_includes() {
	wrong_folder=$1
	shift
	for file in "$top/adeos/$wrong_folder"/*.[chS]; do
		sed -n 's,^#[[:space:]]*include "\([a-z0-9]*\)/.*,\1,p' "$file" | while read -r other; do
			case " $wrong_folder $* " in
			*" $other "*) ;;
			*) echo "$wrong_folder/${file##*/} includes $other/" ;;
			esac
		done
	done
}

seen=
for folder in $order; do
	# shellcheck disable=SC2086 # a list
	is "$(wrong_includes "$folder" $seen)" '' "$folder/ includes what is above it"
	seen="$seen $folder"
done

# Headers without a folder belong to the including file's folder, or are shared by all
is "$(cd "$top/adeos" && grep -HoE '#[[:space:]]*include "[^"/]+"' ./*/*.[chS] | while IFS=: read -r file include; do
	header=${include#*\"}
	header=${header%\"}
	[ -e "${file%/*}/$header" ] || case $header in
	core.h | arch.h | clock.h) ;;
	local.h | common.h) [ "${file%/*}" = ./x86 ] || echo "$file: $header" ;;
	*) echo "$file: $header" ;;
	esac
done)" '' 'no header of another folder is found by its bare name'

# Numbers of the ABI have one place
limits=adeos/include/linux/adeos_abi.h
names=$(sed -n 's/^#define \(ADEOS_[A-Z_]*\).*/\1/p' "$top/$limits")
for name in $names; do
	is "$(cd "$top" && grep -rlE "#[[:space:]]*define[[:space:]]+${name}[[:space:]]" adeos kmb vdev tools)" \
		"$limits" "$name is defined once"
done
done_testing
