// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/mem/place.c: places against all that there are, plans against every way to
 * move things about, and the contents of what was moved.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mem/place.h"
#include "tap.h"

#define MIB	0x100000ULL

static struct place_scratch scratch;
static struct place_plan plan;

/*
 * A pool, unit for unit.  What has a unit is an allocation, or one of these;
 * and each unit of an allocation has contents that tell which it is.
 */
#define UNITS	20000
#define FREE	(-1)
#define GAP	(-2)	/* not the pool's */

struct pool {
	unsigned int units;
	int owner[UNITS];
	u32 contents[UNITS];
	unsigned int nr;
	struct place_alloc a[PLACE_MAX];
	struct region_set free;
};

static struct pool pool;

static u32 contents_of(int owner, u64 offset)
{
	return owner * 100003u + offset + 1;
}

static void put(struct pool *p, unsigned int i)
{
	u64 u;

	for (u = 0; u < p->a[i].size; u++) {
		p->owner[p->a[i].start + u] = i;
		p->contents[p->a[i].start + u] = contents_of(i, u);
	}
}

/* The free set, from the owners */
static void list_free(const struct pool *p, struct region_set *free)
{
	unsigned int u;

	free->nr = 0;
	for (u = 0; u < p->units; u++) {
		if (p->owner[u] != FREE)
			continue;
		if (u && p->owner[u - 1] == FREE) {
			free->r[free->nr - 1].end++;
			continue;
		}
		free->r[free->nr].start = u;
		free->r[free->nr++].end = u + 1;
	}
}

static int is_movable(const struct place_alloc *a)
{
	return a->kind != PLACE_REGION && !a->pinned;
}

/* A random pool; of 8 units, @gaps are not its, @stays stay, @used are used. */
static void random_pool(struct pool *p, unsigned int units, unsigned int max, unsigned int largest,
			unsigned int gaps, unsigned int stays, unsigned int used)
{
	unsigned int u = 0, i, ranges = 0;

	p->units = units;
	p->nr = 0;
	while (u < units) {
		unsigned int size = 1 + rand() % largest;
		unsigned int what = rand() % 8;
		struct place_alloc *a = &p->a[p->nr];

		if (size > units - u)
			size = units - u;
		if (what >= used || p->nr == max) {
			int owner = rand() % 8 < (int)gaps ? GAP : FREE;

			if (owner == FREE && ++ranges >= REGION_MAX - 2)
				owner = GAP;

			for (i = 0; i < size; i++) {
				p->owner[u + i] = owner;
				p->contents[u + i] = 0;
			}
		} else {
			*a = (struct place_alloc){ .start = u, .size = size };
			a->kind = rand() % 3 ? PLACE_BRIDGE : PLACE_TRANSIENT;
			a->users = 1ULL << rand() % 64 | 1ULL << rand() % 64;
			if (rand() % 8 < (int)stays) {
				if (rand() % 2)
					a->pinned = true;
				else
					a->kind = PLACE_REGION;
			}
			put(p, p->nr++);
		}
		u += size;
	}
	list_free(p, &p->free);
}

/* Makes one move; 0 if it must not be made. */
static int make_move(struct pool *p, const struct place_move *m)
{
	struct place_alloc *a = &p->a[m->index];
	u64 u;

	if (m->index >= p->nr || !is_movable(a) || m->from != a->start || m->size != a->size ||
	    m->to == m->from || m->to + m->size > p->units)
		return 0;
	if (a->kind == PLACE_TRANSIENT && m->to < m->from + m->size && m->from < m->to + m->size)
		return 0;
	for (u = m->to; u < m->to + m->size; u++)
		if (p->owner[u] != FREE && p->owner[u] != (int)m->index)
			return 0;
	for (u = m->from; u < m->from + m->size; u++)
		p->owner[u] = FREE;
	for (u = m->to; u < m->to + m->size; u++)
		p->owner[u] = m->index;
	memmove(&p->contents[m->to], &p->contents[m->from], m->size * sizeof(p->contents[0]));
	a->start = m->to;
	return place_apply(&p->free, m) == 0;
}

