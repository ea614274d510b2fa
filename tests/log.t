#!/bin/sh
# adeos/proto/log.c in user space, under sanitizers.
# runs beside machines
set -eu
top=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
out=${LAB_BUILD:-$top/build}/unit
mkdir -p "$out"
gcc -O2 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all -pthread \
	-I"$top/adeos" -o "$out/log_test" "$top/tests/unit/log_test.c" "$top/adeos/proto/log.c"
"$out/log_test"
