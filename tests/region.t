#!/bin/sh
# adeos/mem/region.c in user space, under sanitizers.
# runs beside machines
set -eu
top=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
out=${LAB_BUILD:-$top/build}/unit
mkdir -p "$out"
gcc -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all \
	-I"$top/adeos" -o "$out/region_test" "$top/tests/unit/region_test.c" "$top/adeos/mem/region.c"
"$out/region_test"
