// SPDX-License-Identifier: GPL-2.0
/*
 * Where in the pool regions and bridges go, and how bridges make room
 * (paper: "Physical memory management").
 *
 * Both only look and count.  Nothing here waits, allocates or copies; the caller
 * supplies the memory to work with, and makes the moves of a plan.  place_plan()
 * takes long: it may be scheduled away, and is to be called without locks that others need.
 *
 * It also compiles in user space, where it is tested.
 */
#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/string.h>
#endif

#include "place.h"

/*
 * A plan gives up when it has looked at so many free ranges and bridges: some
 * tenths of a second.
 */
#define WORK_MAX	64000000

static u64 round_to(u64 x, u64 align)
{
	return (x + align - 1) & ~(align - 1);
}

static u64 round_off(u64 x, u64 align)
{
	return x & ~(align - 1);
}

/* Placing */

/*
 * What a place costs; the first number decides, then the second and the third.
 */
struct place_cost {
	u64 broken;	/* bytes of whole free blocks that are no longer whole */
	u64 run;	/* how long the run of whole blocks is that a region cuts */
	u64 far;	/* how far it is from the end of the pool where it belongs */
};

static bool is_cheaper(const struct place_cost *a, const struct place_cost *b)
{
	if (a->broken != b->broken)
		return a->broken < b->broken;
	if (a->run != b->run)
		return a->run < b->run;
	return a->far < b->far;
}

static struct place_cost cost_of_place(const struct region *r, enum place_kind kind,
				       u64 start, u64 end)
{
	/* The whole blocks in the range, and those of them that are hit */
	u64 first = round_to(r->start, PLACE_BLOCK), last = round_off(r->end, PLACE_BLOCK);
	u64 from = max_t(u64, round_off(start, PLACE_BLOCK), first);
	u64 to = min_t(u64, round_to(end, PLACE_BLOCK), last);

	return (struct place_cost){
		.broken = from < to ? to - from : 0,
		.run = kind == PLACE_REGION && first < last ? last - first : 0,
		.far = kind == PLACE_REGION ? start : ~start,
	};
}

/**
 * place_find() - find room for a region or a bridge
 * @free: what is free
 * @kind: what it is for
 * @size: bytes, not 0
 * @align: what its address must be a multiple of, bytes, a power of two
 * @start: where to store its physical address
 *
 * Large blocks stay whole: a region goes to the smallest run of whole free
 * blocks that has room for it, the lowest of them; a bridge where it breaks the
 * fewest blocks that are still whole, the highest of such places.  It is always
 * put against one end of a free range.
 *
 * Context: any; callers exclude each other from @free.
 * Return: 0 or -ENOMEM, and then place_plan() may know how to make room.
 */
int place_find(const struct region_set *free, enum place_kind kind, u64 size,
	       u64 align, u64 *start)
{
	struct place_cost cost, best = { ~0ULL, ~0ULL, ~0ULL };
	unsigned int i, side;
	int ret = -ENOMEM;
	u64 s;

	for (i = 0; i < free->nr; i++) {
		const struct region *r = &free->r[i];

		if (!size || r->end - r->start < size)
			continue;
		for (side = 0; side < 2; side++) {
			s = side ? round_off(r->end - size, align) : round_to(r->start, align);
			if (s < r->start || s > r->end - size)
				continue;
			cost = cost_of_place(r, kind, s, s + size);
			if (!ret && !is_cheaper(&cost, &best))
				continue;
			best = cost;
			*start = s;
			ret = 0;
		}
	}
	return ret;
}

/* Planning */

/**
 * struct planner - one call of place_plan()
 * @free: what is free
 * @bridges: what can move, in order
 * @nr: how many
 * @size: what is wanted, bytes
 * @align: and what its address must be a multiple of
 * @start: the window that is looked at: [start, end)
 * @end: behind it
 * @s: memory to work with
 * @plan: that is being made
 */
struct planner {
	const struct region_set *free;
	const struct place_bridge *bridges;
	unsigned int nr;
	u64 size;
	u64 align;
	u64 start;
	u64 end;
	struct place_scratch *s;
	struct place_plan *plan;
};

