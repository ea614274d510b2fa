#!/bin/sh
# adeos/mem/place.c in user space, under sanitizers.
# runs beside machines
set -eu
top=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
out=${LAB_BUILD:-$top/build}/unit
mkdir -p "$out"
gcc -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all \
	-I"$top/adeos" -o "$out/place_test" "$top/tests/unit/place_test.c" "$top/adeos/mem/place.c" \
	"$top/adeos/mem/region.c"
"$out/place_test"
