// SPDX-License-Identifier: GPL-2.0
/*
 * fragmentation TRACE MIB: replays a recorded trace of requests for memory on a
 * pool of that many MiB, under each policy, and prints for each, divided by tabs:
 *
 *	its name
 *	the largest region that could be had, in percent of what is free: mean
 *	the same, at the worst moment
 *	requests that were refused although enough was free
 *	requests that were refused
 *	requests for which bridges were moved: how many, of how many
 *	bridges that were moved, and how many MiB that is
 *
 * bench/record-trace records the trace; docs/memory.md tells how to read it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mem/place.h"

#define PAGE	4096ULL
#define MIB	0x100000ULL
#define IDS	200000

typedef int find_fn(const struct region_set *free, enum place_kind kind, u64 size,
		    u64 align, u64 *start);

static struct region_set free_set;
static struct place_bridge live[IDS];		/* by the trace's IDs; regions, too */
static char what_is[IDS];			/* 'r', 'b', 't', as in the trace */
static struct place_bridge bridges[PLACE_MAX];	/* in order of addresses */
static unsigned int id_of[PLACE_MAX];
static struct place_scratch scratch;
static struct place_plan plan;

static struct result {
	double sum, min;
	unsigned int events, requests, refused, refused_needlessly, made, moves;
	u64 moved;
} result;

static void must(int right, const char *what)
{
	if (!right) {
		fprintf(stderr, "fragmentation: %s\n", what);
		exit(1);
	}
}

static int first_fit(const struct region_set *free, enum place_kind kind, u64 size,
		     u64 align, u64 *start)
{
	unsigned int i;

	(void)kind;
	for (i = 0; i < free->nr; i++) {
		*start = (free->r[i].start + align - 1) & ~(align - 1);
		if (*start + size <= free->r[i].end)
			return 0;
	}
	return -ENOMEM;
}

static int best_fit(const struct region_set *free, enum place_kind kind, u64 size,
		    u64 align, u64 *start)
{
	u64 best = ~0ULL, first, len;
	unsigned int i;

	(void)kind;
	for (i = 0; i < free->nr; i++) {
		first = (free->r[i].start + align - 1) & ~(align - 1);
		len = free->r[i].end - free->r[i].start;
		if (first + size > free->r[i].end || len >= best)
			continue;
		best = len;
		*start = first;
	}
	return best == ~0ULL ? -ENOMEM : 0;
}

static u64 largest_region(void)
{
	u64 first, last, largest = 0;
	unsigned int i;

	for (i = 0; i < free_set.nr; i++) {
		first = (free_set.r[i].start + PLACE_BLOCK - 1) & ~(PLACE_BLOCK - 1);
		last = free_set.r[i].end & ~(PLACE_BLOCK - 1);
		if (first < last && last - first > largest)
			largest = last - first;
	}
	return largest;
}

static int by_start(const void *a, const void *b)
{
	u64 x = live[*(const unsigned int *)a].start, y = live[*(const unsigned int *)b].start;

	return x < y ? -1 : x > y;
}

static void make_move(const struct place_move *move)
{
	must(!region_add(&free_set, move->from, move->from + move->size) &&
	     region_contains(&free_set, move->to, move->to + move->size) &&
	     !region_remove(&free_set, move->to, move->to + move->size),
	     "a move that cannot be made");
	live[id_of[move->index]].start = move->to;
	result.moves++;
	result.moved += move->size;
}

/* Makes a hole by moving bridges; all can move. */
static int compact(u64 size, u64 align, u64 *start)
{
	unsigned int i, nr = 0;

	for (i = 0; i < IDS; i++) {
		if (!live[i].size || what_is[i] == 'r')
			continue;
		must(nr < PLACE_MAX, "more bridges than a plan can look at");
		id_of[nr++] = i;
	}
	qsort(id_of, nr, sizeof(id_of[0]), by_start);
	for (i = 0; i < nr; i++)
		bridges[i] = live[id_of[i]];
	if (place_plan(&free_set, bridges, nr, size, align, &scratch, &plan))
		return -ENOMEM;
	for (i = 0; i < plan.nr; i++)
		make_move(&plan.move[i]);
	result.made++;
	*start = plan.start;
	return 0;
}

static void take(unsigned int id, u64 size, find_fn *find, int compacts)
{
	enum place_kind kind = what_is[id] == 'r' ? PLACE_REGION : PLACE_BRIDGE;
	u64 align = kind == PLACE_REGION ? PLACE_BLOCK : PAGE;
	struct place_bridge *a = &live[id];

	if (find(&free_set, kind, size, align, &a->start) &&
	    (!compacts || compact(size, align, &a->start))) {
		result.refused++;
		result.refused_needlessly += region_total(&free_set) >= size;
		return;
	}
	a->size = size;
	must(!region_remove(&free_set, a->start, a->start + size), "too many free ranges");
}

static void replay(FILE *trace, u64 pool, const char *name, find_fn *find, int compacts)
{
	char line[64], what;
	unsigned int id;
	u64 pages, total;
	double part;

	memset(live, 0, sizeof(live));
	result = (struct result){ .min = 1 };
	free_set.nr = 0;
	region_add(&free_set, 256 * MIB, 256 * MIB + pool);
	rewind(trace);
	while (fgets(line, sizeof(line), trace)) {
		pages = 0;
		must(sscanf(line, "%c %u %llu", &what, &id, &pages) >= 2 && id < IDS, line);
		if (what == 'f') {
			if (live[id].size)
				region_add(&free_set, live[id].start,
					   live[id].start + live[id].size);
			live[id].size = 0;
		} else {
			must(!live[id].size && pages, line);
			result.requests++;
			what_is[id] = what;
			live[id].transient = what == 't';
			take(id, pages * PAGE, find, compacts);
		}
		total = region_total(&free_set);
		part = total ? (double)largest_region() / total : 1;
		result.sum += part;
		result.min = part < result.min ? part : result.min;
		result.events++;
	}
	printf("%s\t%.1f\t%.1f\t%u\t%u\t%u of %u\t%u\t%.0f\n", name,
	       100 * result.sum / result.events, 100 * result.min, result.refused_needlessly,
	       result.refused, result.made, result.requests, result.moves,
	       (double)result.moved / MIB);
}

int main(int argc, char **argv)
{
	FILE *trace = argc == 3 ? fopen(argv[1], "r") : NULL;
	u64 pool = argc == 3 ? atoi(argv[2]) * MIB : 0;

	must(trace && pool, "usage: fragmentation TRACE MIB");
	replay(trace, pool, "first fit", first_fit, 0);
	replay(trace, pool, "best fit", best_fit, 0);
	replay(trace, pool, "whole blocks first", place_find, 0);
	replay(trace, pool, "whole blocks first, and compaction", place_find, 1);
	return 0;
}
