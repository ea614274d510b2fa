#!/bin/sh
# With CONFIG_ADEOS=n the whole patched kernel is the unpatched one.
# runs beside machines

lib_path=..
# shellcheck source=tests/noconfig.sh
. "$(dirname "$0")/../noconfig.sh"

build_both vmlinux modules
check_comparison
compare_objects 1000 arch/x86 block drivers fs init ipc kernel lib mm net security

# The size of the configuration's compressed text may move what follows
unlike "$(for section in .text .init.text; do
	for kernel in "$unpatched" "$patched"; do
		objdump -h "$kernel/vmlinux" | awk -v name="$section" '$2 == name { print name, $3 }'
	done | uniq -u
done)" . 'the text of the linked kernels has the same size'

done_testing
