# shellcheck shell=sh
# Interfaces of the virtual Ethernet that come and go: made by ip(8) and by programs, in
# namespaces, with areas that are lost, and while the root does not answer.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

(cd / && gunzip | cpio -id 2>/dev/null) </mnt/host/extra.gz
cat /boot/initrd.img /mnt/host/extra.lz4 >/tmp/vnode.img

there() {
	vnode exec 1 -- sh -c "$1"
}

# refused REGEX NAME WORD…: vnet_link add WORD… fails with a message that matches
refused() {
	refused_regex=$1 refused_name=$2
	shift 2
	refused_said=$(vnet_link add "$@")
	is $? 1 "$refused_name: refused"
	like "$refused_said" "$refused_regex" "$refused_name: says why"
}

# in_namespace: one for links, that ends with process $namespace
in_namespace() {
	unshare -n sleep 100000 &
	namespace=$!
	await sh -c "[ \"\$(readlink /proc/$namespace/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
}

links() {
	(cd /sys/class/net && for link in *; do
		[ ! -e "$link/ifalias" ] || ! grep -q . "$link/ifalias" || echo "$link $(cat "$link/ifalias")"
	done)
}

# Links from the module's parameter, and links that ip(8) makes
pools_before=$(pools)
ok 'the module without networks' modprobe vnet networks=
is "$(links)" '' 'makes no interface'
ok 'ip link add NAME type vnet' ip link add storage type vnet
is "$(vnet_link show storage)" 'kind vnet network storage alias storage' \
	'without more, the network is called as the link'
like "$(cat /sys/class/net/storage/address)" '^02:76:..:..:00:00$' 'whose address tells the vnode'
like "$(ethtool -i storage)" '^bus-info: 0:storage$' 'and ethtool the network'
ok 'a link with the attribute' vnet_link add net1 network control
is "$(vnet_link show net1)" 'kind vnet network control alias control' 'is in that network'
ok 'a link with an alias' vnet_link add net2 alias backup address 02:00:00:00:00:42
is "$(vnet_link show net2)" 'kind vnet network backup alias backup' 'is in the network of that name'
is "$(cat /sys/class/net/net2/address)" 02:00:00:00:00:42 'with the address that was asked for'
ok 'a link without a name' vnet_link add ''
is "$(vnet_link show vnet0)" 'kind vnet network Ethernet alias Ethernet' 'is vnet0, in the usual network'
refused 'has an interface in that network' 'a network twice' again network control
refused 'expected 1 to 31 characters' 'a program'\''s name' net3 network @mine
refused 'expected 1 to 31 characters' 'a name with a comma' net3 network a,b
refused 'expected 1 to 31 characters' 'a console' net3 alias console.1
refused 'expected 1 to 31 characters' 'an alias of 32 characters' net3 alias abcdefghijklmnopqrstuvwxyz012345
refused 'Numerical result|Invalid argument' 'an attribute of 32 characters' net3 network abcdefghijklmnopqrstuvwxyz012345
refused 'expected an Ethernet address' 'an address of a group' net3 address 03:00:00:00:00:01
is "$(links | sort | tr '\n' ' ')" 'net1 control net2 backup storage storage vnet0 Ethernet ' \
	'of those that were refused there are none'
full=
for n in $(seq 1 28); do
	ip link add more"$n" type vnet || full="$full $n"
done
is "$full" '' '32 interfaces'
refused 'as many interfaces' 'and one more' more29
for n in $(seq 1 28); do
	ip link del more"$n"
done
for link in net1 net2 vnet0; do
	ok "ip link del $link" ip link del $link
done
ok 'whose network is free' vnet_link add net3 network control
ip link del net3

# Link settings
like "$(ethtool storage)" 'Speed: 10000Mb/s' 'a speed'
like "$(ethtool storage)" 'Duplex: Full' 'and both ways at once'
modprobe bridge
brctl addbr br0
brctl addif br0 storage
is "$(cat /sys/class/net/br0/brif/storage/path_cost)" 2 'from which a bridge knows its cost'
ip link del br0
ok 'another speed' ethtool -s storage speed 25000 duplex full
like "$(ethtool storage)" 'Speed: 25000Mb/s' 'is told from then on'

# A namespace ends
in_namespace
ok 'a link goes to a namespace' ip link set storage netns $namespace
is "$(links)" '' 'and is there'
refused 'has an interface in that network' 'its network, here' again network storage
kill $namespace
ok 'it ends with the namespace, and its network is free' await ip link add storage type vnet
ok 'the module goes, with a link' modprobe -r vnet
is "$(links)" '' 'and so does the link'
ok 'the module with its usual network' modprobe vnet
is "$(links)" 'vnet0 Ethernet' 'for which there is a link'
in_namespace
ok 'it goes to a namespace' ip link set vnet0 netns $namespace
kill $namespace
comes_back() { links | grep -q ' Ethernet$'; }
ok 'and comes back when that ends, as it is the machine'\''s' await comes_back
ip link set "$(links | cut -d ' ' -f 1)" name vnet0

