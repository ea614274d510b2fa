/* SPDX-License-Identifier: GPL-2.0 */
/* How long one of many round trips takes, on a machine that does other things, too. */
#ifndef _BENCH_BEST_H
#define _BENCH_BEST_H

#include <linux/math64.h>
#include <linux/minmax.h>

#include <asm/msr.h>
#include <asm/tsc.h>

#define BEST_BATCHES	200
#define BEST_TRIPS	10	/* in a batch */

/*
 * Nanoseconds for a round trip in the best batch, or 0 if one has failed.  From
 * the TSC, as Linux uses another clock when it finds that the host is busy.
 */
static u64 best_ns(int (*trip)(void))
{
	unsigned int batch, i;
	u64 start, best = ~0ULL;

	for (batch = 0; batch < BEST_BATCHES; batch++) {
		start = rdtsc_ordered();
		for (i = 0; i < BEST_TRIPS; i++)
			if (trip())
				return 0;
		best = min(best, rdtsc_ordered() - start);
	}
	return div_u64(best * 1000000, tsc_khz * BEST_TRIPS);
}

#endif /* _BENCH_BEST_H */