static u64 end_of(const struct place_bridge *b)
{
	return b->start + b->size;
}

static bool overlaps(const struct place_bridge *b, u64 start, u64 end)
{
	return b->start < end && start < end_of(b);
}

/* Counts ranges that are looked at; false if that was too many, and then nothing is left. */
static bool spend(struct planner *p, unsigned int n)
{
	if (p->s->work < n) {
		p->s->work = 0;
		return false;
	}
	p->s->work -= n;
	cond_resched();
	return true;
}

/*
 * Windows: where the hole may be.  Everything in a window must go, and nothing
 * else moves, so that is what it costs.
 */

/* Adds a candidate, if all of it is free or can be moved. */
static void add_window(struct planner *p, u64 start)
{
	struct place_window w = { .start = start };
	u64 end = start + p->size, known = 0;
	unsigned int i;

	if (end < start || p->s->nr_windows == PLACE_WINDOWS)
		return;
	for (i = 0; i < p->nr && p->bridges[i].start < end; i++) {
		const struct place_bridge *b = &p->bridges[i];

		if (!overlaps(b, start, end))
			continue;
		known += min_t(u64, end, end_of(b)) - max_t(u64, start, b->start);
		w.bytes += b->size;
		w.users |= b->transient ? 0 : b->users;
	}
	for (i = 0; i < p->free->nr && p->free->r[i].start < end; i++) {
		const struct region *r = &p->free->r[i];

		if (r->end > start)
			known += min_t(u64, end, r->end) - max_t(u64, start, r->start);
	}
	if (known == p->size)
		p->s->window[p->s->nr_windows++] = w;
}

/* For what lies side by side: the lowest window from its start on, the highest up to its end */
static void add_windows(struct planner *p, u64 start, u64 end)
{
	add_window(p, round_to(start, p->align));
	if (end >= p->size)
		add_window(p, round_off(end - p->size, p->align));
}

static int compare_windows(const void *a, const void *b)
{
	const struct place_window *x = a, *y = b;
	int users = hweight64(x->users) - hweight64(y->users);

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	if (users)
		return users;
	return x->start < y->start ? -1 : x->start > y->start;
}

/*
 * Lists the windows, the cheapest first.  One that begins and ends within a bridge or a
 * free range has at least as much in it as one that is moved to the next edge.
 */
static void list_windows(struct planner *p)
{
	unsigned int i;

	p->s->nr_windows = 0;
	for (i = 0; i < p->free->nr; i++)
		add_windows(p, p->free->r[i].start, p->free->r[i].end);
	for (i = 0; i < p->nr; i++)
		add_windows(p, p->bridges[i].start, end_of(&p->bridges[i]));
	sort(p->s->window, p->s->nr_windows, sizeof(p->s->window[0]), compare_windows, NULL);
}

/*
 * Evicting: each bridge in the window goes to a hole elsewhere, the largest
 * first, and to the smallest hole that has room.
 */

