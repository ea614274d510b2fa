#!/bin/sh
# adeos/proto/steer.c in user space, under sanitizers.
set -eu
top=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
out=${LAB_BUILD:-$top/build}/unit
mkdir -p "$out"
gcc -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all \
	-I"$top/adeos" -o "$out/steer_test" "$top/tests/unit/steer_test.c" "$top/adeos/proto/steer.c"
"$out/steer_test"
