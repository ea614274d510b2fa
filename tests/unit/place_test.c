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
#define GAP	(-2)	/* not the pool's, or it stays where it is */

struct pool {
	unsigned int units;
	int owner[UNITS];
	u32 contents[UNITS];
	unsigned int nr;
	struct place_bridge a[PLACE_MAX];
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

static void fill(struct pool *p, unsigned int start, unsigned int size, int owner)
{
	for (; size--; start++) {
		p->owner[start] = owner;
		p->contents[start] = 0;
	}
}

/* A random pool; of 8 units, @used are used, and of 8 others, @gaps neither that nor free. */
static void random_pool(struct pool *p, unsigned int units, unsigned int max, unsigned int largest,
			unsigned int gaps, unsigned int used)
{
	unsigned int u, size, ranges = 0;

	p->units = units;
	p->nr = 0;
	for (u = 0; u < units; u += size) {
		size = 1 + rand() % largest;
		if (size > units - u)
			size = units - u;
		if ((unsigned int)rand() % 8 >= used || p->nr == max) {
			int gap = (unsigned int)rand() % 8 < gaps || ++ranges >= REGION_MAX - 2;

			fill(p, u, size, gap ? GAP : FREE);
			continue;
		}
		p->a[p->nr] = (struct place_bridge){
			.start = u,
			.size = size,
			.users = 1ULL << rand() % 64 | 1ULL << rand() % 64,
			.transient = rand() % 3 == 0,
		};
		put(p, p->nr++);
	}
	list_free(p, &p->free);
}

/* Makes one move; 0 if it must not be made. */
static int make_move(struct pool *p, const struct place_move *m)
{
	struct place_bridge *a = &p->a[m->index];
	u64 u;

	if (m->index >= p->nr || m->from != a->start || m->size != a->size ||
	    m->to == m->from || m->to + m->size > p->units)
		return 0;
	if (a->transient && m->to < m->from + m->size && m->from < m->to + m->size)
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
	return 1;
}

/* What the plan copies */
static u64 bytes_of_plan(void)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < plan.nr; i++)
		bytes += plan.move[i].size;
	return bytes;
}

