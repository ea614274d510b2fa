/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where in the pool regions and bridges go, and how bridges make room
 * (paper: "Physical memory management").
 */
#ifndef _ADEOS_PLACE_H
#define _ADEOS_PLACE_H

#include "region.h"

/* Regions are multiples of it, at multiples of it: a large page. */
#define PLACE_BLOCK	(4ULL << 20)

/* How many bridges a plan can look at */
#define PLACE_MAX	ADEOS_BRIDGES

/**
 * enum place_kind - what wants room
 * @PLACE_REGION: a vnode's memory.  It never moves.
 * @PLACE_BRIDGE: memory that vnodes share.
 */
enum place_kind {
	PLACE_REGION,
	PLACE_BRIDGE,
};

/**
 * struct place_bridge - memory of the pool that can move
 * @start: physical address
 * @size: bytes
 * @users: bit n: vnode n uses it
 * @transient: its users are called back when it has moved, and use the old place
 *	until then: the two never overlap.  Those of others are frozen while they
 *	move; nobody looks meanwhile, so they may slide over themselves (memmove()).
 */
struct place_bridge {
	u64 start;
	u64 size;
	u64 users;
	bool transient;
};

/**
 * struct place_move - one step of a plan
 * @from: physical address
 * @to: where it goes; free then, but for what overlaps its old place
 * @size: bytes
 * @index: which bridge it is
 */
struct place_move {
	u64 from;
	u64 to;
	u64 size;
	unsigned int index;
};

/**
 * struct place_plan - how to make a hole
 * @start: physical address of the hole
 * @nr: number of moves; none if there is a hole already
 * @move: the moves, to be made in this order
 */
struct place_plan {
	u64 start;
	unsigned int nr;
	struct place_move move[PLACE_MAX];
};

/* The hole begins where a bridge or a free range begins, or ends where one ends. */
#define PLACE_WINDOWS	(2 * (PLACE_MAX + REGION_MAX))

/**
 * struct place_scratch - memory that place_plan() works with; about 130 KiB
 * @free: what is free behind the moves so far
 * @work: how many more ranges may be looked at
 * @nr_windows: number of candidates for the hole
 * @window: the candidates: their addresses, what must be copied, and whom that freezes
 */
struct place_scratch {
	struct region_set free;
	unsigned long work;
	unsigned int nr_windows;
	struct place_window {
		u64 start;
		u64 bytes;
		u64 users;
	} window[PLACE_WINDOWS];
};

int place_find(const struct region_set *free, enum place_kind kind, u64 size,
	       u64 align, u64 *start);
int place_plan(const struct region_set *free, const struct place_bridge *bridges,
	       unsigned int nr, u64 size, u64 align,
	       struct place_scratch *scratch, struct place_plan *plan);

#endif /* _ADEOS_PLACE_H */