/* Makes the moves of a plan: is it what it says? */
static int plan_is_right(struct pool *p, u64 size, u64 align)
{
	static struct region_set free;
	u64 bytes = 0, users = 0, u;
	unsigned int i;

	for (i = 0; i < plan.nr; i++) {
		const struct place_move *m = &plan.move[i];

		if (m->to < plan.start + size && plan.start < m->to + m->size)
			return 0;
		if (!make_move(p, m))
			return 0;
		bytes += m->size;
		if (p->a[m->index].kind == PLACE_BRIDGE)
			users |= p->a[m->index].users;
	}
	list_free(p, &free);
	if (free.nr != p->free.nr || memcmp(free.r, p->free.r, free.nr * sizeof(free.r[0])))
		return 0;
	for (i = 0; i < p->nr; i++)
		for (u = 0; u < p->a[i].size; u++)
			if (p->contents[p->a[i].start + u] != contents_of(i, u) ||
			    p->owner[p->a[i].start + u] != (int)i)
				return 0;
	return plan.start % align == 0 &&
	       region_contains(&p->free, plan.start, plan.start + size) &&
	       bytes == plan.bytes && users == plan.users;
}

/*
 * Brute force: from one arrangement to another by moving anything anywhere, as
 * often as one likes, the cheapest first (Dijkstra).  An arrangement is a number
 * with 4 bits for the place of each allocation.
 */
#define SMALL_UNITS	14
#define SMALL_ALLOCS	5
#define COSTS		200

static u32 stamp[1 << (4 * SMALL_ALLOCS)], dist[1 << (4 * SMALL_ALLOCS)], now;
static struct { unsigned int nr, at; u32 state[100000]; } bucket[COSTS];

static void reach(u32 state, unsigned int cost)
{
	if (stamp[state] == now && dist[state] <= cost)
		return;
	if (cost >= COSTS || bucket[cost].nr == ARRAY_SIZE(bucket[cost].state))
		abort();
	stamp[state] = now;
	dist[state] = cost;
	bucket[cost].state[bucket[cost].nr++] = state;
}

static u32 mask_of(unsigned int start, unsigned int size)
{
	return ((1u << size) - 1) << start;
}

/* Everywhere that allocation @i can go from here */
static void reach_from(const struct pool *p, u32 state, unsigned int cost,
		       unsigned int i, u32 used)
{
	unsigned int size = p->a[i].size, at = state >> (4 * i) & 15, to;

	if (!is_movable(&p->a[i]))
		return;
	if (p->a[i].kind == PLACE_BRIDGE)
		used &= ~mask_of(at, size);
	for (to = 0; to + size <= p->units; to++)
		if (!(used & mask_of(to, size)))
			reach((state & ~(15u << (4 * i))) | to << (4 * i), cost + size);
}

/* Return: the fewest units to move, or -1. */
static int brute_force(const struct pool *p, unsigned int size, unsigned int align)
{
	unsigned int cost, i, s;
	u32 state = 0, gaps = 0, used;

	now++;
	for (cost = 0; cost < COSTS; cost++)
		bucket[cost].nr = 0;
	for (i = 0; i < p->units; i++)
		gaps |= (u32)(p->owner[i] == GAP) << i;
	for (i = 0; i < p->nr; i++)
		state |= (u32)p->a[i].start << (4 * i);
	reach(state, 0);
	for (cost = 0; cost < COSTS; cost++) {
		for (s = 0; s < bucket[cost].nr; s++) {
			state = bucket[cost].state[s];
			if (dist[state] < cost)
				continue;
			used = gaps;
			for (i = 0; i < p->nr; i++)
				used |= mask_of(state >> (4 * i) & 15, p->a[i].size);
			for (i = 0; i + size <= p->units; i += align)
				if (!(used & mask_of(i, size)))
					return cost;
			for (i = 0; i < p->nr; i++)
				reach_from(p, state, cost, i, used);
		}
	}
	return -1;
}