/* Makes the moves of a plan: is there a hole then, and all else as it was? */
static int plan_is_right(struct pool *p, u64 size, u64 align)
{
	unsigned int i;
	u64 u;

	for (i = 0; i < plan.nr; i++) {
		const struct place_move *m = &plan.move[i];

		if (m->to < plan.start + size && plan.start < m->to + m->size)
			return 0;
		if (!make_move(p, m))
			return 0;
	}
	list_free(p, &p->free);
	for (i = 0; i < p->nr; i++)
		for (u = 0; u < p->a[i].size; u++)
			if (p->contents[p->a[i].start + u] != contents_of(i, u) ||
			    p->owner[p->a[i].start + u] != (int)i)
				return 0;
	return plan.start % align == 0 &&
	       region_contains(&p->free, plan.start, plan.start + size);
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

	if (!p->a[i].transient)
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

static int has_hole(const struct pool *p, u32 used, unsigned int size, unsigned int align)
{
	unsigned int start;

	for (start = 0; start + size <= p->units; start += align)
		if (!(used & mask_of(start, size)))
			return 1;
	return 0;
}

/* Return: the fewest units to move in a single move, or -1. */
static int best_move(const struct pool *p, unsigned int size, unsigned int align)
{
	u32 all = 0, own, new;
	unsigned int u, i;
	int best = -1;

	for (u = 0; u < p->units; u++)
		all |= (u32)(p->owner[u] != FREE) << u;
	for (i = 0; i < p->nr; i++) {
		own = mask_of(p->a[i].start, p->a[i].size);
		for (u = 0; u + p->a[i].size <= p->units; u++) {
			new = mask_of(u, p->a[i].size);
			if (new & (p->a[i].transient ? all : all & ~own) ||
			    !has_hole(p, (all & ~own) | new, size, align))
				continue;
			if (best < 0 || (int)p->a[i].size < best)
				best = p->a[i].size;
		}
	}
	return best;
}

static void test_brute(unsigned int rounds)
{
	unsigned int i, needed = 0, missed = 0, dearer = 0, wrong = 0, singles = 0, lost = 0;

	for (i = 0; i < rounds; i++) {
		unsigned int size = 2 + rand() % 6, align = 1u << rand() % 3;
		int cost, single, ret;

		random_pool(&pool, SMALL_UNITS, SMALL_ALLOCS, 4, rand() % 2, 5);
		cost = brute_force(&pool, size, align);
		single = best_move(&pool, size, align);
		ret = place_plan(&pool.free, pool.a, pool.nr, size, align, &scratch, &plan);
		needed += cost > 0;
		if (ret ? ret != -ENOMEM || plan.nr : cost < 0 || (int)bytes_of_plan() < cost ||
		    !plan_is_right(&pool, size, align))
			wrong++;
		singles += cost > 0 && single >= 0;
		lost += cost > 0 && single >= 0 && (ret || (int)bytes_of_plan() > single);
		missed += cost >= 0 && ret;
		dearer += !ret && (int)bytes_of_plan() > cost;
	}
	printf("# of %u requests for moves, %u of them for one, %u have no plan, %u a dearer one\n",
	       needed, singles, missed, dearer);
	ok(!wrong, "small pools: every plan is possible, and makes the hole");
	ok(singles && !lost, "where one move makes room there is a plan, which is no dearer");
	ok(missed * 100 <= needed * 5 && dearer * 100 <= needed * 2,
	   "at most 5 in 100 have no plan, and 2 one that is not the cheapest of all");
}

/* Bridges of @piece units, all frozen, and free memory; a few gaps */
static void uniform_pool(struct pool *p, unsigned int units, unsigned int piece)
{
	unsigned int u, size;

	p->units = units;
	p->nr = 0;
	for (u = 0; u < units; u += size) {
		size = 1 + rand() % (2 * piece);
		if (size > units - u)
			size = units - u;
		if (rand() % 2 || u + piece > units) {
			fill(p, u, size, rand() % 10 ? FREE : GAP);
			continue;
		}
		size = piece;
		p->a[p->nr] = (struct place_bridge){ .start = u, .size = piece, .users = 1 };
		put(p, p->nr++);
	}
	list_free(p, &p->free);
}

static unsigned int holes(const struct pool *p, unsigned int piece, unsigned int start,
			  unsigned int end)
{
	unsigned int u, run = 0, n = 0;

	for (u = start; u <= end; u++) {
		if (u < end && p->owner[u] == FREE) {
			run++;
			continue;
		}
		n += run / piece;
		run = 0;
	}
	return n;
}

/*
 * Where all bridges have one size, and none reaches out of a window, it is enough to
 * count.  Return: how many are in it, if there are as many holes elsewhere, or -1.
 */
static int count_window(const struct pool *p, unsigned int piece, unsigned int start,
			unsigned int end)
{
	unsigned int u, used = 0;

	for (u = start; u < end; u++) {
		if (p->owner[u] == GAP)
			return -1;
		used += p->owner[u] != FREE;
	}
	if ((start && p->owner[start] >= 0 && p->owner[start] == p->owner[start - 1]) ||
	    (end < p->units && p->owner[end] >= 0 && p->owner[end] == p->owner[end - 1]) ||
	    used / piece > holes(p, piece, 0, start) + holes(p, piece, end, p->units))
		return -1;
	return used / piece;
}

static void test_uniform(unsigned int rounds)
{
	unsigned int i, u, piece, size, align, made = 0, lost = 0, wrong = 0;
	int n, best, ret;

	for (i = 0; i < rounds; i++) {
		piece = 1 + rand() % 8;
		uniform_pool(&pool, 50 + rand() % 150, piece);
		size = region_largest(&pool.free) + 1 + rand() % (2 * piece);
		align = 1u << rand() % 3;
		best = -1;
		for (u = 0; u + size <= pool.units; u += align) {
			n = count_window(&pool, piece, u, u + size);
			if (n >= 0 && (best < 0 || n < best))
				best = n;
		}
		ret = place_plan(&pool.free, pool.a, pool.nr, size, align, &scratch, &plan);
		made += best > 0;
		lost += best >= 0 && (ret || (int)plan.nr > best);
		wrong += !ret && !plan_is_right(&pool, size, align);
	}
	ok(made > rounds / 4 && !lost,
	   "bridges of one size: a plan wherever counting says so, for no more moves");
	ok(!wrong, "and it is possible");
}

/* Pools as large as they come */
static void test_large(unsigned int rounds)
{
	unsigned int i, found = 0, wrong = 0, moves = 0;

	for (i = 0; i < rounds; i++) {
		u64 size, total;
		int ret;

		random_pool(&pool, UNITS, PLACE_MAX, 1 + rand() % 64, i % 3, 5 + i % 3);
		total = region_total(&pool.free);
		size = 1 + total / (2 + rand() % 16);
		ret = place_plan(&pool.free, pool.a, pool.nr, size, 1u << rand() % 6,
				 &scratch, &plan);
		if (!ret)
			moves += plan.nr;
		if (ret ? ret != -ENOMEM || plan.nr : !plan_is_right(&pool, size, 1))
			wrong++;
		found += !ret;
	}
	printf("# %u plans for %u requests, %u moves\n", found, rounds, moves);
	ok(!wrong && found > rounds / 3 && moves > rounds, "large pools: every plan is possible");
}

/* Every other @piece units are free; the largest hole is @piece. */
static void checkerboard(struct pool *p, unsigned int piece)
{
	unsigned int u;

	p->units = 2 * piece * 500;
	p->nr = 0;
	fill(p, 0, p->units, FREE);
	for (u = 0; u < p->units; u += 2 * piece) {
		p->a[p->nr] = (struct place_bridge){ .start = u, .size = piece, .users = 2 };
		put(p, p->nr++);
	}
	list_free(p, &p->free);
}

static void test_checkerboard(void)
{
	static const struct { unsigned int size, align; const char *name; } table[] = {
		{ 4096, 1024, "256 times the largest hole" },
		{ 7000, 16, "most of what is free" },
		{ 8000, 1, "all that is free" },
	};
	unsigned int i;

	checkerboard(&pool, 16);
	ok(region_largest(&pool.free) == 16 &&
	   !place_plan(&pool.free, pool.a, pool.nr, 64, 64, &scratch, &plan) &&
	   plan.nr == 2 && plan_is_right(&pool, 64, 64),
	   "a checkerboard: four times the largest hole for two moves");
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		checkerboard(&pool, 16);
		ok(!place_plan(&pool.free, pool.a, pool.nr, table[i].size, table[i].align,
			       &scratch, &plan) &&
		   plan_is_right(&pool, table[i].size, table[i].align), table[i].name);
	}
	checkerboard(&pool, 16);
	ok(!place_plan(&pool.free, pool.a + 100, 1, 48, 1, &scratch, &plan) && plan.nr == 1 &&
	   plan.move[0].from == 3200, "of all these, one may move: it does");
	ok(place_plan(&pool.free, NULL, 0, 17, 1, &scratch, &plan) == -ENOMEM && !plan.nr,
	   "none may");
}

