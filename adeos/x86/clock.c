// SPDX-License-Identifier: GPL-2.0
/*
 * The wall clock: vnodes follow the root's (paper: "Timers").  All CPUs have the
 * same TSC, so the root says what time it was at which TSC, and how fast its
 * clock runs.
 *
 * A vnode steers its clock by what adjtimex(2) has for that: it runs at the same
 * rate, and what it is behind or ahead is added bit by bit, so that nobody sees
 * it jump.  It is set when it boots, and when it is off by more than a second.
 * Monotonic clocks go on in any case, at that rate.
 *
 * Who else steers a vnode's clock is not disturbed: chrony there can have the
 * root's by a PTP hardware clock, vdev/vptp.
 */
#include <linux/clocksource_ids.h>
#include <linux/export.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/param.h>
#include <linux/printk.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>

#include <asm/tsc.h>

#include "clock.h"
#include "core.h"
#include "proto/steer.h"
#include "x86.h"

/* How often to read a clock that is not the TSC, and take the best */
#define TRIES		8

/* How often to look for what the root says; it writes in less than a microsecond. */
#define LOOKS		100000

/* As adjtimex(2) has it: add the offset, but leave the frequency alone. */
#define STEERED		(STA_PLL | STA_FREQHOLD | STA_UNSYNC)

/* What of it is not the kernel's to change */
#define STATUS		(~(STA_RONLY | STA_UNSYNC))

/* Does the clock follow the root's, and how did we leave it? */
static DEFINE_MUTEX(clock_lock);
static bool following = true;
static struct __kernel_timex left = { .tick = USEC_PER_SEC / USER_HZ };

/*
 * The wall clock and the TSC, at the same time.  The clock may be another one
 * than the TSC, and even with interrupts disabled, an emulated CPU may stand
 * still in between: of several readings, the one that took least is the best.
 * Returns a number that changes when the clock is set.
 */
static unsigned int read_wall(struct adeos_steer_time *t)
{
	struct system_time_snapshot s;
	u64 before, after, best = U64_MAX;
	unsigned int i, times_set = 0;
	unsigned long flags;

	for (i = 0; i < TRIES && best; i++) {
		local_irq_save(flags);
		before = rdtsc_ordered();
		ktime_get_snapshot(&s);
		after = rdtsc_ordered();
		local_irq_restore(flags);
		if (s.cs_id == CSID_X86_TSC || s.cs_id == CSID_X86_TSC_EARLY) {
			before = s.cycles;
			after = s.cycles;
		}
		if (after - before >= best)
			continue;
		best = after - before;
		t->tsc = before + best / 2;
		t->ns = ktime_to_ns(s.real);
		times_set = s.clock_was_set_seq;
	}
	return times_set;
}

/* How fast the clock runs, by how it has run since it was last asked */
static u64 measure(const struct adeos_steer_time *now, unsigned int times_set)
{
	static struct adeos_steer_time from;
	static unsigned int from_set;
	static u64 mult;

	if (mult && times_set == from_set) {
		if (now->ns - from.ns < STEER_SECOND)
			return mult;
		mult = adeos_steer_mult(now->ns - from.ns, now->tsc - from.tsc, tsc_khz);
	} else if (!mult) {
		mult = adeos_steer_mult_nominal(tsc_khz);
	}
	from = *now;
	from_set = times_set;
	return mult;
}

/**
 * adeos_clock_publish() - tell a vnode what time it is
 * @page: its page
 *
 * Context: the root, process; callers exclude each other.
 */
void adeos_clock_publish(struct adeos_page *page)
{
	u32 seq = page->clock_seq | 1;
	struct adeos_steer_time now;

	now.mult = measure(&now, read_wall(&now));
	WRITE_ONCE(page->clock_seq, seq);
	smp_wmb();	/* odd before the rest changes */
	page->clock = now;
	smp_wmb();	/* all of it before it is even */
	WRITE_ONCE(page->clock_seq, seq + 1);
}

/* False if the root has not said anything, or does not come to an end. */
static bool read_root(struct adeos_steer_time *t)
{
	const struct adeos_page *page = &adeos_own_slot->page;
	unsigned int looks;
	u32 seq;

	for (looks = 0; looks < LOOKS; looks++) {
		seq = READ_ONCE(page->clock_seq);
		smp_rmb();	/* the rest after the first look at clock_seq */
		*t = page->clock;
		smp_rmb();	/* the second look after the rest */
		if (seq && !(seq & 1) && READ_ONCE(page->clock_seq) == seq)
			return true;
		cpu_relax();
	}
	return false;
}