/* Can what is in the set @left leave the window, one move each, in any order? */
static int can_evict(const struct pool *p, u32 used, u32 window, unsigned int left)
{
	unsigned int i, to;

	if (!left)
		return 1;
	for (i = 0; i < p->nr; i++) {
		u32 own = mask_of(p->a[i].start, p->a[i].size);
		u32 others = p->a[i].kind == PLACE_BRIDGE ? used & ~own : used;

		if (!(left >> i & 1))
			continue;
		for (to = 0; to + p->a[i].size <= p->units; to++) {
			u32 new = mask_of(to, p->a[i].size);

			if (!(new & (others | window)) &&
			    can_evict(p, (used & ~own) | new, window, left & ~(1u << i)))
				return 1;
		}
	}
	return 0;
}

/* Return: the fewest units that leave a window while the others stay, or -1. */
static int best_eviction(const struct pool *p, unsigned int size, unsigned int align)
{
	u32 used = 0, window;
	unsigned int u, i, left;
	int cost, best = -1;

	for (u = 0; u < p->units; u++)
		used |= (u32)(p->owner[u] != FREE) << u;
	for (u = 0; u + size <= p->units; u += align) {
		window = mask_of(u, size);
		left = 0;
		cost = 0;
		for (i = 0; i < size && p->owner[u + i] != GAP; i++)
			if (p->owner[u + i] != FREE)
				left |= 1u << p->owner[u + i];
		if (i < size)
			continue;
		for (i = 0; i < p->nr && (!(left >> i & 1) || is_movable(&p->a[i])); i++)
			cost += left >> i & 1 ? p->a[i].size : 0;
		if (i == p->nr && (best < 0 || cost < best) && can_evict(p, used, window, left))
			best = cost;
	}
	return best;
}

/* Is there a hole if all in [lo, hi), which can slide, is pushed up or down? */
static int can_push_in(const struct pool *p, unsigned int lo, unsigned int hi,
		       unsigned int size, unsigned int align)
{
	unsigned int i, split, below, above, start;

	for (split = 0; split <= p->nr; split++) {
		below = 0;
		above = 0;
		for (i = 0; i < p->nr; i++)
			if (p->a[i].start >= lo && p->a[i].start < hi)
				*(i < split ? &below : &above) += p->a[i].size;
		start = (lo + below + align - 1) / align * align;
		if (start + size + above <= hi)
			return 1;
	}
	return 0;
}

static int can_push(const struct pool *p, unsigned int size, unsigned int align)
{
	unsigned int lo, hi;

	for (lo = 0; lo < p->units; lo = hi + 1) {
		for (hi = lo; hi < p->units; hi++) {
			int owner = p->owner[hi];

			if (owner == GAP ||
			    (owner >= 0 && (!is_movable(&p->a[owner]) ||
					    p->a[owner].kind == PLACE_TRANSIENT)))
				break;
		}
		if (can_push_in(p, lo, hi, size, align))
			return 1;
	}
	return 0;
}

/* Is there a hole when each in turn has gone as far to one end as there is room? */
static int can_pack(const struct pool *p, unsigned int size, unsigned int align, int up)
{
	u32 used = 0, own;
	unsigned int u, n, i, at, to;

	for (u = 0; u < p->units; u++)
		used |= (u32)(p->owner[u] != FREE) << u;
	for (n = 0; n < p->nr; n++) {
		i = up ? p->nr - 1 - n : n;
		at = p->a[i].start;
		own = mask_of(at, p->a[i].size);
		if (!is_movable(&p->a[i]))
			continue;
		if (p->a[i].kind == PLACE_BRIDGE)
			used &= ~own;
		to = up ? p->units - p->a[i].size : 0;
		while (to != at && used & mask_of(to, p->a[i].size))
			to += up ? -1 : 1;
		used = (used & ~own) | mask_of(to, p->a[i].size);
	}
	for (u = 0; u + size <= p->units; u += align)
		if (!(used & mask_of(u, size)))
			return 1;
	return 0;
}

