# shellcheck shell=sh
# fuzz.sh CALLS SEED: random bytes at /dev/kmb.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

before=$(pools)
output=$(./kmb_fuzz "$1" "$2")
status=$?
diag "$output"
is $status 0 "$1 calls return"
like "$output" "^$1 calls: [1-9][0-9]* succeeded.*EINVAL.*" 'some succeed, others are refused'

# It may have left vnodes that it started.
for id in 1 2 3; do
	vnode kill $id 2>/dev/null
done
restored "$before" 'the pools are as before'
node 1 1 64M 'cmdline = lab.run="nproc"'
ok 'a vnode starts' vnode start node1
ok 'and reaches user space' await_log 1 'lab: exit 0'
