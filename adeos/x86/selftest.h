/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plain part of the APICs' self-test: who is asked to take which interrupt, and
 * what its interrupt request register must say then.  It also builds in user space.
 */
#ifndef _ADEOS_SELFTEST_H
#define _ADEOS_SELFTEST_H

#define SELFTEST_CLUSTERS	15
#define SELFTEST_CPUS		60	/* slots: 15 clusters of 4 CPUs */

/*
 * The interrupt for slot n has vector SELFTEST_VECTOR + n: two registers of the IRR.
 * Devices that Linux knows so early have lower ones, and its own are higher.
 */
#define SELFTEST_VECTOR		0xa0

#ifndef __ASSEMBLY__

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "proto/user.h"
#endif

/* Who has what its interrupt should, or should not, have brought. */
enum selftest_verdict {
	SELFTEST_GOOD,
	SELFTEST_LOST,		/* its own has not arrived */
	SELFTEST_STRAY,		/* another CPU's has */
};

/*
 * The slot of the nth CPU: on a machine with few of them, each is in another cluster.
 * As many CPUs as there are slots have them all.
 */
static inline u32 selftest_slot(u32 n)
{
	return n % SELFTEST_CLUSTERS * 4 + n / SELFTEST_CLUSTERS;
}

static inline u8 selftest_logical_id(u32 slot)
{
	return slot / 4 << 4 | 1 << slot % 4;
}

/* @got: vectors from SELFTEST_VECTOR on, as a CPU's IRR has them; @own: its slot's bit, or 0. */
static inline enum selftest_verdict selftest_judge(u64 got, u64 own)
{
	if (got & ~own)
		return SELFTEST_STRAY;
	return got == own ? SELFTEST_GOOD : SELFTEST_LOST;
}

#endif /* __ASSEMBLY__ */
#endif /* _ADEOS_SELFTEST_H */