# An area is lost
node 1 1 96M
sed -i 's,^initrd = .*,initrd = /tmp/vnode.img,' "$conf/node1.conf"
ok 'a vnode' vnode start --timeout 600 node1
follow 1
ok 'with the module' there 'modprobe vnet && ip link set vnet0 up && ip addr add 10.0.0.101/24 dev vnet0'
ip link set vnet0 up
ip addr add 10.0.0.100/24 dev vnet0
answers() { ping -c 1 -W 5 -q 10.0.0.101; }
ok 'which answers' await answers
# count ID NAME: that counter of vnet0
count() {
	if [ "$1" = 0 ]; then ethtool -S vnet0; else there 'ethtool -S vnet0'; fi | sed -n "s/^ *$2: //p"
}
for id in 1 0; do
	is "$(count "$id" area_lost)" 0 "vnode $id has lost no area"
	ok "  it is destroyed by the root" modprobe adeos_destroy vnode=$id name=Ethernet
	lost() { [ "$(count "$id" area_lost)" = 1 ]; }
	ok '  and so lost' await lost
	made() { [ "$(count "$id" area_answered)" -ge 2 ] && [ "$(count "$id" peers)" = 1 ]; }
	ok '  another one is made' await made
	ok '  through which vnode 1 answers' await answers
	rmmod adeos_destroy
done

# However often vnode 1 greets, the root looks at most eight times a second.
looks=$(count 0 looks)
since=$(cut -d . -f 1 /proc/uptime)
ok 'vnode 1 greets 10000 times' there 'modprobe adeos_scribble victim=0 rounds=0 hellos=10000'
looks=$(($(count 0 looks) - looks))
seconds=$(($(cut -d . -f 1 /proc/uptime) - since + 1))
ok "the root has looked $looks times in $seconds s" [ $looks -gt 0 -a $looks -le $((8 * seconds + 2)) ]

# The root does not answer
shared=$(vnode memory | awk '$4 == "shared" { print $1 }')
# Not by loading the module again: it has to know the earlier requests.
silence() {
	there 'echo Y >/sys/module/adeos_unheard/parameters/keep'
}
hears() {
	there 'echo N >/sys/module/adeos_unheard/parameters/keep'
}
# outstanding COMMAND: sets $said to "done" if it ended well while the same question of vnet0
# to the root had no answer, before it and behind it.  The root's silence goes on, but the
# nanokernel gives up after a while, and then there is another question: again, with
# the next $k, from 1.
outstanding() {
	k=1
	while
		said=$(there "
			k=$k tries=0
			count() { ethtool -S vnet0 | sed -n \"s/^ *area_\$1: //p\"; }
			until answered=\$(count answered) && [ \"\$(count asked)\" -gt \"\$answered\" ]; do
				tries=\$((tries + 1))
				[ \$tries -lt 3000 ] || exit
				sleep 0.1
			done
			{
				$1
			} >/dev/null && [ \"\$(count answered)\" = \"\$answered\" ] && echo done")
		[ "$said" != 'done' ] && [ $k -lt 5 ]
	do
		k=$((k + 1))
	done
}
in_time='timeout 300'
areas() {
	vnode bridge list | awk '$2 == 1 && $1 != "console" { print $1 }' | sort | tr '\n' ' '
}
areas_are() { [ "$(areas)" = "$1" ]; }

there 'ip link set vnet0 down'
ok 'its area goes' await areas_are ''
for n in 1 2 3 4 5; do
	there "ip link add n$n type vnet && ip link set n$n up"
	there "ip link add s$n type vnet && ip link set s$n up"
done
ok 'others have theirs' await areas_are 'n1 n2 n3 n4 n5 s1 s2 s3 s4 s5 '
ok 'the root is made silent for vnode 1' there "modprobe adeos_unheard shared=$shared places=16 keep=1"
ok 'vnet0 goes up' there "$in_time ip link set vnet0 up"
outstanding "$in_time ip link && $in_time ip addr && $in_time ip link set lo mtu 30000 && $in_time ip link set lo mtu 65536 &&
	[ \"\$(cat /sys/class/net/vnet0/carrier)\" = 0 ]"
is "$said" 'done' 'others can use ip(8) while it has no answer, and there is no carrier'
outstanding "$in_time ip link set vnet0 down && $in_time ip link set vnet0 up && $in_time ip link"
is "$said" 'done' 'it goes down and up at once'
outstanding "$in_time ip link del n\$k"
is "$said" 'done' 'another one, with an area, is removed at once'
# At the very end of a namespace, the networks of its links become free
outstanding "unshare -n sleep 100000 & pid=\$!
	until [ \"\$(readlink /proc/\$pid/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]; do sleep 0.1; done
	$in_time ip link set s\$k netns \$pid && kill \$pid &&
	until $in_time ip link add s\$k type vnet 2>/dev/null; do sleep 0.1; done"
is "$said" 'done' 'a namespace with one, that has an area, ends at once'
like "$(areas)" '^n1 n2 n3 n4 n5 s1 s2 s3 s4 s5 $' 'all of their areas are there still'
ok 'the root hears it again' hears
ok 'the area is made, and the carrier is on' await there 'grep -qx 1 /sys/class/net/vnet0/carrier'
ok 'through which it answers' await answers

ok 'silence again' silence
ok 'it goes down' there "$in_time ip link set vnet0 down"
outstanding "$in_time ip link set vnet0 up && $in_time ip link set vnet0 down && $in_time ip link"
is "$said" 'done' 'it goes up and down while its area has not ended'
like "$(areas)" '(^| )Ethernet ' 'which is there still'
ok 'the module can be removed' there 'timeout 1200 modprobe -r vnet'
ok 'the root hears it again' hears
ok 'the module is loaded again' there 'modprobe vnet && ip link set vnet0 up && ip addr add 10.0.0.101/24 dev vnet0'
ok 'and vnode 1 answers' await answers
no_splat 1 'vnode 1 has nothing to complain about'
ok 'the vnode goes' vnode kill 1
ok 'the module, too' modprobe -r vnet
restored "$pools_before" 'all memory is back'
