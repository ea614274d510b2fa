// SPDX-License-Identifier: GPL-2.0
/*
 * The arithmetic of clocks that follow another one (paper: "Timers").
 *
 * Plain C: tests/unit/steer_test.c runs it in user space.
 */
#include "steer.h"

#ifndef __KERNEL__
#define div64_u64(a, b)		((a) / (b))
#endif

/*
 * Linux's clock can run 10 % faster or slower than its source.  Most of that
 * is for @offset, of which Linux adds up to an eighth in a second.
 */
#define RATE_MAX	(STEER_SECOND / 25)

#define OFFSET_MAX	(STEER_SECOND / 2)

/* As adjtimex(2) counts: a tick has 10000 us, and us there is 100 ppm. */
#define TICK_US		10000
#define TICK_PPB	100000

/* a * b / 2^32, without what overflows 64 bits */
static u64 mul_shift32(u64 a, u64 b)
{
	u64 al = (u32)a, bl = (u32)b;

	return (a >> 32) * b + al * (b >> 32) + (al * bl >> 32);
}

/**
 * adeos_steer_mult_nominal() - how fast a clock runs that nobody steers
 * @tsc_khz: frequency of the TSC, not 0
 *
 * Return: ns in 2^32 cycles.
 */
u64 adeos_steer_mult_nominal(u32 tsc_khz)
{
	return div64_u64(1000000ULL << 32, tsc_khz);
}

/**
 * adeos_steer_mult() - how fast a clock has run
 * @ns: by how much it went on
 * @cycles: in how many cycles of the TSC
 * @tsc_khz: frequency of the TSC, not 0
 *
 * Return: ns in 2^32 cycles; the nominal rate, if that cannot be.
 */
u64 adeos_steer_mult(u64 ns, u64 cycles, u32 tsc_khz)
{
	u64 nominal = adeos_steer_mult_nominal(tsc_khz), mult;

	/* Until it fits when it is multiplied by 2^32 */
	for (; ns >> 32; ns >>= 1)
		cycles >>= 1;
	if (!cycles)
		return nominal;
	mult = div64_u64(ns << 32, cycles);
	if (mult < nominal - nominal / 8 || mult > nominal + nominal / 8)
		return nominal;
	return mult;
}

/**
 * adeos_steer_at() - what time it is by a clock
 * @t: the clock
 * @tsc: when, by the TSC; may be before @t, for CPUs may differ a little
 *
 * Return: ns since the epoch.
 */
s64 adeos_steer_at(const struct adeos_steer_time *t, u64 tsc)
{
	u64 after = tsc - t->tsc;

	if ((s64)after >= 0)
		return t->ns + mul_shift32(after, t->mult);
	return t->ns - mul_shift32(-after, t->mult);
}

/**
 * adeos_steer_plan() - make a clock follow another one
 * @plan: where to store how
 * @behind: by how much it is behind that, ns
 * @step: from how much on it is not steered, ns
 * @mult: how fast that one runs: ns in 2^32 cycles, of whatever origin
 * @tsc_khz: by which TSC's frequency the clock to be steered runs, not 0
 *
 * Return: false if it is too far away and must be set, too.
 */
bool adeos_steer_plan(struct adeos_steer_plan *plan, s64 behind, s64 step, u64 mult, u32 tsc_khz)
{
	u64 nominal = adeos_steer_mult_nominal(tsc_khz);
	bool near = behind <= step && behind >= -step;
	s32 ppb, ticks;

	/* Before it is multiplied: an eighth keeps the product below 2^63. */
	mult = min_t(u64, max_t(u64, mult, nominal - nominal / 8), nominal + nominal / 8);
	ppb = (s64)(mult * tsc_khz * 1000 >> 32) - STEER_SECOND;
	ppb = min_t(s32, max_t(s32, ppb, -RATE_MAX), RATE_MAX);

	ticks = (ppb + (ppb < 0 ? -TICK_PPB : TICK_PPB) / 2) / TICK_PPB;
	plan->tick = TICK_US + ticks;
	plan->freq = (ppb - ticks * TICK_PPB) * 8192 / 125;	/* 2^16 / 1000 */
	plan->offset = near ? min_t(s64, max_t(s64, behind, -OFFSET_MAX), OFFSET_MAX) : 0;
	return near;
}

/**
 * adeos_steer_tsc_adjust() - what a vnode's CPU is to have in IA32_TSC_ADJUST
 * @own: what it has when it comes up
 * @roots: what the root's boot CPU has
 * @apic_id: the CPU
 * @root_apic_id: the root's boot CPU
 * @package_shift: from an APIC ID to the number of the package
 *
 * The TSCs of a package start together, so the same IA32_TSC_ADJUST makes them
 * the same; what firmware has left there can differ (SDM vol. 3, 17.17.3).  In
 * other packages, it is what firmware has aligned them by.
 *
 * Return: the value; the same one each time that a vnode gets the CPU.
 */
s64 adeos_steer_tsc_adjust(s64 own, s64 roots, u32 apic_id, u32 root_apic_id, u32 package_shift)
{
	return apic_id >> package_shift == root_apic_id >> package_shift ? roots : own;
}