static void test_brute(unsigned int rounds)
{
	unsigned int i, needed = 0, missed = 0, dearer = 0, wrong = 0, evicts = 0, pushes = 0;
	unsigned int packs = 0;

	for (i = 0; i < rounds; i++) {
		unsigned int size = 2 + rand() % 6, align = 1u << rand() % 3;
		int cost, evict, pushed, packed, ret;

		random_pool(&pool, SMALL_UNITS, SMALL_ALLOCS, 4, rand() % 2, rand() % 2, 5);
		cost = brute_force(&pool, size, align);
		evict = best_eviction(&pool, size, align);
		pushed = can_push(&pool, size, align);
		packed = can_pack(&pool, size, align, 0) || can_pack(&pool, size, align, 1);
		ret = place_plan(&pool.free, pool.a, pool.nr, size, align, &scratch, &plan);
		needed += cost > 0;
		if (ret ? ret != -ENOMEM || plan.nr : cost < 0 || (int)plan.bytes < cost ||
		    !plan_is_right(&pool, size, align))
			wrong++;
		evicts += evict >= 0 && (ret || (int)plan.bytes > evict);
		pushes += pushed && ret;
		packs += packed && ret;
		missed += cost >= 0 && ret;
		dearer += !ret && (int)plan.bytes > cost;
	}
	ok(!wrong, "small pools: every plan is possible, and as it says");
	ok(!evicts, "no plan costs more than to clear the best window");
	ok(!pushes, "a plan is found wherever sliding makes room");
	ok(!packs, "and wherever packing all to one end does");
	printf("# of %u requests that some moves can serve, %u have no plan, %u a dearer one\n",
	       needed, missed, dearer);
	ok(missed * 100 <= needed * 2 && dearer * 100 <= needed * 3,
	   "at most 2 in 100 have no plan, and 3 one that is not the cheapest of all");
}

/* Pools as large as they come */
static void test_large(unsigned int rounds)
{
	unsigned int i, found = 0, wrong = 0, tight = 0, moves = 0;

	for (i = 0; i < rounds; i++) {
		u64 size, total;
		int ret;

		random_pool(&pool, UNITS, PLACE_MAX, 1 + rand() % 64, i % 2, i % 3, 5 + i % 3);
		total = region_total(&pool.free);
		size = 1 + total / (2 + rand() % 16);
		ret = place_plan(&pool.free, pool.a, pool.nr, size, 1u << rand() % 6,
				 &scratch, &plan);
		/* Without what stays, there is always a way. */
		if (!ret)
			moves += plan.nr;
		if (ret && !(i % 3) && !(i % 2))
			tight++;
		if (ret ? ret != -ENOMEM : !plan_is_right(&pool, size, 1))
			wrong++;
		found += !ret;
	}
	printf("# %u plans for %u requests, %u moves\n", found, rounds, moves);
	ok(!wrong && found > rounds / 3 && moves > rounds, "large pools: every plan is possible");
	ok(!tight, "and there is one, if nothing stays where it is");
}

/* Bridges of @piece units, some of which stay, and free memory; a few gaps */
static void uniform_pool(struct pool *p, unsigned int units, unsigned int piece,
			 unsigned int stays, unsigned int used)
{
	unsigned int u = 0, i, size, ranges = 0;

	p->units = units;
	p->nr = 0;
	while (u < units) {
		int owner = rand() % 200 && ++ranges < REGION_MAX / 2 ? FREE : GAP;

		size = 1 + rand() % (2 * piece);
		if ((unsigned int)rand() % 100 < used && u + piece <= units &&
		    p->nr < PLACE_MAX) {
			p->a[p->nr] = (struct place_alloc){ u, piece, 1, PLACE_BRIDGE, false };
			p->a[p->nr].pinned = (unsigned int)rand() % 100 < stays;
			put(p, p->nr++);
			u += piece;
			continue;
		}
		for (i = 0; i < size && u < units; i++, u++) {
			p->owner[u] = owner;
			p->contents[u] = 0;
		}
	}
	list_free(p, &p->free);
}

