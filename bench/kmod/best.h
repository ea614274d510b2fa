/* SPDX-License-Identifier: GPL-2.0 */
/* The time of one of many round trips, on a machine that also does other work. */
#ifndef _BENCH_BEST_H
#define _BENCH_BEST_H

#include <linux/delay.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include <asm/msr.h>
#include <asm/tsc.h>

#define BEST_BATCHES	200
#define BEST_TRIPS	10	/* in a batch */
#define BEST_REST	500	/* microseconds in which an idle CPU halts */

/*
 * Nanoseconds for a round trip in the best batch, or 0 if one has failed; before each,
 * the other side has time to fall asleep.  From the TSC, because Linux uses another clock
 * when the host is busy.
 */
static u64 best_ns(int (*trip)(void), unsigned int rest_us)
{
	u64 start, sum, best = ~0ULL;
	unsigned int batch, i;

	for (batch = 0; batch < BEST_BATCHES; batch++) {
		for (i = 0, sum = 0; i < BEST_TRIPS; i++) {
			udelay(rest_us);
			start = rdtsc_ordered();
			if (trip())
				return 0;
			sum += rdtsc_ordered() - start;
		}
		best = min(best, sum);
	}
	return div_u64(best * 1000000, tsc_khz * BEST_TRIPS);
}

#endif /* _BENCH_BEST_H */
