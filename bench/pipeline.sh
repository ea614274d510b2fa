#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the interrupt pipeline costs: instructions for basic operations, in the
# patched kernel against the plain one, and the growth of the kernel's code.
# docs/bench.md says what each case is.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
top=$(dirname -- "$bench")
lab=$top/tools/lab
kernels=${LAB_BUILD:-$top/build}
variant=
[ "${LAB_CONFIG:-lean}" = lean ] || variant=-$LAB_CONFIG
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
gcc -m32 -static -O2 -Wall -D_FILE_OFFSET_BITS=64 -o "$share/pipeline" "$bench/pipeline.c"

# measure NAME OPTION…: the lines of all cases, in the file NAME.  A copy is run,
# so that exec needs nothing from the host.  In some boots, a process costs 0.3 %
# more from its start to its end, and so the best of three counts.
measure() {
	file=$share/$1
	shift
	for boot in 1 2 3; do
		"$lab" exec --icount --cpus 1 --memory 1G --share "$share" "$@" -- \
			sh -c 'cp /mnt/host/pipeline /tmp/ && exec /tmp/pipeline' </dev/null >"$file.$boot"
	done
	paste "$file.1" "$file.2" "$file.3" | awk -F '\t' -v OFS='\t' '
		# A case that not every boot has measured has no number.
		$1 != $4 || $1 != $7 || $3 != $6 || $3 != $9 { $2 = "none" }
		$2 != "none" && $5 < $2 { $2 = $5 }
		$2 != "none" && $8 < $2 { $2 = $8 }
		{ print $1, $2, $3 }' >"$file"
}

# The same memory for both, without what would be highmem in one of them
measure plain --plain --append mem=256M
measure patched --root-memory 256M

# Cases that one of them lacks, or that were not measured in instructions, come
# out without a number, which bench/bench reports.
awk -F '\t' -v OFS='\t' '
	function number(line, part) {
		split(line, part, FS)
		return part[3] == "instructions" ? part[2] : "none"
	}
	NR == FNR { plain[$1] = $0; next }
	{ print $1, number($0), "instructions", number(plain[$1]), 1.05; delete plain[$1] }
	END {
		for (name in plain)
			print name, "none", "instructions", number(plain[name]), 1.05
	}' "$share/plain" "$share/patched"
printf 'geometric mean\t\t\t\t1.01\n'

# code VARIANT [SECTION]: bytes in the section, or in all executable ones
code() {
	readelf -S -W "$kernels/kernel$1/vmlinux" | sed 's/^ *\[ *[0-9]*\] *//' | {
		sum=0
		# A name, a type, an address, an offset, a size, an entry size, flags
		while read -r section _ _ _ size _ flags _; do
			case $flags in
			*X*) [ -n "${2-}" ] && [ "$section" != "$2" ] || sum=$((sum + 0x$size)) ;;
			esac
		done
		[ "$sum" -gt 0 ] && echo "$sum"
	}
}

text=$(code "$variant" .text)
plain_text=$(code "-plain$variant" .text)
all=$(code "$variant")
plain_all=$(code "-plain$variant")
printf 'kernel, .text\t%s\tbytes\t%s\t1.03\n' "$text" "$plain_text"
printf 'kernel, all executable sections\t%s\tbytes\t%s\n' "$all" "$plain_all"
