#!/bin/sh
# Random bytes at /dev/kmb.  KMB_FUZZ_CALLS and KMB_FUZZ_SEED choose others.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$scratch/guest"
cp "$top"/tests/guest/* "$scratch/guest/"
ok 'kmb_fuzz compiles' gcc -m32 -static -O1 -D_GNU_SOURCE -Wall -I"$top/kmb" \
	-o "$scratch/guest/kmb_fuzz" "$top/tests/fuzz/kmb_fuzz.c"
# shellcheck disable=SC2034 # for guest_test
guest_share=$scratch/guest
guest_test --timeout 1200 fuzz.sh "${KMB_FUZZ_CALLS:-100000}" "${KMB_FUZZ_SEED:-20021}"
done_testing
