#!/bin/sh
# SPIN models of the distributed sharing protocol, and of waking on the virtual Ethernet:
# each is correct, and SPIN finds an error in it when one of its precautions is removed.
# runs beside machines

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# check MODEL [DEFINE…]: a complete search; returns 0 if it finds nothing, 1 if it finds an
# error, 2 if it is not complete
check() {
	model=$1
	shift
	rm -rf "$scratch/spin"
	mkdir "$scratch/spin"
	(
		cd "$scratch/spin" || exit 2
		spin -a "$@" "$top/tests/spin/$model.pml" &&
			gcc -w -O2 -DSAFETY -DCOLLAPSE -DMEMLIM=900 -o pan pan.c &&
			./pan -m100000 -w22 -n
	) >"$scratch/log" 2>&1
	if grep -q '^pan:1: \(assertion violated\|invalid end state\)' "$scratch/log"; then
		return 1
	fi
	if grep -q 'errors: 0$' "$scratch/log" &&
		! grep -q 'Search not completed\|max search depth too small' "$scratch/log"; then
		return 0
	fi
	diag "$(cat "$scratch/log")"
	return 2
}

holds() {
	name=$1
	shift
	check "$@"
	is $? 0 "$name" || diag "$(cat "$scratch/log")"
}

fails() {
	name=$1
	shift
	check "$@"
	is $? 1 "$name"
}

holds 'ring: nothing is lost, nobody sleeps for ever, when a third vnode dies' ring -DDIES_OTHER
holds 'ring: nor when the sender dies' ring -DDIES_SENDER
holds 'ring: nor when the receiver dies' ring -DDIES_RECEIVER
fails 'ring: unless the position goes before the message' ring -DMUTANT_HEAD_FIRST
fails 'ring: or "rang" is cleared before "pending"' ring -DMUTANT_RANG_FIRST
fails 'ring: or the news of a death are coalesced' ring -DMUTANT_COALESCED_DEATH -DDIES_OTHER
fails 'ring: or only a receiver that has read something rings back' ring -DMUTANT_RING_BACK_IF_READ -DDIES_RECEIVER
holds 'member: all adopt the same views in order, whichever vnode dies' member
fails 'member: unless a view is overwritten that was not made void' member -DMUTANT_NOT_VOID
holds 'bridge: nobody touches what moves or is gone, when one of two users dies' bridge -DMOVES=1 -DDIES
holds 'bridge: nor when one move follows another' bridge -DMOVES=3 -DALONE -DDIES
fails 'bridge: unless an opener does not look twice' bridge -DALONE -DMUTANT_NO_SECOND_LOOK
fails 'bridge: or thaws without' bridge -DALONE -DMUTANT_THAW_AT_ONCE
holds 'bridge: nobody sees it before its owner has cleared it, whichever vnode ends it' bridge -DCLEAR -DMOVES=1
holds 'bridge: nor when the owner dies' bridge -DCLEAR -DMOVES=0 -DDIES
fails 'bridge: unless it can be opened before' bridge -DCLEAR -DMOVES=0 -DMUTANT_OPEN_UNCLEARED
fails 'bridge: or the owner clears it without being its user' bridge -DCLEAR -DALONE -DMOVES=0 -DMUTANT_CLAIM_UNSEEN
holds 'wake: all frames get through' wake
fails 'wake: unless a receiver that was rung looks for frames only' wake -DMUTANT_KICK_IF_NOT_EMPTY
fails 'wake: or sleeps without a last look' wake -DMUTANT_SLEEP_AT_ONCE
fails 'wake: or a sender does' wake -DMUTANT_NO_LOOK_FOR_ROOM
done_testing
