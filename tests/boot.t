#!/bin/sh
# The paper's example, and isolation.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

guest_test --cpus 8 --memory 3G paper.sh
image=$("$top/tools/lab" exec -- sha256sum /boot/vmlinuz </dev/null | cut -d ' ' -f 1)
is "$image" "$(sha256sum <"$build/kernel/arch/x86/boot/bzImage" | cut -d ' ' -f 1)" \
	"the vnodes' image is the one that the root runs"
done_testing
