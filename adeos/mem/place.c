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

#include "planner.h"

/*
 * A plan gives up when it has looked at so many free ranges and allocations:
 * some tenths of a second.
 */
#define WORK_MAX	64000000

/* How many dead ends may be met in one window, at first and if nothing was found */
#define TRIES_FEW	16
#define TRIES_MANY	2000

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

static u64 frozen(const struct place_alloc *a)
{
	return a->kind == PLACE_BRIDGE ? a->users : 0;
}

/**
 * planner_spend() - count ranges that are looked at
 * @p: the planner
 * @n: how many
 *
 * Return: false if that was too many, and then nothing is left to spend.
 */
bool planner_spend(struct planner *p, unsigned int n)
{
	if (p->s->work < n) {
		p->s->work = 0;
		return false;
	}
	p->s->work -= n;
	cond_resched();
	return true;
}

static bool costs_less(u64 bytes, u64 users, u64 than_bytes, u64 than_users)
{
	if (bytes != than_bytes)
		return bytes < than_bytes;
	return hweight64(users) < hweight64(than_users);
}

/**
 * planner_is_better() - compare the plan that has just been made to the best
 * @p: the planner
 *
 * Return: does it cost less than the one that was kept, or was none?
 */
bool planner_is_better(const struct planner *p)
{
	const struct place_plan *best = &p->s->best;

	return !p->found ||
	       costs_less(p->plan->bytes, p->plan->users, best->bytes, best->users);
}

/**
 * place_apply() - note that a bridge has moved
 * @free: what is free
 * @move: the move; what was its old place is free then
 *
 * Context: any; callers exclude each other from @free.
 * Return: 0, -EINVAL if the new place is not free, -ENOSPC if the set is full,
 * and then it has not changed.
 */
int place_apply(struct region_set *free, const struct place_move *move)
{
	u64 from = move->from, end = move->from + move->size;
	int ret;

	ret = region_add(free, from, end);
	if (ret)
		return ret;
	if (region_contains(free, move->to, move->to + move->size))
		ret = region_remove(free, move->to, move->to + move->size);
	else
		ret = -EINVAL;
	/* What was just joined can be split again. */
	if (ret)
		region_remove(free, from, end);
	return ret;
}

/**
 * planner_add() - add a move to the plan that is being made
 * @p: the planner
 * @index: the allocation
 * @to: where it goes
 *
 * Return: false if the plan is full.
 */
bool planner_add(struct planner *p, unsigned int index, u64 to)
{
	const struct place_alloc *a = &p->allocs[index];
	struct place_plan *plan = p->plan;

	if (plan->nr == PLACE_MAX)
		return false;
	plan->move[plan->nr++] = (struct place_move){ a->start, to, a->size, index };
	plan->bytes += a->size;
	plan->users |= frozen(a);
	return true;
}

/**
 * planner_keep() - keep the plan that has just been made as the best
 * @p: the planner
 */
void planner_keep(struct planner *p)
{
	struct place_plan *best = &p->s->best;

	p->found = true;
	best->start = p->start;
	best->bytes = p->plan->bytes;
	best->users = p->plan->users;
	best->nr = p->plan->nr;
	memcpy(best->move, p->plan->move, best->nr * sizeof(best->move[0]));
}

/**
 * planner_clear() - begin a plan
 * @p: the planner
 */
void planner_clear(struct planner *p)
{
	p->plan->bytes = 0;
	p->plan->users = 0;
	p->plan->nr = 0;
}

/*
 * Windows: where the hole may be.  Everything in a window must go, so that is
 * what it costs at least.
 */

/* Adds a candidate, if all of it is the pool's, and can be moved. */
static void add_window(struct planner *p, u64 start)
{
	struct place_window w = { .start = start };
	u64 end = start + p->size, known = 0;
	unsigned int i;

	if (end < start || p->s->nr_windows == PLACE_WINDOWS)
		return;
	for (i = 0; i < p->nr && p->allocs[i].start < end; i++) {
		const struct place_alloc *a = &p->allocs[i];

		if (!overlaps(a, start, end))
			continue;
		if (!is_movable(a))
			return;
		known += min_t(u64, end, end_of(a)) - max_t(u64, start, a->start);
		w.bytes += a->size;
		w.users |= frozen(a);
	}
	for (i = 0; i < p->free->nr && p->free->r[i].start < end; i++) {
		const struct region *r = &p->free->r[i];

		if (r->end > start)
			known += min_t(u64, end, r->end) - max_t(u64, start, r->start);
	}
	if (known == p->size)
		p->s->window[p->s->nr_windows++] = w;
}

/* The lowest window at or above @start, and the highest that ends at @end */
static void add_window_above(struct planner *p, u64 start)
{
	add_window(p, round_to(start, p->align));
}

