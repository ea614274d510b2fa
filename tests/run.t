#!/bin/sh
# What a new user sees first.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

output=$(lab run </dev/null 2>"$scratch/errors")
is $? 0 'tools/lab run ends with 0'
is "$(printf '%s\n' "$output" | grep -cE '^[0-2] .* running ')" 3 'three kernels run'
like "$output" '^0 +root +running +0 +256M +0x0$' 'the root has what its mem= says'
like "$output" '^lab: vnode 1: Linux .*, 1 CPUs' 'the first vnode greets'
like "$output" '^lab: vnode 2: Linux .*, 2 CPUs' 'and the second'
done_testing
