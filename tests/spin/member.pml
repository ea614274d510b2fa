/* SPDX-License-Identifier: GPL-2.0 */
/*
 * adeos/proto/member.c: the root publishes views, and two members adopt them.  A
 * member may die, and the root as well, between any two accesses to the commons.
 *
 * Shown: an epoch has one mask and one set of incarnations for everybody; views
 * are adopted in order; if the root lives, all living members end with the
 * newest view; if it dies, nobody loops.  -DMUTANT_... takes one precaution
 * away, and SPIN must find out.
 */
#define MEMBERS	2
#define VIEWS	2	/* slots; 4 in adeos/proto/commons.h */
#ifndef EVENTS
#define EVENTS	4
#endif
#define NONE	255

byte epoch;
byte slot_epoch[VIEWS], slot_mask[VIEWS], slot_inc[VIEWS];
byte adopted[MEMBERS];
bool irq[MEMBERS];

/* The views that were decided, by epoch. */
byte is_mask[EVENTS + 2], is_inc[EVENTS + 2];
bool kill, killed;	/* member 0 */
bool root_dies, root_over;

inline publish()
{
	atomic {
		e++;
		is_mask[e] = mask;
		is_inc[e] = inc
	};
#ifdef MUTANT_NOT_VOID
	slot_mask[e % VIEWS] = mask;
#else
	slot_epoch[e % VIEWS] = e - 1;
	slot_mask[e % VIEWS] = mask;
#endif
	slot_inc[e % VIEWS] = inc;
	slot_epoch[e % VIEWS] = e;
	epoch = e;
	irq[0] = true;
	irq[1] = true
}

proctype root()
{
	byte e, mask, inc, n;

	{
		do
		:: n < EVENTS ->
		   n++;
		   atomic {
			/* Somebody joins, leaves, or starts again. */
			if
			:: n % 2 -> mask = mask ^ n
			:: else -> inc++
			fi
		   };
		   publish()
		:: else -> break
		od
	} unless {
		root_dies
	};
	root_over = true
}

proctype member(byte me)
{
	byte e, v_epoch, v_mask, v_inc;

	{
		do
		:: true ->
end:		   irq[me];
		   irq[me] = false;
		   e = epoch;
		   if
		   :: e != adopted[me] ->
			v_epoch = slot_epoch[e % VIEWS];
			v_mask = slot_mask[e % VIEWS];
			v_inc = slot_inc[e % VIEWS];
			if
			:: v_epoch == e && slot_epoch[e % VIEWS] == e ->
				assert(v_mask == is_mask[e] && v_inc == is_inc[e]);
				assert(e > adopted[me]);
				adopted[me] = e
			/* Overtaken: there is a newer view, and an interrupt will come. */
			:: else
			fi
		   :: else
		   fi;
		   atomic { e = 0; v_epoch = 0; v_mask = 0; v_inc = 0 }
		od
	} unless {
		kill && me == 0
	};
	killed = true
}

proctype fate()
{
	if
	:: kill = true
	:: root_dies = true
	:: skip
	fi;
	timeout;
	assert(root_over);
	assert(root_dies || adopted[1] == epoch);
	assert(root_dies || killed || adopted[0] == epoch);
	/* Members that live after the root's death have a view that was decided. */
	assert(adopted[1] <= epoch)
}

init {
	atomic {
		run root();
		run member(0);
		run member(1);
		run fate()
	}
}