/* In each of thousands of windows there are hundreds of bridges, and not as many holes. */
static void test_work(void)
{
	unsigned int i, u = 0;

	pool.nr = 0;
	for (i = 0; i < PLACE_MAX; i++) {
		pool.a[pool.nr++] = (struct place_bridge){ .start = u, .size = 2, .users = 2 };
		fill(&pool, u + 2, 1 + (i % 2), FREE);
		put(&pool, i);
		u += 3 + (i % 2);
	}
	pool.units = u;
	list_free(&pool, &pool.free);
	ok(place_plan(&pool.free, pool.a, pool.nr, 1500, 1, &scratch, &plan) == -ENOMEM &&
	   !scratch.work, "a plan that would take too long is given up");
}

/*
 * A pool as a picture: "." is free, "#" stays where it is or is not the pool's, a
 * capital letter is a bridge whose users are frozen, another letter a transient one.
 */
static void draw(struct pool *p, const char *picture)
{
	unsigned int u;

	p->nr = 0;
	p->units = strlen(picture);
	for (u = 0; u < p->units; u++) {
		char c = picture[u];

		fill(p, u, 1, c == '.' ? FREE : GAP);
		if (c == '.' || c == '#')
			continue;
		if (!u || picture[u - 1] != c)
			p->a[p->nr++] = (struct place_bridge){
				.start = u, .users = 2, .transient = c >= 'a' };
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
		{ "..AAAA...", 5, 1, 4, "one slides over itself" },
		{ "..aaaa...", 5, 1, -1, "a transient one does not" },
		{ "..AA#BB..", 4, 1, 2, "over what stays" },
		{ "..AAA#BBB..", 4, 1, -1, "but not through it" },
		{ "A#.#BB.#", 2, 1, -1, "no hole has room for it" },
		{ "..CC#AAA.#....#B.", 5, 1, -1, "nor for this" },
		{ "###LL.RRR.#...", 4, 4, 5, "one takes the room that the other leaves" },
		{ "AAAABBBCCC#....#......", 10, 1, 10, "the smallest hole for the largest one" },
		{ "...#.RRR.LL###", 4, 1, 3, "the cheaper of two" },
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
		   !ret && (int)bytes_of_plan() == table[i].bytes &&
		   plan_is_right(&pool, table[i].size, table[i].align), table[i].name);
	}
}