static void add_window_below(struct planner *p, u64 end)
{
	if (end >= p->size)
		add_window(p, round_off(end - p->size, p->align));
}

/* Is there no gap in the pool, and nothing that stays, before allocation @i? */
static bool is_joined(const struct planner *p, unsigned int i)
{
	const struct place_alloc *a = &p->allocs[i];

	return i && is_movable(a - 1) &&
	       (end_of(a - 1) == a->start || region_contains(p->free, end_of(a - 1), a->start));
}

/* How far down and up an allocation could go if nothing else were there */
static u64 floor_of(const struct planner *p, const struct place_alloc *a)
{
	unsigned int i;

	for (i = 0; i < p->free->nr; i++)
		if (p->free->r[i].end == a->start)
			return p->free->r[i].start;
	return a->start;
}

static u64 ceiling_of(const struct planner *p, const struct place_alloc *a)
{
	unsigned int i;

	for (i = 0; i < p->free->nr; i++)
		if (p->free->r[i].start == end_of(a))
			return p->free->r[i].end;
	return end_of(a);
}

/*
 * A window that begins or ends elsewhere than at the edge of something has at
 * least as much in it as one that does not.  But where allocations are pushed
 * together, the edges are those that they have then.
 */
static void list_windows(struct planner *p)
{
	unsigned int i;
	u64 edge = 0;

	p->s->nr_windows = 0;
	for (i = 0; i < p->free->nr; i++) {
		add_window_above(p, p->free->r[i].start);
		add_window_below(p, p->free->r[i].end);
	}
	for (i = 0; i < p->nr; i++) {
		const struct place_alloc *a = &p->allocs[i];

		add_window_above(p, end_of(a));
		add_window_below(p, a->start);
		if (!is_joined(p, i)) {
			edge = floor_of(p, a);
			add_window_above(p, edge);
		}
		edge += a->size;
		add_window_above(p, edge);
	}
	for (i = p->nr; i--;) {
		const struct place_alloc *a = &p->allocs[i];

		if (i == p->nr - 1 || !is_movable(a + 1) || !is_joined(p, i + 1)) {
			edge = ceiling_of(p, a);
			add_window_below(p, edge);
		}
		edge -= a->size;
		add_window_below(p, edge);
	}
}

