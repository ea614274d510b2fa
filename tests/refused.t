#!/bin/sh
# KVM and sleep, where there are vnodes; an ordinary kernel has what its CPU has.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

cpu='coreduo,model=15,+svm'
lab_exec --no-vnode --cpu-model "$cpu" --timeout 120 -- grep -m 1 ^flags /proc/cpuinfo
like "$output" ' svm( |$)' 'without vnode=, virtualization is there'
guest_test --cpu-model "$cpu" --timeout 300 refused.sh
done_testing
