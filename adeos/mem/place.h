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

/* How many allocations a plan can look at */
#define PLACE_MAX	1024

/**
 * enum place_kind - what is allocated, and how it can be moved
 * @PLACE_REGION: a vnode's memory.  It never moves.
 * @PLACE_BRIDGE: shared memory whose users are frozen while it moves.  Nobody
 *	looks meanwhile, so it may slide over itself (memmove()).
 * @PLACE_TRANSIENT: shared memory whose users are called back when it has
 *	moved, and use the old place until then: the two never overlap.
 */
enum place_kind {
	PLACE_REGION,
	PLACE_BRIDGE,
	PLACE_TRANSIENT,
};

/**
 * struct place_alloc - memory of the pool that somebody has
 * @start: physical address
 * @size: bytes
 * @users: bit n: vnode n uses it, and must be frozen while it moves
 * @kind: what it is
 * @pinned: it must not move now
 */
struct place_alloc {
	u64 start;
	u64 size;
	u64 users;
	enum place_kind kind;
	bool pinned;
};

/**
 * struct place_move - one step of a plan
 * @from: physical address
 * @to: where it goes; free then, but for what overlaps its old place
 * @size: bytes
 * @index: which allocation it is
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
 * @bytes: how much is copied
 * @users: bit n: vnode n is frozen by some move
 * @nr: number of moves; none if there is a hole already
 * @move: the moves, to be made in this order
 */
struct place_plan {
	u64 start;
	u64 bytes;
	u64 users;
	unsigned int nr;
	struct place_move move[PLACE_MAX];
};

/* Each allocation has up to six places where a hole may begin, each free range two. */
#define PLACE_WINDOWS	(6 * PLACE_MAX + 2 * REGION_MAX)

/**
 * struct place_scratch - memory that place_plan() works with; about 390 KiB
 * @free: what is free behind the moves so far
 * @best: the best plan so far
 * @work: how many more ranges may be looked at
 * @nr_windows: number of candidates for the hole
 * @window: the candidates: their addresses, and what must at least be copied
 * @nr_items: number of allocations in the way
 * @item: the allocations in the way, in the order in which they are moved:
 *	which they are, which come first (low ranks), where they go, and the
 *	free range that was chosen for that
 * @nr_spans: number of spans
 * @span: what lies side by side, between what stays: where, how much of it is
 *	used, which allocations those are, and whether they are left alone
 * @moved: which allocations have a move already
 */
struct place_scratch {
	struct region_set free;
	struct place_plan best;
	unsigned long work;
	unsigned int nr_windows;
	struct place_window {
		u64 start;
		u64 bytes;
		u64 users;
	} window[PLACE_WINDOWS];
	unsigned int nr_items;
	struct place_item {
		unsigned int index;
		unsigned int rank;
		u64 size;
		u64 to;
		struct region hole;
	} item[PLACE_MAX];
	unsigned int nr_spans;
	struct place_span {
		u64 start;
		u64 end;
		u64 used;
		unsigned int first;	/* allocations [first, last) */
		unsigned int last;
		bool stays;
	} span[PLACE_MAX + REGION_MAX];
	bool moved[PLACE_MAX];
};

int place_find(const struct region_set *free, enum place_kind kind, u64 size,
	       u64 align, u64 *start);
int place_plan(const struct region_set *free, const struct place_alloc *allocs,
	       unsigned int nr, u64 size, u64 align,
	       struct place_scratch *scratch, struct place_plan *plan);
int place_apply(struct region_set *free, const struct place_move *move);

#endif /* _ADEOS_PLACE_H */
