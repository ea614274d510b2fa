# shellcheck shell=sh
# A boot loader has left 6016 bytes at 0x30000800, of which the last 6000 are in ./data.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

left=/sys/kernel/boot_params/setup_data/0/data
ok 'the root finds what the boot loader has left' cmp $left data
is "$(cat /sys/kernel/adeos/vnodes/0/memory)" "$((256 << 20))" '  far behind its own memory'
like "$(vnode memory)" '^0x010000000 +0x02fffffff .* free$' 'the pool ends before it'
like "$(vnode memory)" '^0x030002000 +0x[0-9a-f]+ .* free$' '  and goes on behind its last page'
is "$(grep -c ' : Adeos pool$' /proc/iomem)" 2 'the map of addresses shows two ranges'
like "$(cat /proc/iomem)" '^10000000-2fffffff : Adeos pool$' '  before it'
like "$(cat /proc/iomem)" '^30002000-[0-9a-f]+ : Adeos pool$' '  and behind'

node 1 1 64M 'address = 0x2e000000'
refuses 1 'memory at 0x2e000000-0x31ffffff is not RAM of the pool' 'no vnode gets it' vnode start node1
node 1 1 64M 'address = 0x2c000000'
node 2 2 64M 'address = 0x30400000'
ok 'its neighbours become vnodes' vnode start --timeout 200 node1 node2
ok 'and end' vnode kill 1 2
ok 'it is as it was' cmp $left data
