/* SPDX-License-Identifier: GPL-2.0 */
/*
 * adeos/proto/bridge_root.c and adeos/proto/bridge_user.c: one bridge, the root, and two
 * users (or one: -DALONE), one of which may die (-DDIES) between any two accesses to
 * the commons.
 *
 * Shown: nobody touches the bridge while it is copied, or after its memory was
 * released, or at a place where it is no more; a bridge that freezes or dies
 * comes to an end of that; no bit is left behind.  -DMUTANT_... takes one
 * precaution away, and SPIN must find out.
 */
#define USERS	2
#define OPENS	1	/* times that each user opens it */
#ifndef MOVES
#define MOVES	2	/* times that the root begins to move it */
#endif

mtype = { FREE, LIVE, FREEZING, MOVING, DYING };
mtype = { CLOSED, USED, FROZEN, GONE };

mtype state = LIVE;
byte generation;
byte place;			/* as published */
bool users[USERS], frozen[USERS];
bool irq_u[USERS], irq_r;

/* What is so, whatever they know of it. */
bool copying, released;
byte where;
bool touching[USERS];
bool kill, died;		/* user 0 */
byte ended;

inline touch()
{
	touching[me] = true;
	assert(!copying && !released && my_place == where);
	touching[me] = false
}

inline open()
{
	atomic { tag = state; tag_generation = generation };
	if
	:: tag == LIVE ->
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

/* bridge_scan(), once; whoever changes the tag interrupts us again. */
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
	:: tag == DYING && (use == USED || use == FROZEN) -> use = GONE
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

	{
		do
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
		/* The time is over. */
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

	do
	:: moves < MOVES -> move()
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
