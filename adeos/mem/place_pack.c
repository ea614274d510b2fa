// SPDX-License-Identifier: GPL-2.0
/*
 * The last resort of place_plan(): bridges are packed, around what stays, to
 * make one hole of many (paper: "Physical memory management").
 *
 * It also compiles in user space, where it is tested.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sort.h>
#include <linux/string.h>
#endif

#include "planner.h"

/*
 * What stays divides the pool into spans: bridges and free memory side by side.
 * Within a span they can slide together.  There are two ways to pack:
 *
 *   one span is cleared:  the others slide; then bridges leave this one until
 *			   the rest, which slides to one end, leaves room
 *   all go to one end:	   each bridge in turn goes to the farthest place there
 *			   that has room
 *
 * Every move is made in the scratch set when it is planned, so its place is free
 * when it is its turn.
 */

/* One way to pack */
struct packing {
	const struct place_span *clear;	/* or NULL: all go to one end */
	bool up;			/* to the high end */
	bool small;			/* the small ones leave first, not the large ones */
};

#define PACKINGS	4	/* for one span */

/* Lists the spans. */
static void list_spans(struct planner *p)
{
	struct place_scratch *s = p->s;
	struct place_span *span = NULL;
	unsigned int i = 0, j = 0;

	s->nr_spans = 0;
	while (i < p->nr || j < p->free->nr) {
		bool is_free = i == p->nr ||
			(j < p->free->nr && p->free->r[j].start < p->allocs[i].start);
		u64 start = is_free ? p->free->r[j].start : p->allocs[i].start;
		u64 end = is_free ? p->free->r[j].end : end_of(&p->allocs[i]);

		if (is_free || is_movable(&p->allocs[i])) {
			if (!span || span->end != start) {
				span = &s->span[s->nr_spans++];
				*span = (struct place_span){ .start = start, .first = i };
			}
			span->end = end;
			span->last = is_free ? i : i + 1;
			span->used += is_free ? 0 : end - start;
		}
		j += is_free;
		i += !is_free;
	}
}

/* Adds a move, and makes it in the scratch set. */
static bool move(struct planner *p, unsigned int index, u64 to)
{
	struct place_plan *plan = p->plan;

	p->s->moved[index] = true;
	return planner_spend(p, p->s->free.nr) && planner_add(p, index, to) &&
	       !place_apply(&p->s->free, &plan->move[plan->nr - 1]);
}

/* Slides what is still in a span to one end of it. */
static bool slide(struct planner *p, const struct place_span *span, bool up)
{
	u64 edge = up ? span->end : span->start, to;
	unsigned int n, i;

	for (n = 0; n < span->last - span->first; n++) {
		const struct place_alloc *a;

		i = up ? span->last - 1 - n : span->first + n;
		a = &p->allocs[i];
		if (p->s->moved[i])
			continue;
		to = up ? edge - a->size : edge;
		/* Both places must exist: if they do not, it stays. */
		if (a->kind == PLACE_TRANSIENT && overlaps(a, to, to + a->size))
			to = a->start;
		if (to != a->start && !move(p, i, to))
			return false;
		edge = up ? to : to + a->size;
	}
	return true;
}

