#!/bin/sh
# tests/spin/lock.pml, the model of adeos/proto/lock.c, verified by SPIN.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$scratch" || exit

# verify CLAIM MODEL-OPTIONS [live]: SPIN finds no error, and its search is complete
verify() {
	if [ -n "${3-}" ]; then
		verify_cc='-DNFAIR=3' verify_pan='-a -f'
		set -- "$1" "$2 -DLIVE"
	else
		verify_cc=-DSAFETY verify_pan=
	fi
	rm -f pan.out
	# shellcheck disable=SC2086 # lists
	spin $2 -a "$top/tests/spin/lock.pml" >/dev/null &&
		gcc -O2 -w -DCOLLAPSE -DMEMLIM=900 $verify_cc -o pan pan.c &&
		./pan $verify_pan -n -m200000 >pan.out 2>&1
	grep -qs 'errors: 0' pan.out && ! grep -qE 'max search depth too small|out of memory|not completed|aborted' pan.out
	report $? "$1" || diag "$(cat pan.out 2>&1)"
}

# refute CLAIM MODEL-OPTIONS: SPIN finds a violated assertion
refute() {
	rm -f pan.out
	# shellcheck disable=SC2086 # a list
	spin $2 -a "$top/tests/spin/lock.pml" >/dev/null && gcc -O2 -w -DSAFETY -o pan pan.c && ./pan -m200000 >pan.out 2>&1
	like "$(cat pan.out 2>&1)" 'assertion violated' "$1"
}

verify '3 CPUs: a waiting CPU is passed twice, at most' '-DN=3 -DPASSES=2'
refute '3 CPUs: and that happens' '-DN=3 -DPASSES=1'
verify '4 CPUs: three times' '-DN=4 -DPASSES=3'
verify '3 CPUs, one of which gives up: twice' '-DN=3 -DGIVE_UP -DPASSES=2'
verify '3 CPUs, one death: four times' '-DN=3 -DGIVE_UP -DDEATHS=1 -DPASSES=4'
verify '3 CPUs, two deaths: one owner, no death unnoticed' '-DN=3 -DGIVE_UP -DDEATHS=2'
verify '3 CPUs, one of which is impatient, two deaths: the same' '-DN=3 -DGIVE_UP -DIMPATIENT -DDEATHS=2'
verify '4 CPUs, one death: the same' '-DN=4 -DDEATHS=1'
verify '3 CPUs: nobody waits for ever' '-DN=3' live
verify '3 CPUs, one of which gives up, one death: nobody waits for ever' '-DN=3 -DGIVE_UP -DDEATHS=1' live
verify '3 CPUs, two deaths: nobody waits for ever' '-DN=3 -DDEATHS=2' live
done_testing
