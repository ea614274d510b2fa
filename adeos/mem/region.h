/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of ranges of physical memory.
 */
#ifndef _ADEOS_REGION_H
#define _ADEOS_REGION_H

#ifdef __KERNEL__
#include <linux/adeos_abi.h>
#include <linux/types.h>
#else
#include "proto/user.h"
#endif

/* Firmware lists a few dozen ranges; each vnode's memory and each bridge can split one in two. */
#define REGION_MAX	(192 + ADEOS_MAX_VNODES + ADEOS_BRIDGES)

/**
 * struct region - a range of physical memory
 * @start: first byte
 * @end: behind its last byte
 */
struct region {
	u64 start;
	u64 end;
};

/**
 * struct region_set - disjoint ranges, in order, none adjacent to the next
 * @nr: how many
 * @r: the ranges
 */
struct region_set {
	unsigned int nr;
	struct region r[REGION_MAX];
};

int region_add(struct region_set *set, u64 start, u64 end);
int region_remove(struct region_set *set, u64 start, u64 end);
bool region_contains(const struct region_set *set, u64 start, u64 end);
u64 region_total(const struct region_set *set);
u64 region_largest(const struct region_set *set);

#endif /* _ADEOS_REGION_H */