static int compare_windows(const void *a, const void *b)
{
	const struct place_window *x = a, *y = b;

	if (costs_less(x->bytes, x->users, y->bytes, y->users))
		return -1;
	if (costs_less(y->bytes, y->users, x->bytes, x->users))
		return 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/*
 * Evicting: each allocation in the window goes to a hole elsewhere.
 *
 * Those that reach out of the window go first: the part outside is room for the
 * others, and there are no more than two.  Then the largest first.  Each takes
 * the smallest hole that has room; if one finds none, the one before it tries
 * its next larger hole, and so on back.  Every allocation is put at the end of
 * its hole that is away from the window, beside which room may appear.
 */

/* The parts of an allocation that lie before and behind the window */
static void parts_outside(const struct planner *p, const struct place_alloc *a,
			  struct region part[2])
{
	part[0] = (struct region){ a->start, min_t(u64, end_of(a), p->start) };
	part[1] = (struct region){ max_t(u64, a->start, p->end), end_of(a) };
}

static bool reaches_out(const struct planner *p, const struct place_alloc *a)
{
	return a->start < p->start || end_of(a) > p->end;
}

/* Makes the parts outside free, or no longer so. */
static bool release(struct planner *p, const struct place_alloc *a, bool add)
{
	struct region_set *free = &p->s->free;
	struct region part[2];
	unsigned int i;
	int ret = 0;

	parts_outside(p, a, part);
	for (i = 0; i < 2 && !ret; i++)
		if (part[i].start < part[i].end)
			ret = add ? region_add(free, part[i].start, part[i].end) :
				    region_remove(free, part[i].start, part[i].end);
	return !ret;
}

static int compare_items(const void *a, const void *b)
{
	const struct place_item *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Lists what must go; @high_first: of those that reach out, the higher first. */
static void list_items(struct planner *p, bool high_first)
{
	struct place_scratch *s = p->s;
	unsigned int i;

	s->nr_items = 0;
	for (i = 0; i < p->nr; i++) {
		const struct place_alloc *a = &p->allocs[i];

		if (!overlaps(a, p->start, p->end))
			continue;
		s->item[s->nr_items++] = (struct place_item){
			.index = i,
			.size = a->size,
			.rank = !reaches_out(p, a) ? 2 : (a->start < p->start) == high_first,
		};
	}
	sort(s->item, s->nr_items, sizeof(s->item[0]), compare_items, NULL);
}

/*
 * Chooses the next larger hole for an item.  Holes of one size are equal, unless
 * room may still appear beside one of them.
 */
static bool next_hole(struct planner *p, struct place_item *item)
{
	const struct region_set *free = &p->s->free;
	u64 last = item->hole.end - item->hole.start, best = ~0ULL;
	struct region hole = { };
	unsigned int i;

	for (i = 0; i < free->nr; i++) {
		const struct region *r = &free->r[i];
		u64 len = r->end - r->start;

		if (len < item->size || len >= best || len < last)
			continue;
		if (len == last && (item->rank == 2 || r->start <= item->hole.start))
			continue;
		best = len;
		hole = *r;
	}
	if (best == ~0ULL)
		return false;
	item->hole = hole;
	item->to = hole.start < p->start ? hole.start : hole.end - item->size;
	return true;
}

/* Before an item has a place: what may slide over itself may use its own. */
static bool enter(struct planner *p, struct place_item *item, bool in)
{
	const struct place_alloc *a = &p->allocs[item->index];

	return a->kind != PLACE_BRIDGE || release(p, a, in);
}

/* Gives an item the place that was chosen, or takes it away again. */
static bool settle(struct planner *p, struct place_item *item, bool in)
{
	const struct place_alloc *a = &p->allocs[item->index];
	u64 end = item->to + item->size;

	if (in)
		return !region_remove(&p->s->free, item->to, end) &&
		       (a->kind == PLACE_BRIDGE || release(p, a, true));
	return (a->kind == PLACE_BRIDGE || release(p, a, false)) &&
	       !region_add(&p->s->free, item->to, end);
}

/* Looks for a place for each item; @tries is how many dead ends it may meet. */
static bool settle_all(struct planner *p, unsigned int tries)
{
	struct place_item *item = p->s->item, *end = item + p->s->nr_items;

	if (!enter(p, item, true))
		return false;
	while (planner_spend(p, p->s->free.nr)) {
		if (next_hole(p, item)) {
			if (!settle(p, item, true))
				return false;
			if (++item == end)
				return true;
			item->hole = (struct region){ };
			if (!enter(p, item, true))
				return false;
			continue;
		}
		if (!tries-- || item == p->s->item || !enter(p, item, false))
			return false;
		item--;
		if (!settle(p, item, false))
			return false;
	}
	return false;
}

static bool evict(struct planner *p, unsigned int tries)
{
	struct place_scratch *s = p->s;
	unsigned int i, order;

	for (order = 0; order < 2; order++) {
		list_items(p, order);
		if (order && (s->nr_items < 2 || s->item[1].rank == 2))
			return false;
		s->free = *p->free;
		if (!planner_spend(p, p->nr) || region_remove(&s->free, p->start, p->end))
			return false;
		planner_clear(p);
		if (s->nr_items && !settle_all(p, tries))
			continue;
		for (i = 0; i < s->nr_items; i++)
			if (!planner_add(p, s->item[i].index, s->item[i].to))
				return false;
		return true;
	}
	return false;
}

/*
 * Pushing: what is in the window goes aside, the lower ones down and the others
 * up, in order, and pushes what is in its way.  It needs no hole as large as
 * anything that moves, but free memory between the window and what stays.
 */

/* The farthest moves first: what is pushed needs the place of what it pushes. */
static void reverse_moves(struct place_plan *plan, unsigned int first)
{
	unsigned int end = plan->nr;

	for (; first + 1 < end; first++) {
		struct place_move *x = &plan->move[first], *y = &plan->move[--end], z = *x;

		*x = *y;
		*y = z;
	}
}

/* Pushes allocations below @i down until they end below @edge. */
static bool push_down(struct planner *p, unsigned int i, u64 edge)
{
	unsigned int first = p->plan->nr;

	for (; i--; edge = p->plan->move[p->plan->nr - 1].to) {
		const struct place_alloc *a = &p->allocs[i];

		if (end_of(a) <= edge)
			break;
		if (a->kind == PLACE_TRANSIENT)
			edge = min_t(u64, edge, a->start);
		if (!is_movable(a) || edge < a->size || !planner_add(p, i, edge - a->size))
			return false;
	}
	reverse_moves(p->plan, first);
	return true;
}

/* Pushes allocations from @i on up until they begin at @edge or above. */
static bool push_up(struct planner *p, unsigned int i, u64 edge)
{
	unsigned int first = p->plan->nr;

	for (; i < p->nr; i++) {
		const struct place_alloc *a = &p->allocs[i];

		if (a->start >= edge)
			break;
		if (a->kind == PLACE_TRANSIENT)
			edge = max_t(u64, edge, end_of(a));
		if (!is_movable(a) || !planner_add(p, i, edge))
			return false;
		edge += a->size;
	}
	reverse_moves(p->plan, first);
	return true;
}

/* Makes the moves of the plan in the scratch set: is all of that possible? */
static bool rehearse(struct planner *p)
{
	struct place_scratch *s = p->s;
	unsigned int i;

	s->free = *p->free;
	for (i = 0; i < p->plan->nr; i++)
		if (!planner_spend(p, s->free.nr) || place_apply(&s->free, &p->plan->move[i]))
			return false;
	return region_contains(&s->free, p->start, p->end);
}

static void push(struct planner *p)
{
	unsigned int first, last, split;

	for (first = 0; first < p->nr && end_of(&p->allocs[first]) <= p->start; first++)
		;
	for (last = first; last < p->nr && p->allocs[last].start < p->end; last++)
		;
	for (split = first; split <= last && planner_spend(p, p->nr); split++) {
		planner_clear(p);
		if (!push_down(p, split, p->start) || !push_up(p, split, p->end))
			continue;
		if (planner_is_better(p) && rehearse(p))
			planner_keep(p);
	}
}

static bool is_valid(const struct planner *p)
{
	unsigned int i, j;
	u64 last = 0;

	if (!p->size || !p->align || p->align & (p->align - 1) || p->nr > PLACE_MAX)
		return false;
	for (i = 0; i < p->nr; i++) {
		const struct place_alloc *a = &p->allocs[i];

		if (!a->size || a->start < last || end_of(a) < a->start)
			return false;
		last = end_of(a);
		for (j = 0; j < p->free->nr; j++)
			if (overlaps(a, p->free->r[j].start, p->free->r[j].end))
				return false;
	}
	return true;
}

/* Tries the windows, the cheapest first. */
static bool try_windows(struct planner *p, unsigned int tries)
{
	const struct place_plan *best = &p->s->best;
	unsigned int i;

	for (i = 0; i < p->s->nr_windows && p->s->work; i++) {
		const struct place_window *w = &p->s->window[i];

		if (p->found && !costs_less(w->bytes, w->users, best->bytes, best->users))
			break;
		p->start = w->start;
		p->end = w->start + p->size;
		/* To evict costs what lies in the window, so this is better. */
		if (evict(p, tries) && rehearse(p))
			planner_keep(p);
		else
			push(p);
	}
	return p->found;
}

/**
 * place_plan() - find the cheapest moves of bridges that make a hole
 * @free: what is free
 * @allocs: all that is not, in order of addresses
 * @nr: how many, at most PLACE_MAX
 * @size: bytes wanted
 * @align: what the hole's address must be a multiple of, bytes, a power of two
 * @scratch: memory to work with
 * @plan: where to store the plan
 *
 * The cheapest plan copies the fewest bytes, and of those freezes the fewest
 * vnodes.  It is the cheapest of those that this planner considers: see
 * docs/memory.md.  Each allocation moves at most once, and no move ends in the
 * hole.  If a move cannot be made, those before it have done no harm, and a new
 * plan can be asked for.
 *
 * Nothing moves here.  The caller makes the moves in their order, copies each
 * with memmove() while its users are frozen (or have agreed), and calls
 * place_apply() after each; nothing else may be taken from @free until the
 * last one, and then the hole is free.
 *
 * Context: any; callers exclude each other from all arguments.  Takes up to some
 * tenths of a second, and as long again if it comes to packing.
 * Return: 0; -ENOMEM if there is no plan, or none was found with the work that
 * a call may do; -EINVAL if @allocs is not in order, overlaps itself or @free,
 * or @size or @align make no sense.
 */
int place_plan(const struct region_set *free, const struct place_alloc *allocs,
	       unsigned int nr, u64 size, u64 align,
	       struct place_scratch *scratch, struct place_plan *plan)
{
	struct planner p = {
		.free = free,
		.allocs = allocs,
		.nr = nr,
		.size = size,
		.align = align,
		.s = scratch,
		.plan = plan,
	};

	planner_clear(&p);
	if (!is_valid(&p))
		return -EINVAL;
	if (!place_find(free, PLACE_REGION, size, align, &plan->start))
		return 0;
	if (region_total(free) < size)
		return -ENOMEM;

	scratch->work = WORK_MAX;
	list_windows(&p);
	sort(scratch->window, scratch->nr_windows, sizeof(scratch->window[0]),
	     compare_windows, NULL);
	if (!try_windows(&p, TRIES_FEW) && !try_windows(&p, TRIES_MANY)) {
		scratch->work = WORK_MAX;
		planner_pack(&p);
	}
	planner_clear(&p);
	if (!p.found)
		return -ENOMEM;
	*plan = scratch->best;
	return 0;
}
