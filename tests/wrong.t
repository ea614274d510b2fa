#!/bin/sh
# Wrong input.
# needs: plain

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$scratch/guest"
cp "$top"/tests/guest/* "$scratch/guest/"
cp "$build/kernel-plain/arch/x86/boot/bzImage" "$scratch/guest/unpatched"
# shellcheck disable=SC2034 # for guest_test
guest_share=$scratch/guest
guest_test --cpus 4 --memory 1G wrong.sh

# Without vnode=, it is an ordinary kernel.
lab_exec --no-vnode --cpus 2 -- sh -c 'nproc; modprobe kmb; echo $?; vnode start node1; echo $?'
like "$output" '^2$' 'without vnode=, all CPUs are started'
like "$errors" 'not booted as the root vnode \(no vnode=0' 'and vnode start says what is missing'
like "$console" 'kmb: this kernel is not the root vnode' 'and so does kmb'
no_splat "$console" 'and it has nothing to complain about'
done_testing
