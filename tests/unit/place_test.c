// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/place.c: places against all that there are, plans against every way to
 * move things about, and the contents of what was moved.
 */
#include <stdio.h>
#include <stdlib.h>

#include "place.h"

#define MIB	(1ULL << 20)

static unsigned int tests, failures;
static struct place_scratch scratch;
static struct place_plan plan;

static void ok(int right, const char *name)
{
	tests++;
	if (!right)
		failures++;
	printf("%sok %u - %s\n", right ? "" : "not ", tests, name);
}

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
	unsigned int u = 0, i;

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
	return plan.start % align == 0 && region_contains(&p->free, plan.start, plan.start + size) &&
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
static void reach_from(const struct pool *p, u32 state, unsigned int cost, unsigned int i, u32 used)
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

static void test_brute(unsigned int rounds)
{
	unsigned int i, possible = 0, moved = 0, missed = 0, dearer = 0, wrong = 0;

	for (i = 0; i < rounds; i++) {
		unsigned int size = 2 + rand() % 6, align = 1u << rand() % 3;
		int cost, ret;

		random_pool(&pool, SMALL_UNITS, SMALL_ALLOCS, 4, rand() % 2, rand() % 2, 5);
		cost = brute_force(&pool, size, align);
		ret = place_plan(&pool.free, pool.a, pool.nr, size, align, &scratch, &plan);
		possible += cost >= 0;
		moved += cost > 0;
		if (ret ? ret != -ENOMEM || plan.nr : cost < 0 || (int)plan.bytes < cost ||
		    !plan_is_right(&pool, size, align)) {
			wrong++;
			continue;
		}
		missed += cost >= 0 && ret;
		dearer += !ret && (int)plan.bytes > cost;
	}
	printf("# %u pools, %u with room after %u needed moves; missed %u, dearer %u\n",
	       rounds, possible, moved, missed, dearer);
	ok(!wrong, "every plan is possible, and as it says");
}

int main(void)
{
	srand(2002);
	test_brute(200000);
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
