#!/bin/sh
# adeos/x86/cmci.h in user space, under sanitizers: machine check banks that a vnode has
# left claimed, and those that are others'.  No emulator has such banks.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

unit_test cmci_test "whose banks they are"
done_testing