static int compare_moves(const void *a, const void *b)
{
	const struct place_move *x = a, *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Lists what must go. */
static void list_moves(struct planner *p)
{
	struct place_plan *plan = p->plan;
	unsigned int i;

	plan->nr = 0;
	for (i = 0; i < p->nr; i++) {
		const struct place_bridge *b = &p->bridges[i];

		if (overlaps(b, p->start, p->end))
			plan->move[plan->nr++] = (struct place_move){
				.from = b->start,
				.size = b->size,
				.index = i,
			};
	}
	sort(plan->move, plan->nr, sizeof(plan->move[0]), compare_moves, NULL);
}

/* Makes those parts of a bridge free that lie before and behind the window. */
static bool release(struct planner *p, const struct place_bridge *b)
{
	u64 head = min_t(u64, end_of(b), p->start), tail = max_t(u64, b->start, p->end);

	return (b->start >= head || !region_add(&p->s->free, b->start, head)) &&
	       (tail >= end_of(b) || !region_add(&p->s->free, tail, end_of(b)));
}

/*
 * Chooses the smallest hole for a move, and the end of it that is away from the
 * window, beside which room may appear.
 */
static bool choose_hole(struct planner *p, struct place_move *move)
{
	const struct region_set *free = &p->s->free;
	u64 best = ~0ULL;
	unsigned int i;

	for (i = 0; i < free->nr; i++) {
		const struct region *r = &free->r[i];
		u64 len = r->end - r->start;

		if (len < move->size || len >= best)
			continue;
		best = len;
		move->to = r->start < p->start ? r->start : r->end - move->size;
	}
	return best != ~0ULL;
}

/* Gives a bridge a new place.  What may slide over itself can use its own. */
static bool settle(struct planner *p, struct place_move *move)
{
	const struct place_bridge *b = &p->bridges[move->index];

	return spend(p, p->s->free.nr) &&
	       (b->transient || release(p, b)) &&
	       choose_hole(p, move) &&
	       !region_remove(&p->s->free, move->to, move->to + move->size) &&
	       (!b->transient || release(p, b));
}

/* Looks for a place for each bridge in the window. */
static bool evict(struct planner *p)
{
	struct place_plan *plan = p->plan;
	unsigned int i;

	list_moves(p);
	p->s->free = *p->free;
	if (!spend(p, p->nr) || region_remove(&p->s->free, p->start, p->end))
		return false;
	for (i = 0; i < plan->nr; i++)
		if (!settle(p, &plan->move[i]))
			return false;
	return true;
}

static bool is_valid(const struct planner *p)
{
	unsigned int i, j;
	u64 last = 0;

	if (!p->size || !p->align || p->align & (p->align - 1) || p->nr > PLACE_MAX)
		return false;
	for (i = 0; i < p->nr; i++) {
		const struct place_bridge *b = &p->bridges[i];

		if (!b->size || b->start < last || end_of(b) < b->start)
			return false;
		last = end_of(b);
		for (j = 0; j < p->free->nr; j++)
			if (overlaps(b, p->free->r[j].start, p->free->r[j].end))
				return false;
	}
	return true;
}

/**
 * place_plan() - find the cheapest moves of bridges that make a hole
 * @free: what is free
 * @bridges: what can move, in order of addresses; all else stays
 * @nr: how many, at most PLACE_MAX
 * @size: bytes wanted
 * @align: what the hole's address must be a multiple of, bytes, a power of two
 * @scratch: memory to work with
 * @plan: where to store the plan
 *
 * The cheapest plan copies the fewest bytes, and of those freezes the fewest
 * vnodes.  It is the cheapest of those that this planner considers: see
 * docs/memory.md.  Each bridge moves at most once, and no move ends in the hole.
 * If a move cannot be made, those before it have done no harm, and a new plan can
 * be asked for.
 *
 * Nothing moves here.  The caller makes the moves in their order, and copies each
 * while its users are frozen (or have agreed); if nothing else is taken from
 * @free until the last one, the hole is free then.
 *
 * Context: any; callers exclude each other from all arguments.  Takes up to some
 * tenths of a second.
 * Return: 0; -ENOMEM if there is no plan, or none was found with the work that
 * a call may do; -EINVAL if @bridges is not in order, overlaps itself or @free,
 * or @size or @align make no sense.
 */
int place_plan(const struct region_set *free, const struct place_bridge *bridges,
	       unsigned int nr, u64 size, u64 align,
	       struct place_scratch *scratch, struct place_plan *plan)
{
	struct planner p = {
		.free = free,
		.bridges = bridges,
		.nr = nr,
		.size = size,
		.align = align,
		.s = scratch,
		.plan = plan,
	};
	unsigned int i;

	plan->nr = 0;
	if (!is_valid(&p))
		return -EINVAL;
	if (!place_find(free, PLACE_REGION, size, align, &plan->start))
		return 0;
	if (region_total(free) < size)
		return -ENOMEM;

	scratch->work = WORK_MAX;
	list_windows(&p);
	for (i = 0; i < scratch->nr_windows && scratch->work; i++) {
		p.start = scratch->window[i].start;
		p.end = p.start + size;
		if (evict(&p)) {
			plan->start = p.start;
			return 0;
		}
	}
	plan->nr = 0;
	return -ENOMEM;
}
