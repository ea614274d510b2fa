/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vdev/vnet: who sleeps, and who wakes whom.  Two senders put frames into a ring
 * for two; the receiver polls as NAPI does, and is kicked by an interrupt.
 *
 * Shown: all frames are sent and taken, without a look that nobody has asked for.
 * -DMUTANT_... takes one precaution away, and SPIN must find out.
 */
#define SLOTS	2
#define FRAMES	2	/* of each sender */
#define SENDERS	2

byte head, tail;
bool carrier;			/* somebody transmits */
bool asleep = true;		/* the receiver is to be rung */
bool wanted[SENDERS];		/* so is a sender, when there is room */
bool irq;			/* the receiver's interrupt */
bool room[SENDERS];		/* the senders' */
bool scheduled, missed;		/* NAPI_STATE_SCHED, NAPI_STATE_MISSED */
byte done;			/* senders that have sent all */

/* As wire_must_ring() and the portal */
inline ring_receiver()
{
	if
	:: asleep ->
		atomic { must = asleep; asleep = false };
		if
		:: must -> irq = true
		:: else
		fi;
		must = false
	:: else
	fi
}

proctype sender(byte id)
{
	byte n;
	bool must, no_room;

	do
	:: n < FRAMES ->
		atomic { !carrier -> carrier = true };
		no_room = head - tail == SLOTS;
		if
		:: !no_room -> head++; n++
		:: else
		fi;
		carrier = false;
		if
		:: !no_room -> ring_receiver()
		:: else ->
			wanted[id] = true;
#ifndef MUTANT_NO_LOOK_FOR_ROOM
			if
			:: head - tail < SLOTS
			:: else -> room[id]; room[id] = false
			fi
#else
			room[id]; room[id] = false
#endif
		fi;
		no_room = false
	:: else -> break
	od;
	done++
}

/* kick_interface(): between any two steps of the poll */
proctype kick()
{
	do
	:: true ->
end:		irq;
		irq = false;
		if
#ifdef MUTANT_KICK_IF_NOT_EMPTY
		:: head != tail ->
#else
		:: head != tail || !asleep ->
#endif
			atomic {
				if
				:: scheduled -> missed = true
				:: else -> scheduled = true
				fi
			}
		:: else
		fi
	od
}

/* vnet_poll(), of a frame at a time */
proctype poll()
{
	byte i;

	do
	:: true ->
end:		scheduled;
		do
		:: head != tail ->
			tail++;
			/* wire_make_room() */
			i = 0;
			do
			:: i < SENDERS && head - tail <= SLOTS / 2 && wanted[i] ->
				wanted[i] = false;
				room[i] = true;
				i++
			:: i < SENDERS && !(head - tail <= SLOTS / 2 && wanted[i]) -> i++
			:: i == SENDERS -> break
			od;
			i = 0
		:: else ->
			/* wire_sleep() */
			asleep = true;
#ifndef MUTANT_SLEEP_AT_ONCE
			if
			:: head != tail -> asleep = false
			:: else -> break
			fi
#else
			break
#endif
		od;
		/* napi_complete_done() */
		atomic {
			scheduled = missed;
			missed = false
		}
	od
}

init {
	atomic {
		run sender(0);
		run sender(1);
		run kick();
		run poll()
	}
	timeout;
	assert(done == SENDERS);
	assert(head == tail)
}
