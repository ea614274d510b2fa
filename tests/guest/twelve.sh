# shellcheck shell=sh
# Twelve vnodes of one CPU each.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

before=$(pools)
names=
for id in 1 2 3 4 5 6 7 8 9 10 11 12; do
	node $id $id 64M 'cmdline = quiet lab.run="nproc"'
	names="$names node$id"
done
# shellcheck disable=SC2086 # a list
ok 'twelve vnodes start by one command' vnode start --timeout 300 $names
for id in 1 2 3 4 5 6 7 8 9 10 11 12; do
	ok "vnode $id reaches user space" await_log $id 'lab: exit 0'
done
is "$(vnode list --json | tr ',' '\n' | grep -c '"state": *"running"')" 13 'thirteen kernels run'
ok 'the last one has a heartbeat' await_beat 12
# shellcheck disable=SC2086 # a list
ok 'all of them stop' vnode stop --timeout 300 $names
for id in 1 2 3 4 5 6 7 8 9 10 11 12; do
	is "$(state $id)" stopped "vnode $id is stopped"
	vnode log $id | grep -q 'Power down' || diag "vnode $id was forced"
done
restored "$before" 'the pools are as before'
