#!/bin/sh
# With CONFIG_ADEOS=n the patched tree compiles to the machine code of the unpatched one.
# This compares the files that the patches touch, and the parts of the kernel that include
# the headers they touch; tests/long/noconfig.t compares the rest.
# runs beside machines

# shellcheck source=tests/noconfig.sh
. "$(dirname "$0")/noconfig.sh"

# Objects below the folders are built with them; if they were also named, make would build
# them twice at the same time.
# shellcheck disable=SC2046 # a list
# arch/x86/pci is not below arch/x86 for make.
build_both arch/x86/ arch/x86/pci/ mm/ $(list_touched_objects | grep -v -e '^arch/x86/' -e '^mm/')
check_comparison
compare_objects 150 arch/x86 mm
touched=$(list_touched_objects)
ok 'the patches touch some' test -n "$touched"
for object in $touched; do
	ok "$object" same_image "$unpatched/$object" "$patched/$object"
done

done_testing
