// SPDX-License-Identifier: GPL-2.0
/*
 * The wall clock: vnodes follow the root's (paper: "Timers").  All CPUs have the
 * same TSC, so the root says what time it was at which TSC.
 *
 * Only the wall clock is set, when it is off by more than it would drift between
 * two looks; monotonic clocks go on as they are.
 */
#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/timekeeping.h>

#include <asm/tsc.h>

#include "x86.h"

/* Above what two readings of the same clock differ by on a busy machine */
#define TOLERANCE	(100 * NSEC_PER_MSEC)

/**
 * adeos_clock_publish() - tell a vnode what time it is
 * @page: its page
 *
 * Context: the root, process; callers exclude each other.
 */
void adeos_clock_publish(struct adeos_page *page)
{
	u32 seq = page->clock_seq | 1;
	struct timespec64 now;

	WRITE_ONCE(page->clock_seq, seq);
	smp_wmb();	/* odd before the rest changes */
	page->clock_tsc = rdtsc_ordered();
	ktime_get_real_ts64(&now);
	page->clock_sec = now.tv_sec;
	page->clock_nsec = now.tv_nsec;
	smp_wmb();	/* all of it before it is even */
	WRITE_ONCE(page->clock_seq, seq + 1);
}

/* False if the root has not said anything, or is about to. */
static bool read_clock(const struct adeos_page *page, struct timespec64 *now)
{
	u32 seq = READ_ONCE(page->clock_seq);
	u64 tsc;

	smp_rmb();	/* the rest after the first look at clock_seq */
	tsc = page->clock_tsc;
	now->tv_sec = page->clock_sec;
	now->tv_nsec = page->clock_nsec;
	smp_rmb();	/* the second look after the rest */
	if (!seq || seq & 1 || READ_ONCE(page->clock_seq) != seq ||
	    now->tv_nsec >= NSEC_PER_SEC)
		return false;
	timespec64_add_ns(now, div_u64((rdtsc_ordered() - tsc) * 1000, tsc_khz) * 1000);
	return true;
}

/**
 * adeos_clock_follow() - set the wall clock by the root's
 * @page: this vnode's page
 *
 * Context: process, may sleep.
 */
void adeos_clock_follow(const struct adeos_page *page)
{
	struct timespec64 root, own;
	s64 ahead;

	if (!read_clock(page, &root))
		return;
	ktime_get_real_ts64(&own);
	ahead = timespec64_to_ns(&own) - timespec64_to_ns(&root);
	if (ahead < TOLERANCE && ahead > -TOLERANCE)
		return;
	if (!do_settimeofday64(&root))
		pr_info("adeos: the clock was set, by the root's: it was %lld ms ahead\n",
			div_s64(ahead, NSEC_PER_MSEC));
}
