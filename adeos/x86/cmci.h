/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plain part of cmci.c: which bank's interrupts somebody has left behind, and which
 * ones a CPU has taken.  It also builds in user space.
 */
#ifndef _ADEOS_CMCI_H
#define _ADEOS_CMCI_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "proto/user.h"
#endif

#define CMCI_BANKS	32	/* IA32_MC0_CTL2 to IA32_MC31_CTL2: SDM vol. 4, table 2-2 */

/* By IA32_MCG_CAP, the banks that have an IA32_MCi_CTL2, a bit each: SDM vol. 3, 16.3.1.1 */
static inline u32 cmci_banks(u64 mcg_cap)
{
	u32 nr = mcg_cap & 0xff;

	if (!(mcg_cap & 1 << 10))	/* MCG_CMCI_P */
		return 0;
	return nr < CMCI_BANKS ? (1u << nr) - 1 : ~0u;
}

/*
 * What to release when a CPU starts.  What others have, who are alive, looks the same:
 * only what is known to be left is released.
 * @enabled: banks whose interrupts are enabled; @left: by its past, those that nobody uses
 */
static inline u32 cmci_released(u32 enabled, u32 left)
{
	return enabled & left;
}

/*
 * What a CPU has taken since it was started, and will leave if it is reset.
 * @before: what was enabled then, by others; @now: what is enabled
 */
static inline u32 cmci_taken(u32 before, u32 now)
{
	return now & ~before;
}

#endif /* _ADEOS_CMCI_H */