/*
 * Where all that moves has one size, it is enough to count: of the span from @lo
 * to @hi, in which @bridges can move, so many may leave as have room elsewhere.
 */
static unsigned int room_in(unsigned int lo, unsigned int hi, unsigned int bridges,
			    unsigned int elsewhere, unsigned int piece)
{
	return hi - lo - (bridges > elsewhere ? bridges - elsewhere : 0) * piece;
}

/* Return: the largest hole that can be made. */
static unsigned int best_room(const struct pool *p, unsigned int piece)
{
	unsigned int pass, u, lo, free, bridges, elsewhere = 0, room, best = 0;

	for (pass = 0; pass < 2; pass++) {
		for (u = 0; u < p->units; u++) {
			free = 0;
			for (lo = u; u < p->units && p->owner[u] != GAP &&
			     (p->owner[u] == FREE || !p->a[p->owner[u]].pinned); u++)
				free += p->owner[u] == FREE;
			bridges = (u - lo - free) / piece;
			if (!pass) {
				elsewhere += free / piece;
				continue;
			}
			room = room_in(lo, u, bridges, elsewhere - free / piece, piece);
			best = room > best ? room : best;
		}
	}
	return best;
}

static void test_uniform(unsigned int rounds)
{
	unsigned int i, made = 0, refused = 0, wrong = 0, piece, room;
	u64 part = 0, size;
	int ret;

	for (i = 0; i < rounds; i++) {
		piece = 1 + rand() % 16;
		uniform_pool(&pool, 40 * piece + rand() % 4000, piece, rand() % 20,
			     30 + rand() % 60);
		room = best_room(&pool, piece);
		if (room <= region_largest(&pool.free))
			continue;
		size = i % 2 ? room : region_largest(&pool.free) + 1;
		part += 100 * size / region_total(&pool.free);
		ret = place_plan(&pool.free, pool.a, pool.nr, size, 1, &scratch, &plan);
		made += !ret;
		refused += ret != 0;
		wrong += !ret && !plan_is_right(&pool, size, 1);
	}
	printf("# %u plans, for %llu %% of what is free on average\n", made,
	       part / (made + refused));
	ok(made && !refused, "bridges of one size: a plan wherever counting says there is room");
	ok(!wrong, "and it is possible");
}

/* Every other @piece units are free; the largest hole is @piece. */
static void checkerboard(struct pool *p, unsigned int piece, enum place_kind kind)
{
	unsigned int u;

	p->units = 2 * piece * 500;
	p->nr = 0;
	for (u = 0; u < p->units; u++) {
		p->owner[u] = FREE;
		p->contents[u] = 0;
	}
	for (u = 0; u < p->units; u += 2 * piece) {
		p->a[p->nr] = (struct place_alloc){ u, piece, 2, kind, false };
		put(p, p->nr++);
	}
	list_free(p, &p->free);
}

