# shellcheck shell=sh
# pipeline.sh IPIS: the interrupt pipeline, in the root and in a vnode.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

ipis=$1

domains=/sys/kernel/adeos/domains
is "$(ls $domains)" '' 'no domain at first'
# One needs kprobes, and is skipped without them.
least=6
if zcat /proc/config.gz | grep -q '^CONFIG_KPROBES=y'; then least=7; fi
kunit adeos_pipeline_kunit $least ipis="$ipis"
is "$(ls $domains)" '' 'no domain is left'

# shellcheck disable=SC2016 # for another shell
node 1 2,3 96M 'cmdline = lab.run="modprobe kunit enable=1; modprobe adeos_pipeline_kunit ipis='"$ipis"'; dmesg | sed s/^/vnode:/; poweroff"'
vnode start --timeout 0 node1
ok 'a vnode runs the same' vnode wait 1 --state stopped --timeout 600
vnode log 1 >/tmp/vnode.log
sed -n 's/\r//; s/^vnode://p' /tmp/vnode.log >/tmp/vnode.dmesg
kunit_claims /tmp/vnode.dmesg vnode $least
no_splat 1 'its kernel has nothing to complain about'
