#!/bin/sh
# Random bytes at /dev/kmb.  KMB_FUZZ_CALLS and KMB_FUZZ_SEED change them;
# tests/long/kmb-fuzz.t has more.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/${lib_path:-.}/lib.sh"

: "${calls:=30000}"

mkdir "$scratch/guest"
cp "$top"/tests/guest/* "$scratch/guest/"
ok 'kmb_fuzz compiles' gcc -m32 -static -O1 -D_GNU_SOURCE -Wall -I"$top/kmb" \
	-o "$scratch/guest/kmb_fuzz" "$top/tests/fuzz/kmb_fuzz.c"
# shellcheck disable=SC2034 # for guest_test
guest_share=$scratch/guest
guest_test --timeout "${limit:-400}" fuzz.sh "${KMB_FUZZ_CALLS:-$calls}" "${KMB_FUZZ_SEED:-20021}"
done_testing
