/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of place_plan() share: place.c, which looks for the cheapest
 * moves, and place_pack.c, the last resort.
 */
#ifndef _ADEOS_PLANNER_H
#define _ADEOS_PLANNER_H

#include "place.h"

/**
 * struct planner - one call of place_plan()
 * @free: what is free
 * @allocs: all that is not, in order
 * @nr: how many
 * @size: what is wanted, bytes
 * @align: and what its address must be a multiple of
 * @start: the candidate for the hole: [start, end)
 * @end: behind it
 * @found: is there a best plan?
 * @s: memory to work with; has the best plan so far
 * @plan: that is being made
 */
struct planner {
	const struct region_set *free;
	const struct place_alloc *allocs;
	unsigned int nr;
	u64 size;
	u64 align;
	u64 start;
	u64 end;
	bool found;
	struct place_scratch *s;
	struct place_plan *plan;
};

static inline u64 round_to(u64 x, u64 align)
{
	return (x + align - 1) & ~(align - 1);
}

static inline u64 round_off(u64 x, u64 align)
{
	return x & ~(align - 1);
}

static inline bool is_movable(const struct place_alloc *a)
{
	return a->kind != PLACE_REGION && !a->pinned;
}

static inline u64 end_of(const struct place_alloc *a)
{
	return a->start + a->size;
}

static inline bool overlaps(const struct place_alloc *a, u64 start, u64 end)
{
	return a->start < end && start < end_of(a);
}

bool planner_spend(struct planner *p, unsigned int n);
bool planner_add(struct planner *p, unsigned int index, u64 to);
bool planner_is_better(const struct planner *p);
void planner_keep(struct planner *p);
void planner_clear(struct planner *p);
void planner_pack(struct planner *p);

#endif /* _ADEOS_PLANNER_H */
