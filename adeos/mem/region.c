// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of ranges of physical memory: what the pools of the nanokernel are made
 * of (paper: "Physical memory management").  An array, not a tree: a machine
 * has few vnodes, and an array cannot fail to allocate its nodes.
 *
 * It also compiles in user space, where it is tested.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#endif

#include "region.h"

/* Replaces the @del ranges from index @i on by @add empty places. */
static void region_shift(struct region_set *set, unsigned int i,
			 unsigned int del, unsigned int add)
{
	memmove(&set->r[i + add], &set->r[i + del],
		(set->nr - i - del) * sizeof(set->r[0]));
	set->nr += add - del;
}

/**
 * region_add() - add a range to a set
 * @set: the set
 * @start: first byte of the range; parts that the set has already stay in it
 * @end: behind its last byte
 *
 * Context: any; callers exclude each other.
 * Return: 0, -EINVAL if the range is empty, -ENOSPC if the set is full.
 */
int region_add(struct region_set *set, u64 start, u64 end)
{
	unsigned int i, n;

	if (start >= end)
		return -EINVAL;

	/* The ranges [i, i + n) touch the new one, and merge with it. */
	for (i = 0; i < set->nr && set->r[i].end < start; i++)
		;
	for (n = 0; i + n < set->nr && set->r[i + n].start <= end; n++)
		;
	if (!n && set->nr == REGION_MAX)
		return -ENOSPC;
	if (n) {
		start = min_t(u64, start, set->r[i].start);
		if (set->r[i + n - 1].end > end)
			end = set->r[i + n - 1].end;
	}
	region_shift(set, i, n, 1);
	set->r[i].start = start;
	set->r[i].end = end;
	return 0;
}

/**
 * region_remove() - take a range out of a set
 * @set: the set
 * @start: first byte of the range; it need not be in the set
 * @end: behind its last byte
 *
 * Context: any; callers exclude each other.
 * Return: 0, -EINVAL if the range is empty, -ENOSPC if the set is full, and
 * then it has not changed.
 */
int region_remove(struct region_set *set, u64 start, u64 end)
{
	struct region left, right;
	unsigned int i, n, keep;

	if (start >= end)
		return -EINVAL;

	/* The ranges [i, i + n) overlap it; what is left of them stays. */
	for (i = 0; i < set->nr && set->r[i].end <= start; i++)
		;
	for (n = 0; i + n < set->nr && set->r[i + n].start < end; n++)
		;
	if (!n)
		return 0;
	left = (struct region){ set->r[i].start, start };
	right = (struct region){ end, set->r[i + n - 1].end };
	keep = (left.start < left.end) + (right.start < right.end);
	if (set->nr - n + keep > REGION_MAX)
		return -ENOSPC;
	region_shift(set, i, n, keep);
	if (left.start < left.end)
		set->r[i++] = left;
	if (right.start < right.end)
		set->r[i] = right;
	return 0;
}

/**
 * region_contains() - is all of a range in a set?
 * @set: the set
 * @start: first byte of the range
 * @end: behind its last byte
 */
bool region_contains(const struct region_set *set, u64 start, u64 end)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->r[i].start <= start && end <= set->r[i].end)
			return start < end;
	return false;
}

/**
 * region_total() - how much is in a set
 * @set: the set
 *
 * Return: bytes.
 */
u64 region_total(const struct region_set *set)
{
	u64 total = 0;
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		total += set->r[i].end - set->r[i].start;
	return total;
}

/**
 * region_largest() - how large the largest range of a set is
 * @set: the set
 *
 * Return: bytes.
 */
u64 region_largest(const struct region_set *set)
{
	u64 largest = 0;
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->r[i].end - set->r[i].start > largest)
			largest = set->r[i].end - set->r[i].start;
	return largest;
}