static void test_checkerboard(void)
{
	checkerboard(&pool, 16, PLACE_BRIDGE);
	ok(region_largest(&pool.free) == 16 &&
	   !place_plan(&pool.free, pool.a, pool.nr, 64, 64, &scratch, &plan) &&
	   plan.nr == 2 && plan.bytes == 32 && plan.users == 2 && plan_is_right(&pool, 64, 64),
	   "a checkerboard: four times the largest hole for two moves");
	checkerboard(&pool, 16, PLACE_BRIDGE);
	ok(!place_plan(&pool.free, pool.a, pool.nr, 4096, 1024, &scratch, &plan) &&
	   plan_is_right(&pool, 4096, 1024), "256 times the largest hole");
	checkerboard(&pool, 16, PLACE_BRIDGE);
	ok(!place_plan(&pool.free, pool.a, pool.nr, 7000, 16, &scratch, &plan) &&
	   plan_is_right(&pool, 7000, 16), "and most of what is free");
	checkerboard(&pool, 16, PLACE_BRIDGE);
	ok(!place_plan(&pool.free, pool.a, pool.nr, 8000, 1, &scratch, &plan) &&
	   plan_is_right(&pool, 8000, 1), "all that is free");
	checkerboard(&pool, 16, PLACE_TRANSIENT);
	ok(!place_plan(&pool.free, pool.a, pool.nr, 64, 64, &scratch, &plan) && plan.users == 0 &&
	   plan_is_right(&pool, 64, 64), "transient bridges freeze nobody");
	checkerboard(&pool, 16, PLACE_REGION);
	ok(place_plan(&pool.free, pool.a, pool.nr, 17, 1, &scratch, &plan) == -ENOMEM,
	   "regions do not move");
	checkerboard(&pool, 16, PLACE_BRIDGE);
	for (unsigned int i = 0; i < pool.nr; i++)
		pool.a[i].pinned = true;
	ok(place_plan(&pool.free, pool.a, pool.nr, 17, 1, &scratch, &plan) == -ENOMEM,
	   "nor does what is pinned");
	pool.a[100].pinned = false;
	ok(!place_plan(&pool.free, pool.a, pool.nr, 48, 1, &scratch, &plan) && plan.nr == 1 &&
	   plan.move[0].index == 100 && plan_is_right(&pool, 48, 1), "what is not, does");
}

static void test_users(void)
{
	/* Two windows of the same cost, with two vnodes in one and one in the other */
	memset(&pool, 0, sizeof(pool));
	pool.units = 24;
	for (unsigned int u = 0; u < pool.units; u++)
		pool.owner[u] = FREE;
	pool.a[0] = (struct place_alloc){ 4, 1, 6, PLACE_BRIDGE, false };
	pool.a[1] = (struct place_alloc){ 9, 4, 0, PLACE_REGION, false };
	pool.a[2] = (struct place_alloc){ 17, 1, 8, PLACE_BRIDGE, false };
	for (pool.nr = 0; pool.nr < 3; pool.nr++)
		put(&pool, pool.nr);
	list_free(&pool, &pool.free);
	ok(!place_plan(&pool.free, pool.a, 3, 8, 1, &scratch, &plan) && plan.bytes == 1 &&
	   plan.users == 8 && plan_is_right(&pool, 8, 1),
	   "of plans that copy the same, the one that freezes fewer vnodes");
}

/*
 * A pool as a picture: "." is free, "#" not the pool's, a digit a region, a
 * capital letter a frozen bridge, another letter a transient one.
 */
static void draw(struct pool *p, const char *picture)
{
	unsigned int u;

	p->nr = 0;
	p->units = strlen(picture);
	for (u = 0; u < p->units; u++) {
		char c = picture[u];

		p->contents[u] = 0;
		p->owner[u] = c == '.' ? FREE : GAP;
		if (c == '.' || c == '#')
			continue;
		if (!u || picture[u - 1] != c)
			p->a[p->nr++] = (struct place_alloc){
				u, 0, 2, c <= '9' ? PLACE_REGION :
				c <= 'Z' ? PLACE_BRIDGE : PLACE_TRANSIENT, false };
		p->a[p->nr - 1].size++;
		put(p, p->nr - 1);
	}
	list_free(p, &p->free);
}

