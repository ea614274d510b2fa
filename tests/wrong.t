#!/bin/sh
# Wrong input.

# shellcheck source=tests/image.sh
. "$(dirname "$0")/image.sh"

mkdir "$scratch/guest"
cp "$top"/tests/guest/* "$scratch/guest/"
# A kernel whose note has another name; tests/long/lab.t uses an unpatched one.
# shellcheck disable=SC2016 # perl's
ok 'a kernel without the note' perl -0777 -i -pe \
	's/(\x06\0{3}\x04\0{3}\x01\0{3})Adeos\0/$1Other\0/ or die "no note\n"' "$scratch/kernel"
compress "$scratch/guest/unpatched" lz4 lz4 -q -l - -
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
