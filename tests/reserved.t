#!/bin/sh
# Memory above mem= that somebody has reserved, though all tables say that it is RAM: here,
# data of a boot loader's (struct setup_data, Documentation/arch/x86/boot.rst).

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$scratch/share"
cp "$top/tests/guest/lib.sh" "$top/tests/guest/reserved.sh" "$scratch/share/"
head -c 6000 /dev/urandom >"$scratch/share/data"
# No next one, an unknown type, and 6000 bytes of data: from the middle of a page on
{
	printf '\0\0\0\0\0\0\0\0\105\043\001\0\160\027\0\0'
	cat "$scratch/share/data"
} >"$scratch/setup_data"
cp "$build/kernel/arch/x86/boot/bzImage" "$scratch/bzImage"
printf '\0\010\0\060' | dd of="$scratch/bzImage" bs=1 seek=$((0x250)) conv=notrunc 2>/dev/null
guest_share=$scratch/share
guest_test --kernel "$scratch/bzImage" \
	--device "loader,file=$scratch/setup_data,addr=0x30000800,force-raw=on" reserved.sh
done_testing
