/* SPDX-License-Identifier: GPL-2.0 */
/*
 * adeos/proto/ring.c and adeos/proto/portal_words.c: one sender, one receiver, and a third vnode
 * that rings the same portal.  One of them may die between any two accesses to
 * the commons; sender and receiver then start again.  -DDIES_... says which
 * one, to keep the number of states low.
 *
 * Shown: no message is torn, lost or seen twice; nobody sleeps for ever, neither
 * the sender for room nor the receiver for messages.  -DMUTANT_... takes one
 * precaution away, and SPIN must find out.
 */
#define SLOTS	2
#define MSGS	3

byte head, tail;
bool stalled;
byte slot_a[SLOTS], slot_b[SLOTS];	/* two halves of a message */
bool pending_r, rang_r, irq_r;		/* the receiver's portal */
bool pending_s, irq_s;			/* the sender's */
bool kill_s, kill_r, kill_o;
bool dead_s, dead_r, dead_o;
bool sent_all;

inline ring_receiver()
{
	rang_r = true;
	atomic { old = pending_r; pending_r = true }
	if
	:: !old -> irq_r = true
	:: else
	fi;
	old = false
}

inline ring_sender()
{
	atomic { oldr = pending_s; pending_s = true }
	if
	:: !oldr -> irq_s = true
	:: else
	fi;
	oldr = false
}

inline put()
{
	do
	:: used = h - tail;
	   if
	   :: used < SLOTS -> break
	   :: else
	   fi;
	   stalled = true;
	   used = h - tail;
	   if
	   :: used < SLOTS -> break
	   :: else
	   fi;
	   ring_receiver();
	   irq_s; irq_s = false;
	   pending_s = false;
	   stalled = false
	od;
	stalled = false;
#ifdef MUTANT_HEAD_FIRST
	head = h + 1;
#endif
	slot_a[h % SLOTS] = h;
	slot_b[h % SLOTS] = h;
	h++;
	atomic { head = h; used = 0 };
	ring_receiver()
}

proctype sender(byte n)
{
	byte h, used;
	bool old;

	{
		/* The first beat: an interrupt may have come before we could take it. */
		pending_s = false;
		h = head;
		stalled = false;
		do
		:: n < MSGS -> put(); n++
		:: else -> break
		od;
		sent_all = true
	} unless {
		kill_s
	}
	if
	:: sent_all
	:: else -> dead_s = true
	fi
}

proctype receiver()
{
	byte t, n, h;
	bool p, oldr;

	{
		t = head;
		tail = t;
		do
		:: true ->
end:		   irq_r;
		   irq_r = false;
#ifdef MUTANT_RANG_FIRST
		   atomic { p = rang_r; rang_r = false };
		   pending_r = false;
#else
		   atomic { p = pending_r; pending_r = false };
		   if
		   :: p -> atomic { p = rang_r; rang_r = false }
		   :: else
		   fi;
#endif
		   n = 0;
		   do
		   :: p && n < SLOTS ->
			h = head;
			if
			:: h == t -> break
			:: else
			fi;
			assert(h - t <= SLOTS);
			assert(slot_a[t % SLOTS] == t);
			assert(slot_b[t % SLOTS] == t);
			t++;
			tail = t;
			n++
		   :: else -> break
		   od;
		   if
#ifdef MUTANT_RING_BACK_IF_READ
		   :: n > 0 && stalled -> ring_sender()
#else
		   :: stalled -> ring_sender()
#endif
		   :: else
		   fi;
		   if
		   :: n == SLOTS -> rang_r = true; pending_r = true; irq_r = true
		   :: else
		   fi;
		   atomic { n = 0; h = 0; p = false }
		od
	} unless {
		kill_r
	}
	dead_r = true
}

/* Another vnode that rings the receiver. */
proctype other()
{
	bool old;

	{
		ring_receiver()
	} unless {
		kill_o
	}
	dead_o = true
}

/* Death of any vnode, and the root's cleanup. */
proctype root()
{
	if
#ifdef DIES_OTHER
	:: kill_o = true; dead_o;
#ifndef MUTANT_COALESCED_DEATH
	   rang_r = true; pending_r = true; irq_r = true
#endif
#endif
#ifdef DIES_SENDER
	:: kill_s = true; dead_s || sent_all;
	   if
	   :: !sent_all ->
		kill_s = false;
		irq_s = false;
		pending_s = false;
		rang_r = true; pending_r = true; irq_r = true;
		run sender(MSGS - 1)
	   :: else
	   fi
#endif
#ifdef DIES_RECEIVER
	:: kill_r = true; dead_r;
	   kill_r = false;
	   rang_r = false; pending_r = false; irq_r = false;
	   pending_s = true; irq_s = true;
	   run receiver();
	   /* Its first beat looks at everything. */
	   rang_r = true; pending_r = true; irq_r = true
#endif
	:: skip
	fi;
	timeout;
	assert(sent_all);
	assert(head == tail)
}

init {
	atomic {
		run sender(0);
		run receiver();
		run root();
#ifdef DIES_OTHER
		run other()
#endif
	}
}
