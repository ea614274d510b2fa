// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/mem/region.c against a bitmap that does the same slowly.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mem/region.h"
#include "tap.h"

#define UNITS	200	/* small enough for the set to merge and split a lot */

static int same(const struct region_set *set, const char *map)
{
	unsigned int i, u, r = 0;
	u64 total = 0, largest = 0;

	for (u = 0; u < UNITS; u++) {
		if (!map[u] || (u && map[u - 1]))
			continue;
		for (i = u; i < UNITS && map[i]; i++)
			;
		if (r >= set->nr || set->r[r].start != u || set->r[r].end != i)
			return 0;
		total += i - u;
		if (i - u > largest)
			largest = i - u;
		r++;
	}
	return r == set->nr && total == region_total(set) && largest == region_largest(set);
}

static int contains(const char *map, unsigned int a, unsigned int b)
{
	for (; a < b; a++)
		if (!map[a])
			return 0;
	return 1;
}

static int random_walk(unsigned int steps)
{
	static struct region_set set;
	char map[UNITS] = { 0 };
	unsigned int i, u;

	for (i = 0; i < steps; i++) {
		unsigned int a = rand() % UNITS, b = a + 1 + rand() % 8;
		int add = rand() % 2;

		if (b > UNITS)
			b = UNITS;
		if (add ? region_add(&set, a, b) : region_remove(&set, a, b))
			return 0;
		for (u = a; u < b; u++)
			map[u] = add;
		if (!same(&set, map))
			return 0;
		a = rand() % UNITS;
		b = a + 1 + rand() % (UNITS - a);
		if (region_contains(&set, a, b) != contains(map, a, b))
			return 0;
	}
	return 1;
}

static void test_full(void)
{
	static struct region_set set, copy;
	unsigned int i;

	for (i = 0; i < REGION_MAX; i++)
		if (region_add(&set, i * 10, i * 10 + 4))
			break;
	ok(i == REGION_MAX && set.nr == REGION_MAX, "a set takes REGION_MAX ranges");
	copy = set;
	ok(region_add(&set, REGION_MAX * 10, REGION_MAX * 10 + 1) == -ENOSPC, "and no more");
	ok(region_remove(&set, 1, 2) == -ENOSPC, "none of them can be split then");
	ok(!memcmp(&set, &copy, sizeof(set)), "which leaves the set as it was");
	ok(region_add(&set, 4, 10) == 0 && set.nr == REGION_MAX - 1, "but two can be joined");
}

static void test_edges(void)
{
	static struct region_set set;

	ok(region_add(&set, 5, 5) == -EINVAL && region_add(&set, 6, 5) == -EINVAL &&
	   region_remove(&set, 6, 5) == -EINVAL, "empty ranges are refused");
	ok(!region_contains(&set, 0, 0), "nothing contains the empty range");
	ok(region_add(&set, ~0ULL - 100, ~0ULL) == 0, "a range may end at the end");
	ok(region_remove(&set, 0, ~0ULL) == 0 && set.nr == 0, "all of it can be removed");
}

int main(void)
{
	srand(2002);
	ok(random_walk(200000), "200000 random steps");
	test_full();
	test_edges();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
