# shellcheck shell=sh
# The root's wall clock is set, runs fast and slow; the vnode's follows, and its other
# clocks do not step.  ../unit/phc.c measures the difference.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

there() {
	vnode exec 1 -- "$@"
}

# shellcheck disable=SC2016 # for another shell
node 1 1 64M 'cmdline = lab.run="while :; do echo now $(date +%s) $(cut -d . -f 1 /proc/uptime); sleep 0.2; done"'
ok 'a vnode' vnode start --timeout 300 node1
there sh -c 'cat >/phc && chmod +x /phc' <phc
ok 'the root'\''s clock is a PTP hardware clock there' there modprobe vptp
is "$(there cat /sys/class/ptp/ptp0/clock_name)" 'root vnode' '  with a name'
ok '  that cannot be set' there /phc set
refuses 1 "can't load module vptp|vptp.*: No such device" '  and that the root has not' modprobe vptp

# between CLOCK: is the vnode's time between two readings of the root's clock?  Within a
# millisecond; in us, because the shell may have 32 bits.
between() {
	before=$(./phc now)
	between=$(there /phc "$1")
	after=$(./phc now)
	echo "$before $between $after" |
		awk '{ print ($2 > $1 - 1000000 && $2 < $3 + 1000000) ? "yes" : "no: " $0 }'
}

# off: by how many us is the vnode's clock off?
off() {
	there /phc ahead | awk '{ printf "%d\n", $1 < 0 ? -$1 / 1000 : $1 / 1000 }'
}

close() {
	off=$(off) && [ -n "$off" ] && [ "$off" -lt 1000 ]
}

# settles: waits until the vnode has seen the root's present values
settles() {
	await_beats 3 && await close
}

# stays: is it so for some beats in succession?
stays() {
	stays_beats=0
	while [ $stays_beats -lt 5 ]; do
		close && await_beat 1 || return
		stays_beats=$((stays_beats + 1))
	done
}

# seconds: by how many is the vnode's clock ahead?
seconds() {
	there /phc ahead | awk '{ printf "%.0f\n", $1 / 1e9 }'
}

# sets: how often was its clock set?
sets() {
	vnode log 1 | grep -c 'the clock was set, by the root'
}

ok 'its clock is the root'\''s, to within a millisecond' await close
is "$(between read)" yes 'by its own look at the root'\''s'
is "$(between now)" yes 'by a program'\''s'

# Small differences
sets=$(sets)
# The clock is put right by an eighth of a difference in each second, at any rate.
./phc shift 300000000
./phc rate 10100
ok 'it follows a third of a second ahead, to a clock that runs a hundredth fast' await_beats 3
ok '  to within a millisecond, and stays there' await stays
is "$(between now)" yes '  by a program'\''s look'
./phc shift -700000000
./phc rate 9900
ok 'it follows back, to one that runs slowly' await_beats 3
ok '  to within a millisecond, and stays there' await stays
is "$(between now)" yes '  by a program'\''s look'
./phc rate 10000
ok 'it follows one that is right again' settles
is "$(sets)" "$sets" 'it was not set for that'

# Large ones
# follows: is the vnode's clock within a second of the root's?
follows() {
	vnodes=$(vnode log 1 | tr -d '\r' | sed -n 's/^now \([0-9]*\) [0-9]*$/\1/p' | tail -n 1)
	ahead=$((${vnodes:-0} - $(date +%s)))
	[ $ahead -ge -1 ] && [ $ahead -le 1 ]
}

date -s '2031-05-06 07:08:09' >/dev/null
ok 'it follows years ahead' await follows
date -s '2027-01-02 03:04:05' >/dev/null
ok 'it follows back' await follows
like "$(vnode log 1)" 'the clock was set, by the root.*: it was -[0-9]{9,} ms ahead' 'it says so'
like "$(vnode log 1)" 'the clock was set, by the root.*: it was [0-9]{9,} ms ahead' '  each time'
is "$(vnode log 1 | tr -d '\r' | sed -n 's/^now [0-9]* \([0-9]*\)$/\1/p' |
	awk 'NR > 1 && ($1 < last || $1 > last + 60) { n++ } { last = $1 } END { print n + 0 }')" 0 \
	'its uptime does not step'

# Somebody else steers
is "$(there cat /sys/kernel/adeos/clock)" root 'it says whom it follows'
ok 'a program there steers its clock' there /phc steer
ok '  which is noticed' await_log 1 'a program here steers it'
is "$(there cat /sys/kernel/adeos/clock)" own '  and told'
./phc shift 100000000000
await_beats 5
is "$(seconds)" -100 'its clock is left alone'
is "$(between read)" yes '  and the root'\''s can be read still'
refuses 1 'nvalid argument' 'nonsense is refused' there sh -c 'echo moon >/sys/kernel/adeos/clock'
ok 'it is to follow again' there sh -c 'echo root >/sys/kernel/adeos/clock'
ok '  and does' settles
ok 'it is to have its own' there sh -c 'echo own >/sys/kernel/adeos/clock'
./phc shift -100000000000
await_beats 5
is "$(seconds)" 100 '  and does'
no_splat 1 'it has nothing to complain about'
