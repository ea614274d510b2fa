# shellcheck shell=sh
# For tests of the vnode command from outside: its output, its exit status, and its calls of
# KMB.  A folder stands for sysfs and unit/kmb_double.c for the kernel; all runs under
# AddressSanitizer and UBSan.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
mkdir -p "${LAB_BUILD:-$here/../build}/unit" || exit 1
out=$(cd "${LAB_BUILD:-$here/../build}/unit" && pwd) || exit 1
src=$here/../tools/vnode
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
umask 022
n=0

# result STATUS DESCRIPTION
result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
}

# same WHAT EXPECTED GOT
same() {
	[ "$2" = "*" ] && return 0
	[ "$2" = "$3" ] && return 0
	printf '%s\n' "$1: expected" "$2" "$1: got" "$3" | sed 's/^/# /'
	return 1
}

# check DESCRIPTION STATUS STDOUT STDERR COMMAND...; "*" is anything
check() {
	description=$1 status=$2 stdout=$3 stderr=$4
	shift 4
	"$@" < /dev/null > "$tmp/out" 2> "$tmp/err"
	got=$?
	bad=0
	same status "$status" "$got" || bad=1
	same stdout "$stdout" "$(cat "$tmp/out")" || bad=1
	same stderr "$stderr" "$(cat "$tmp/err")" || bad=1
	result $bad "$description"
}

# journal DESCRIPTION EXPECTED: the calls of KMB since the last time
journal() {
	same journal "$2" "$(cat "$DOUBLE_JOURNAL")"
	result $? "$1"
	: > "$DOUBLE_JOURNAL"
}

# put ID FILE VALUE: like the kernel, in one step
put() {
	printf '%s\n' "$3" > "$sys/vnodes/$1/$2.new"
	mv "$sys/vnodes/$1/$2.new" "$sys/vnodes/$1/$2"
}

# add ID NAME STATE CPUS MEMORY ADDRESS CONFIG
add() {
	mkdir -p "$sys/vnodes/$1"
	put "$1" name "$2"
	put "$1" state "$3"
	put "$1" cpus "$4"
	put "$1" memory "$5"
	put "$1" address "$6"
	put "$1" heartbeat 17
	put "$1" cmdline "vnode=$1 quiet"
	put "$1" config "$7"
	put "$1" restart no
	put "$1" restarting 0
}

# bridge NUMBER NAME SCOPE OWNER STATE USERS
bridge() {
	mkdir -p "$sys/bridges/$1"
	printf '%s\n' "$2" > "$sys/bridges/$1/name"
	printf '%s\n' "$3" > "$sys/bridges/$1/scope"
	printf '%s\n' "$4" > "$sys/bridges/$1/owner"
	printf '%s\n' "$5" > "$sys/bridges/$1/state"
	printf '%s\n' "$6" > "$sys/bridges/$1/users"
	echo movable > "$sys/bridges/$1/kind"
	echo write > "$sys/bridges/$1/access"
	echo 0x14100000 > "$sys/bridges/$1/address"
	echo 1048576 > "$sys/bridges/$1/size"
	echo 0-2,5 > "$sys/bridges/$1/allowed"
}

# the root, and nothing else
new_machine() {
	rm -rf "$sys" "$conf"
	mkdir -p "$sys/vnodes" "$sys/bridges" "$conf"
	echo 0 > "$sys/vnode"
	add 0 root running 0 268435456 0x0 ''
}

# configure NAME ID CPUS [LINE]
configure() {
	cat > "$conf/$1.conf" <<-EOF
	[vnode]
	id = $2
	cpus = $3
	memory = 64M
	kernel = $tmp/bzImage
	$4
	EOF
}

# await PATTERN FILE: waits until FILE has it, for a minute at most
await() {
	tries=600
	until grep -q "$1" "$2"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# await_open PID END: waits until it has a file open whose path ends with END, likewise
await_open() {
	tries=600
	until readlink /proc/"$1"/fd/* 2> /dev/null | grep -q "$2\$"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# unprivileged COMMAND...
unprivileged() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

flock "$out/lock" make -s -C "$src" O="$out" all check-bins > "$tmp/log" 2>&1
status=$?
result $status "vnode builds"
sed 's/^/# /' "$tmp/log"
[ $status -eq 0 ] || exit 1

# where an unprivileged user can reach them
chmod 755 "$tmp"
cp "$out/vnode-check" "$out/vnode-double" "$tmp"
# shellcheck disable=SC2034 # for the tests
real=$tmp/vnode-check
vnode=$tmp/vnode-double
sys=$tmp/sys
conf=$tmp/conf
export ASAN_OPTIONS=exitcode=99 LSAN_OPTIONS=exitcode=99
export VNODE_SYSFS="$sys" VNODE_CONF_DIR="$conf" VNODE_KMB=/dev/null
export DOUBLE_JOURNAL="$tmp/journal"
: > "$DOUBLE_JOURNAL"
echo kernel > "$tmp/bzImage"
echo initrd > "$tmp/initrd.img"
new_machine
