#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What a message, the opening of a bridge and a change of membership cost, for 2
# to 60 vnodes, against the same for 2; the latter against linear growth.
set -eu

bench=$(cd -- "$(dirname -- "$0")" && pwd -P)
top=$(dirname -- "$bench")
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT

set --
for source in portal_words ring member bridge_root bridge_user dsp dsp_root; do
	set -- "$@" "$top/adeos/proto/$source.c"
done
gcc -m32 -static -O2 -Wall -Wextra -fno-strict-aliasing -D_FILE_OFFSET_BITS=64 -I"$top/adeos" \
	-o "$share/dsp" "$bench/dsp.c" "$@"
# A copy is run, so that it needs nothing from the host while it is measured.
"$top/tools/lab" exec --icount --cpus 1 --share "$share" -- \
	sh -c 'cp /mnt/host/dsp /tmp/ && exec /tmp/dsp 2 4 8 16 32 60' </dev/null |
	sort -s -t "$(printf '\t')" -k 1,1 >"$share/results"

# What is to be constant may grow by a tenth: 60 vnodes have 236 bridges, and
# some of them stand in others' places.
awk -F '\t' -v OFS='\t' '
	!($1 in two) { two[$1] = $2 == 2 ? $3 : "none" }
	$1 == "membership change" { print $1 ", " $2, $3, "instructions", two[$1] * $2 / 2, "1.0"; next }
	{ print $1 ", " $2, $3, "instructions", two[$1], 1.1 }' "$share/results"
