# shellcheck shell=sh
# The root's wall clock is set; the vnode's follows, and its other clocks do not step.
# shellcheck source=tests/guest/lib.sh
. ./lib.sh

# shellcheck disable=SC2016 # for another shell
node 1 1 64M 'cmdline = lab.run="while :; do echo now $(date +%s) $(cut -d . -f 1 /proc/uptime); sleep 0.2; done"'
ok 'a vnode' vnode start --timeout 300 node1

# follows: is the vnode's clock within a second of the root's?
follows() {
	tries=0
	while :; do
		vnodes=$(vnode log 1 | tr -d '\r' | sed -n 's/^now \([0-9]*\) [0-9]*$/\1/p' | tail -n 1)
		ahead=$((${vnodes:-0} - $(date +%s)))
		[ $ahead -lt -1 ] || [ $ahead -gt 1 ] || return 0
		tries=$((tries + 1))
		[ $tries -lt 600 ] || return 1
		sleep 0.1
	done
}

ok 'its clock is the root'\''s' follows
date -s '2031-05-06 07:08:09' >/dev/null
ok 'it follows years ahead' follows
date -s '2027-01-02 03:04:05' >/dev/null
ok 'it follows back' follows
like "$(vnode log 1)" 'the clock was set, by the root' 'it says so'
is "$(vnode log 1 | tr -d '\r' | sed -n 's/^now [0-9]* \([0-9]*\)$/\1/p' |
	awk 'NR > 1 && ($1 < last || $1 > last + 60) { n++ } { last = $1 } END { print n + 0 }')" 0 \
	'its uptime does not step'
ok 'it beats' await_beat 1
