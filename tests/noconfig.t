#!/bin/sh
# With CONFIG_ADEOS=n the patched tree compiles to the machine code of the
# unpatched one: all that the patches touch, and the parts of the kernel that
# include the headers they touch.  tests/long/noconfig.t does the rest.
# needs: plain

# shellcheck source=tests/noconfig.sh
. "$(dirname "$0")/noconfig.sh"

check_comparison

# Objects below the folders are built with them; named as well, make would
# build them twice at a time.
# shellcheck disable=SC2046 # a list
# arch/x86/pci is not below arch/x86 for make.
build_patched arch/x86/ arch/x86/pci/ mm/ $(list_touched_objects | grep -v -e '^arch/x86/' -e '^mm/')
compare_objects 150 arch/x86 mm
for object in $(list_touched_objects); do
	ok "$object" same_image "$unpatched/$object" "$patched/$object"
done

done_testing
