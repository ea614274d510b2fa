/* SPDX-License-Identifier: GPL-2.0 */
/*
 * adeos/proto/bridge_root.c and adeos/proto/bridge_user.c: one bridge, the root, and two
 * users (or one: -DALONE), one of which may die (-DDIES) between any two accesses to
 * the commons.  With -DCLEAR, user 0 has just made it, and clears it first.
 *
 * Shown: nobody touches the bridge while it is copied, or after its memory was
 * released, or at a place where it is no more; a bridge that freezes or dies
 * comes to an end of that; no bit is left behind; nobody sees what was there before it
 * was cleared, and its memory stays its owner's as long as that clears.  -DMUTANT_... takes one
 * precaution away, and SPIN must find out.
 */
#define USERS	2
#define OPENS	1	/* times that each user opens it */
#ifndef MOVES
#define MOVES	2	/* times that the root begins to move it */
#endif

mtype = { FREE, LIVE, FREEZING, MOVING, DYING, CLEARING };
mtype = { CLOSED, USED, FROZEN, GONE, CLAIMED };

#ifdef CLEAR
mtype state = CLEARING;
bool dirty = true;		/* it holds data of an earlier user */
bool cleared, answered;		/* the owner's request, the root's answer */
#else
mtype state = LIVE;
#define dirty	false
#endif
byte generation;
byte place;			/* as published */
bool users[USERS], frozen[USERS];
bool irq_u[USERS], irq_r;

/* The real state, which the processes may not know. */
bool copying, released;
byte where;
bool touching[USERS];
bool kill, died;		/* user 0 */
byte ended;

inline touch()
{
	touching[me] = true;
	assert(!copying && !released && !dirty && my_place == where);
	touching[me] = false
}

inline open()
{
	atomic { tag = state; tag_generation = generation };
	if
#ifdef MUTANT_OPEN_UNCLEARED
	:: tag == LIVE || tag == CLEARING ->
#else
	:: tag == LIVE ->
#endif
	   my_place = place;
	   users[me] = true;
#ifndef MUTANT_NO_SECOND_LOOK
	   if
	   :: atomic { !(state == tag && generation == tag_generation) ->
		my_generation = 0 };
		users[me] = false; irq_r = true
	   :: atomic { state == tag && generation == tag_generation ->
		my_generation = tag_generation; use = USED }
	   fi
#else
	   atomic { my_generation = tag_generation; use = USED }
#endif
	:: else
	fi
}

#ifdef CLEAR
/* dsp_bridge_claim() */
inline claim()
{
	my_place = place;
#ifndef MUTANT_CLAIM_UNSEEN
	users[me] = true;
#endif
	if
	:: atomic { !(state == CLEARING) -> skip }; users[me] = false; irq_r = true
	:: atomic { state == CLEARING -> use = CLAIMED }
	fi
}

inline clear()
{
	touching[me] = true;
	assert(!copying && !released);
	dirty = false;
	touching[me] = false;
	cleared = true
}
#endif

/* dsp_bridge_scan(), once; every change of the tag causes another interrupt. */
inline scan()
{
	atomic { tag = state; tag_generation = generation };
	if
	:: tag == FREEZING && use == USED ->
	   assert(tag_generation == my_generation);
	   use = FROZEN;
	   frozen[me] = true;
	   irq_r = true
	:: tag == LIVE && use == FROZEN ->
	   my_place = place;
	   frozen[me] = false;
#ifndef MUTANT_THAW_AT_ONCE
	   if
	   :: atomic { !(state == tag && generation == tag_generation) ->
		skip };
		frozen[me] = true; irq_r = true
	   :: atomic { state == tag && generation == tag_generation ->
		my_generation = tag_generation; use = USED }
	   fi
#else
	   atomic { my_generation = tag_generation; use = USED }
#endif
	:: tag == DYING && (use == USED || use == FROZEN || use == CLAIMED) -> use = GONE
	:: else -> assert(tag != FREE || use == CLOSED || use == GONE)
	fi
}

inline close()
{
	atomic { use = CLOSED; my_generation = 0; my_place = 0 };
	users[me] = false;
	frozen[me] = false;
	irq_r = true
}

proctype user(byte me)
{
	byte opens, my_place, my_generation, tag_generation;
	mtype use = CLOSED, tag = FREE;
#ifdef CLEAR
	bool claimed;
#endif

	{
		do
#ifdef CLEAR
		:: me == 0 && !claimed && use == CLOSED -> claimed = true; claim()
		:: use == CLAIMED && !cleared -> clear()
		:: use == CLAIMED && answered ->
		   /* dsp_bridge_begin(), and the next beat */
		   atomic { my_generation = 0; use = USED; irq_u[me] = true }
#endif
		:: use == CLOSED && opens < OPENS -> opens++; open();
		   atomic { tag = FREE; tag_generation = 0 }
		:: use == USED -> touch()
		:: use == GONE || use == USED || use == FROZEN -> close()
		:: irq_u[me] -> irq_u[me] = false; scan();
		   atomic { tag = FREE; tag_generation = 0 }
		:: use == CLOSED && opens == OPENS -> break
		od
	} unless {
		kill && me == 0
	};
	atomic {
		touching[me] = false;
		irq_u[me] = false;
		if
		:: kill && me == 0 -> died = true
		:: else
		fi;
		ended++
	}
}

inline tell()
{
	irq_u[0] = true;
	irq_u[1] = true
}

/* All users that are alive have frozen? */
inline look_frozen(yes)
{
	yes = !users[0] || frozen[0];
	yes = yes && (!users[1] || frozen[1])
}

inline look_unused(yes)
{
	yes = !users[0];
	yes = yes && !users[1]
}

inline bury()
{
	if
	:: died && !buried ->
	   buried = true;
	   users[0] = false;
	   frozen[0] = false
	:: else
	fi
}

inline move()
{
	moves++;
	state = FREEZING;
	tell();
	do
	:: bury();
	   look_frozen(yes);
	   if
	   :: yes ->
		yes = false;
		state = MOVING;
		copying = true;
		assert(!touching[0] && !touching[1]);
		where = where + 1;
		place = where;
		copying = false;
		atomic { state = LIVE; generation++ };
		break
	   :: else ->
		if
		:: irq_r -> irq_r = false
		:: died && !buried
		/* The time limit has passed. */
		:: state = LIVE; break
		fi
	   fi
	od;
	tell()
}

proctype root()
{
	byte moves;
	bool yes, buried;

#ifdef CLEAR
	if
	:: cleared -> state = LIVE; answered = true
	/* It was destroyed before, or its owner has not heard that it was made. */
	:: true
	fi;
#endif
	do
	:: state == LIVE && moves < MOVES -> move()
#ifdef DIES
	:: !kill -> kill = true
#endif
	:: break
	od;
	state = DYING;
	tell();
	do
	:: bury();
	   look_unused(yes);
	   if
	   :: yes -> break
	   :: else
	   fi;
	   if
	   :: irq_r -> irq_r = false
	   :: died && !buried
	   fi
	od;
	atomic { state = FREE; generation++ };
	released = true;
	assert(!touching[0] && !touching[1]);
	if
#ifdef ALONE
	:: ended == 1
#else
	:: ended == USERS
#endif
	fi;
	bury();
	assert(!users[0] && !users[1] && !frozen[0] && !frozen[1])
}

init {
	atomic {
		run user(0);
#ifndef ALONE
		run user(1);
#endif
		run root()
	}
}