/* The smallest place for @size bytes that is not in [start, end); at its far end */
static bool find_outside(struct planner *p, u64 size, u64 start, u64 end, u64 *to)
{
	const struct region_set *free = &p->s->free;
	u64 best = ~0ULL, from, until;
	unsigned int i, side;

	for (i = 0; i < free->nr; i++) {
		for (side = 0; side < 2; side++) {
			from = side ? max_t(u64, free->r[i].start, end) : free->r[i].start;
			until = side ? free->r[i].end : min_t(u64, free->r[i].end, start);
			if (from >= until || until - from < size || until - from >= best)
				continue;
			best = until - from;
			*to = side ? until - size : from;
		}
	}
	return best != ~0ULL;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct place_item *x = a, *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Moves bridges of a span out of [start, end), until @excess bytes are gone. */
static bool leave(struct planner *p, const struct packing *how, u64 start, u64 end, u64 excess)
{
	const struct place_span *span = how->clear;
	struct place_item *item = p->s->item;
	unsigned int n = span->last - span->first, i;

	for (i = 0; i < n; i++)
		item[i] = (struct place_item){
			.index = span->first + i,
			.size = p->allocs[span->first + i].size,
		};
	sort(item, n, sizeof(item[0]), compare_sizes, NULL);
	for (i = 0; i < n && excess; i++) {
		const struct place_item *it = &item[how->small ? n - 1 - i : i];
		u64 to;

		if (!planner_spend(p, p->s->free.nr))
			return false;
		if (!find_outside(p, it->size, start, end, &to))
			continue;
		if (!move(p, it->index, to))
			return false;
		excess -= min_t(u64, excess, it->size);
	}
	return !excess;
}

static bool clear_span(struct planner *p, const struct packing *how)
{
	const struct place_span *span = how->clear;
	u64 start, end, hole, room;
	unsigned int i;

	/* The hole goes to the other end. */
	hole = how->up ? round_to(span->start, p->align) :
			 round_off(span->end - p->size, p->align);
	if (hole < span->start || hole > span->end - p->size)
		return false;
	room = how->up ? span->end - hole - p->size : hole - span->start;
	start = how->up ? hole : span->start;
	end = how->up ? span->end : hole + p->size;

	for (i = 0; i < p->s->nr_spans; i++) {
		const struct place_span *other = &p->s->span[i];

		if (other != span && !other->stays && !slide(p, other, how->up))
			return false;
	}
	return (span->used <= room || leave(p, how, start, end, span->used - room)) &&
	       slide(p, span, how->up);
}

/* The farthest place at one end to which an allocation can go, or its own */
static u64 find_end(struct planner *p, const struct place_alloc *a, bool up)
{
	const struct region_set *free = &p->s->free;
	unsigned int n;

	for (n = 0; n < free->nr; n++) {
		const struct region *r = &free->r[up ? free->nr - 1 - n : n];

		if (up ? r->start < a->start : r->start > a->start)
			break;
		if (r->end - r->start >= a->size)
			return up ? r->end - a->size : r->start;
		/* It slides into what is beside it. */
		if (a->kind == PLACE_BRIDGE && up && r->start == end_of(a))
			return r->end - a->size;
		if (a->kind == PLACE_BRIDGE && !up && r->end == a->start)
			return r->start;
	}
	return a->start;
}

static bool all_to_end(struct planner *p, bool up)
{
	unsigned int n, i, k;
	u64 to;

	for (n = 0; n < p->s->nr_spans; n++) {
		const struct place_span *span = &p->s->span[up ? p->s->nr_spans - 1 - n : n];

		for (k = 0; k < span->last - span->first && !span->stays; k++) {
			i = up ? span->last - 1 - k : span->first + k;
			to = find_end(p, &p->allocs[i], up);
			if (!planner_spend(p, p->s->free.nr) ||
			    (to != p->allocs[i].start && !move(p, i, to)))
				return false;
		}
	}
	return true;
}

/* Makes a plan; keeps it if it is the best, and returns true then. */
static bool try_packing(struct planner *p, const struct packing *how)
{
	struct place_scratch *s = p->s;

	planner_clear(p);
	s->free = *p->free;
	memset(s->moved, 0, sizeof(s->moved));
	if (!(how->clear ? clear_span(p, how) : all_to_end(p, how->up)) ||
	    !planner_is_better(p) ||
	    place_find(&s->free, PLACE_REGION, p->size, p->align, &p->start))
		return false;
	planner_keep(p);
	return true;
}

/* Which spans need not be packed? */
static void leave_alone(struct planner *p, const struct packing *how)
{
	unsigned int i;

	for (i = 0; i < p->s->nr_spans && p->s->work; i++) {
		struct place_span *span = &p->s->span[i];

		span->stays = span->used && span != how->clear;
		if (span->stays && !try_packing(p, how))
			span->stays = false;
	}
}

/**
 * planner_pack() - make a plan that packs bridges
 * @p: the planner; what it finds is its best plan
 *
 * Of all ways to pack, the cheapest one; and of that one, spans are left alone
 * as long as the hole is found.
 */
void planner_pack(struct planner *p)
{
	struct packing how, best = { };
	unsigned int i, n;

	list_spans(p);
	for (n = 0; n < 2; n++) {
		how = (struct packing){ .up = n };
		if (try_packing(p, &how))
			best = how;
	}
	for (i = 0; i < p->s->nr_spans; i++) {
		const struct place_span *span = &p->s->span[i];

		for (n = 0; n < PACKINGS && span->end - span->start >= p->size; n++) {
			how = (struct packing){ span, n & 1, n & 2 };
			if (try_packing(p, &how))
				best = how;
		}
	}
	if (p->found)
		leave_alone(p, &best);
}
