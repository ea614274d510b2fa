/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The common parts of simulated machines. Their memory: a request for pages gets the
 * first that are free.
 */
#ifndef _TESTS_DSP_PAGES_H
#define _TESTS_DSP_PAGES_H

#include <stdlib.h>

#include "proto/dsp.h"

/* As one that nobody keeps from beating */
static inline bool beat_and_tick(struct dsp *d, u32 now)
{
	dsp_beat(d);
	return dsp_tick(d, now);
}

/* Page 0 is never given. */
static int take_pages(u8 *used, u32 total, u32 pages, u32 *pfn)
{
	u32 i, n = 0;

	for (i = 1; i < total && n < pages; i++)
		n = used[i] ? 0 : n + 1;
	if (n < pages)
		return -ENOMEM;
	*pfn = i - pages;
	memset(used + *pfn, 1, pages);
	return 0;
}

/* What nobody has cannot be given back. */
static inline void give_pages(u8 *used, u32 pages, u32 pfn)
{
	u32 i;

	for (i = pfn; i < pfn + pages; i++) {
		if (!used[i])
			abort();
		used[i] = 0;
	}
}

#endif /* _TESTS_DSP_PAGES_H */