/**
 * adeos_clock_boot() - what time it is when a vnode boots
 * @now: where to store it
 *
 * Context: any.
 */
void adeos_clock_boot(struct timespec64 *now)
{
	struct adeos_steer_time root;

	*now = (struct timespec64){ };
	if (read_root(&root))
		*now = ns_to_timespec64(adeos_steer_at(&root, rdtsc_ordered()));
}

/**
 * adeos_clock_read() - what time it is by the root's clock
 * @tsc: where to store the TSC
 * @ns: where to store the time then, ns since the epoch
 *
 * Context: any.
 * Return: 0; -ENODEV in the root, -EAGAIN if it does not tell.
 */
int adeos_clock_read(u64 *tsc, s64 *ns)
{
	struct adeos_steer_time root;

	if (!adeos_is_vnode())
		return -ENODEV;
	if (!read_root(&root))
		return -EAGAIN;
	*tsc = rdtsc_ordered();
	*ns = adeos_steer_at(&root, *tsc);
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_clock_read);

static bool steered_by_others(void)
{
	struct __kernel_timex now = { };

	do_adjtimex(&now);
	return now.tick != left.tick || now.freq != left.freq ||
	       (now.status ^ left.status) & STATUS;
}

/* Steers the clock, and sets it, if that is by how much. */
static int steer(const struct adeos_steer_plan *plan, s64 behind)
{
	struct timespec64 add = ns_to_timespec64(behind);
	int ret;

	left = (struct __kernel_timex){
		.modes = ADJ_STATUS | ADJ_NANO | ADJ_TIMECONST | ADJ_TICK | ADJ_FREQUENCY |
			 ADJ_OFFSET,
		.status = STEERED,
		.constant = 1,	/* an eighth of the offset in each second */
		.tick = plan->tick,
		.freq = plan->freq,
		.offset = plan->offset,
	};
	if (behind) {
		left.modes |= ADJ_SETOFFSET;
		left.time.tv_sec = add.tv_sec;
		left.time.tv_usec = add.tv_nsec;	/* because of ADJ_NANO */
	}
	ret = do_adjtimex(&left);
	if (ret < 0) {
		left.modes = 0;
		do_adjtimex(&left);
	}
	return ret;
}

/* With clock_lock held */
static void follow(void)
{
	static unsigned long next = INITIAL_JIFFIES;
	static s64 step = STEER_STEP_FIRST;
	struct adeos_steer_time root, own;
	struct adeos_steer_plan plan;
	s64 behind;

	if (!following || time_before(jiffies, next) || !read_root(&root))
		return;
	next = jiffies + HZ;
	if (steered_by_others()) {
		following = false;
		pr_info("adeos: the clock follows the root's no longer: a program here steers it\n");
		return;
	}
	read_wall(&own);
	behind = adeos_steer_at(&root, own.tsc) - own.ns;
	if (adeos_steer_plan(&plan, behind, step, root.mult, tsc_khz))
		steer(&plan, 0);
	else if (steer(&plan, behind) >= 0)
		pr_info("adeos: the clock was set, by the root's: it was %lld ms ahead\n",
			-div_s64(behind, NSEC_PER_MSEC));
	step = STEER_STEP;
}

/**
 * adeos_clock_follow() - have the wall clock follow the root's
 *
 * Context: a vnode other than the root; process, may sleep.
 */
void adeos_clock_follow(void)
{
	mutex_lock(&clock_lock);
	follow();
	mutex_unlock(&clock_lock);
}

static ssize_t clock_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", READ_ONCE(following) ? "root" : "own");
}

static ssize_t clock_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			   size_t len)
{
	bool root = sysfs_streq(buf, "root");

	if (!root && !sysfs_streq(buf, "own"))
		return -EINVAL;
	mutex_lock(&clock_lock);
	/* What others have done up to now, they may have. */
	left.modes = 0;
	do_adjtimex(&left);
	following = root;
	mutex_unlock(&clock_lock);
	return len;
}

static struct kobj_attribute clock_attr = __ATTR_RW(clock);

static int __init clock_init(void)
{
	return adeos_is_vnode() ? sysfs_create_file(adeos_kobj, &clock_attr.attr) : 0;
}
subsys_initcall(clock_init);