static void test_pictures(void)
{
	static const struct {
		const char *picture;
		unsigned int size, align;
		int bytes;
		const char *name;
	} table[] = {
		{ "aaab....####C.", 5, 2, 4, "a hole at the start of the pool" },
		{ "#.C####....baaa", 5, 2, 4, "and at its end" },
		{ "..AAAA..BBBB..CCCC..", 8, 1, 12, "slid together, where no hole holds a bridge" },
		{ "..aaaa..bbbb..cccc..", 8, 1, -1, "transient bridges do not slide" },
		{ "..AA0BB..", 4, 1, 2, "out of the window, over a region" },
		{ "..AAA0BBB..", 4, 1, -1, "not through one" },
		{ "###LL.RRR.#...", 4, 4, 5, "one takes the room that the other leaves" },
		{ "...#.RRR.LL###", 4, 1, 3, "the cheaper of two" },
		{ ".CCC.BBBB.AA.", 3, 1, 6, "pushed to the side where less is in the way" },
		{ "AAAAABBBBCCCDDD0.......1........", 15, 1, 15, "where best fit is no fit" },
		{ "A.B", 1, 1, 0, "nothing to do" },
		{ "AAA", 1, 1, -1, "nothing free" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		int ret;

		draw(&pool, table[i].picture);
		ret = place_plan(&pool.free, pool.a, pool.nr, table[i].size, table[i].align,
				 &scratch, &plan);
		ok(table[i].bytes < 0 ? ret == -ENOMEM :
		   !ret && (int)plan.bytes == table[i].bytes &&
		   plan_is_right(&pool, table[i].size, table[i].align), table[i].name);
	}
}

static int try(struct region_set *free, const struct place_alloc *a, unsigned int nr, u64 size,
	       u64 align)
{
	return place_plan(free, a, nr, size, align, &scratch, &plan);
}

static void test_edges(void)
{
	static struct region_set free, copy;
	static struct place_alloc a[2] = {
		{ .start = 10, .size = 10, .kind = PLACE_BRIDGE },
		{ .start = 30, .size = 10, .kind = PLACE_BRIDGE },
	};
	struct place_move move = { 30, 0, 10, 1 };

	region_add(&free, 0, 10);
	region_add(&free, 20, 30);
	copy = free;
	ok(!try(&free, a, 2, 10, 1) && !plan.nr, "where there is room, nothing moves");
	ok(!try(&free, a, 2, 20, 1) && plan.bytes == 10, "the second hole is as good");
	ok(try(&free, a, 2, 21, 1) == -ENOMEM && !plan.nr, "more than there is");
	ok(try(&free, a, 2, ~0ULL, 1) == -ENOMEM, "far more");
	ok(try(&free, a, 2, 20, 1ULL << 63) == -ENOMEM || plan.start == 0, "a wide alignment");
	ok(try(&free, a, 2, 0, 1) == -EINVAL && try(&free, a, 2, 1, 0) == -EINVAL &&
	   try(&free, a, 2, 1, 3) == -EINVAL, "sizes and alignments that make no sense");
	ok(try(&free, a, PLACE_MAX + 1, 1, 1) == -EINVAL, "too many allocations");
	a[1].start = 19;
	ok(try(&free, a, 2, 20, 1) == -EINVAL, "allocations that overlap");
	a[1].start = 29;
	ok(try(&free, a, 2, 20, 1) == -EINVAL, "one that overlaps what is free");
	a[1].start = ~0ULL - 5;
	ok(try(&free, a, 2, 20, 1) == -EINVAL, "one that wraps around");
	a[1].start = 5;
	ok(try(&free, a, 2, 20, 1) == -EINVAL, "allocations out of order");
	ok(!memcmp(&free, &copy, sizeof(free)), "what is free has not changed by all that");
	ok(!place_apply(&free, &move) && free.nr == 1 && free.r[0].start == 20 &&
	   free.r[0].end == 40, "a move is noted");
	copy = free;
	move = (struct place_move){ 10, 15, 10, 0 };
	ok(!place_apply(&free, &move) && free.nr == 2 && free.r[0].start == 10 &&
	   free.r[0].end == 15 && free.r[1].start == 25, "so is one that slides");
	move = (struct place_move){ 15, 35, 10, 0 };
	copy = free;
	ok(place_apply(&free, &move) == -EINVAL && !memcmp(&free, &copy, sizeof(free)),
	   "one to a place that is taken is refused");
}

/* How many whole blocks are free, and the longest run of them */
static unsigned int whole_blocks(const struct region_set *free)
{
	unsigned int i, n = 0;

	for (i = 0; i < free->nr; i++) {
		u64 first = (free->r[i].start + PLACE_BLOCK - 1) / PLACE_BLOCK;
		u64 last = free->r[i].end / PLACE_BLOCK;

		n += first < last ? last - first : 0;
	}
	return n;
}

/* What is left of them when something takes [start, start + size) */
static unsigned int blocks_left(const struct region_set *free, u64 start, u64 size)
{
	static struct region_set left;

	left = *free;
	if (region_remove(&left, start, start + size))
		abort();
	return whole_blocks(&left);
}

/* The length of the run of whole blocks around a region's place */
static u64 run_at(const struct region_set *free, u64 start)
{
	u64 first = start, end = start;

	while (region_contains(free, end, end + PLACE_BLOCK))
		end += PLACE_BLOCK;
	while (first >= PLACE_BLOCK && region_contains(free, first - PLACE_BLOCK, first))
		first -= PLACE_BLOCK;
	return end - first;
}

static int bridge_is_right(const struct region_set *free, u64 size, u64 align)
{
	unsigned int left, best = 0;
	u64 start, s, highest = 0;
	int ret = place_find(free, PLACE_BRIDGE, size, align, &start), room = 0;

	for (s = 0; s + size <= 128 * MIB; s += align) {
		if (!region_contains(free, s, s + size))
			continue;
		left = blocks_left(free, s, size);
		if (!room || left > best)
			highest = 0;
		/* Only beside something else */
		if (left >= best && (!region_contains(free, s, s + size + 1) ||
				     !s || !region_contains(free, s - 1, s + size)))
			highest = s;
		if (left > best || !room)
			best = left;
		room = 1;
	}
	if (ret)
		return ret == -ENOMEM && !room;
	return room && start % align == 0 && region_contains(free, start, start + size) &&
	       blocks_left(free, start, size) == best && (align > MIB || start == highest);
}

static int region_is_right(const struct region_set *free, u64 size)
{
	u64 start, s, best = ~0ULL, lowest = 0;
	int ret = place_find(free, PLACE_REGION, size, PLACE_BLOCK, &start);

	for (s = 0; s + size <= 128 * MIB; s += PLACE_BLOCK)
		if (region_contains(free, s, s + size) && run_at(free, s) < best) {
			best = run_at(free, s);
			lowest = s;
		}
	if (ret)
		return ret == -ENOMEM && best == ~0ULL;
	return best != ~0ULL && start == lowest;
}

static void test_find(unsigned int rounds)
{
	static struct region_set free;
	unsigned int i, j, bridges = 0, regions = 0;

	for (i = 0; i < rounds; i++) {
		free.nr = 0;
		for (j = rand() % 12; j; j--) {
			u64 start = rand() % 120, end = start + 1 + rand() % (rand() % 4 ? 8 : 60);

			region_add(&free, start * MIB, end * MIB);
		}
		region_remove(&free, 128 * MIB, ~0ULL);
		bridges += bridge_is_right(&free, (1 + rand() % 20) * MIB, MIB << (rand() % 4));
		regions += region_is_right(&free, (1 + rand() % 5) * PLACE_BLOCK);
	}
	ok(bridges == rounds, "a bridge breaks as few whole blocks as it can, high up");
	ok(regions == rounds, "a region goes to the smallest run of blocks, the lowest");
	free.nr = 0;
	region_add(&free, 0, ~0ULL);
	ok(place_find(&free, PLACE_BRIDGE, 0, 1, &(u64){ 0 }) == -ENOMEM, "nothing has no place");
	free.r[0].start = ~0ULL - 100;
	ok(place_find(&free, PLACE_BRIDGE, 10, 1ULL << 32, &(u64){ 0 }) == -ENOMEM,
	   "alignment does not wrap around");
}

int main(void)
{
	srand(2002);
	test_find(20000);
	test_brute(20000);
	test_large(60);
	test_uniform(400);
	test_checkerboard();
	test_users();
	test_pictures();
	test_edges();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
