# shellcheck shell=sh
# refused.sh: features that cannot be used with vnodes are refused at run time, with a reason.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

flags() {
	grep -m 1 ^flags /proc/cpuinfo
}

unlike "$(flags)" ' (svm|vmx)( |$)' 'the root has no virtualization'
like "$(dmesg)" 'adeos: KVM is refused: a CPU in a virtual machine could not be taken back' 'and says why'
sleep_errors=$( (echo freeze >/sys/power/state) 2>&1)
like "$sleep_errors" 'Device or resource busy' 'the root does not sleep'
like "$(dmesg)" "adeos: suspend is refused: the machine's other kernels would not survive it" 'and says why'

node 1 1 64M "cmdline = lab.run=\"grep -m 1 ^flags /proc/cpuinfo; echo freeze >/sys/power/state; echo status \$?\""
ok 'a vnode' vnode start --timeout 300 node1
await_log 1 'lab: exit'
log=$(vnode log 1)
unlike "$(echo "$log" | grep '^flags')" ' (svm|vmx)( |$)' 'the vnode has no virtualization'
like "$log" 'adeos: KVM is refused' 'and says so'
like "$log" 'adeos: suspend is refused: a vnode cannot sleep' 'the vnode does not sleep'
like "$log" 'status 1' 'which is an error for who asks'
is "$(state 1)" running 'it goes on'
like "$(cat /proc/iomem)" '^[0-9a-f]*-[0-9a-f]* : Adeos pool$' "the root's map of addresses shows the pool"
