/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arithmetic of clocks that follow another one, all by the same TSC.
 */
#ifndef _ADEOS_STEER_H
#define _ADEOS_STEER_H

#ifdef __KERNEL__
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/types.h>
#else
#include "user.h"
#endif

#define STEER_SECOND	1000000000LL	/* ns */

/* Beyond that, at any time but the first, a clock is set instead of steered. */
#define STEER_STEP	STEER_SECOND

/* The same, the first time, when nobody has seen it yet */
#define STEER_STEP_FIRST	(STEER_SECOND / 1000)

/**
 * struct adeos_steer_time - a clock, by the TSC
 * @tsc: a TSC
 * @ns: what the clock said then, ns since the epoch
 * @mult: how fast it runs: ns in 2^32 cycles
 */
struct adeos_steer_time {
	u64 tsc;
	s64 ns;
	u64 mult;
};

/**
 * struct adeos_steer_plan - how to make a clock follow, in units of adjtimex(2)
 * @tick: us in 1/100 s
 * @freq: what @tick is too coarse for, 2^-16 ppm
 * @offset: what to add bit by bit, ns
 */
struct adeos_steer_plan {
	s32 tick;
	s32 freq;
	s32 offset;
};

u64 adeos_steer_mult_nominal(u32 tsc_khz);
u64 adeos_steer_mult(u64 ns, u64 cycles, u32 tsc_khz);
s64 adeos_steer_at(const struct adeos_steer_time *t, u64 tsc);
bool adeos_steer_plan(struct adeos_steer_plan *plan, s64 behind, s64 step, u64 mult, u32 tsc_khz);
s64 adeos_steer_tsc_adjust(s64 own, s64 roots, u32 apic_id, u32 root_apic_id, u32 package_shift);

#endif /* _ADEOS_STEER_H */