static int try(const struct region_set *free, const struct place_bridge *a, unsigned int nr,
	       u64 size, u64 align)
{
	return place_plan(free, a, nr, size, align, &scratch, &plan);
}

static void test_users(void)
{
	static struct place_bridge a[] = {
		{ .start = 4, .size = 1, .users = 6 },
		{ .start = 17, .size = 1, .users = 8 },
	};
	static struct region_set free;

	/* Two windows of the same cost, with two vnodes in one and one in the other */
	region_add(&free, 0, 4);
	region_add(&free, 5, 9);
	region_add(&free, 13, 17);
	region_add(&free, 18, 24);
	ok(!try(&free, a, 2, 8, 1) && plan.nr == 1 && plan.move[0].index == 1,
	   "of plans that copy the same, the one that freezes fewer vnodes");
	a[0].transient = true;
	ok(!try(&free, a, 2, 8, 1) && plan.nr == 1 && plan.move[0].index == 0,
	   "to move a transient bridge freezes nobody");
}

static void test_edges(void)
{
	static struct region_set free, copy;
	static struct place_bridge a[2] = {
		{ .start = 10, .size = 10 },
		{ .start = 30, .size = 10 },
	};

	region_add(&free, 0, 10);
	region_add(&free, 20, 30);
	copy = free;
	ok(!try(&free, a, 2, 10, 1) && !plan.nr, "where there is room, nothing moves");
	ok(!try(&free, a, 2, 20, 1) && plan.nr == 1, "the second hole is as good");
	ok(try(&free, a, 2, 21, 1) == -ENOMEM && !plan.nr, "more than there is");
	ok(try(&free, a, 2, ~0ULL, 1) == -ENOMEM, "far more");
	ok(try(&free, a, 2, 20, 1ULL << 63) == -ENOMEM || plan.start == 0, "a wide alignment");
	ok(try(&free, a, 2, 0, 1) == -EINVAL && try(&free, a, 2, 1, 0) == -EINVAL &&
	   try(&free, a, 2, 1, 3) == -EINVAL, "sizes and alignments that make no sense");
	ok(try(&free, a, PLACE_MAX + 1, 1, 1) == -EINVAL, "too many bridges");
	a[1].start = 19;
	ok(try(&free, a, 2, 20, 1) == -EINVAL, "bridges that overlap");
	a[1].start = 29;
	ok(try(&free, a, 2, 20, 1) == -EINVAL, "one that overlaps what is free");
	a[1].start = ~0ULL - 5;
	ok(try(&free, a, 2, 20, 1) == -EINVAL, "one that wraps around");
	a[1].start = 5;
	ok(try(&free, a, 2, 20, 1) == -EINVAL, "bridges out of order");
	ok(!memcmp(&free, &copy, sizeof(free)), "what is free has not changed by all that");
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
	test_uniform(2000);
	test_large(60);
	test_checkerboard();
	test_work();
	test_pictures();
	test_users();
	test_edges();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
