// SPDX-License-Identifier: GPL-2.0
/*
 * The inter-vnode lock against Linux's: the cost of a lock without contention, and how
 * often in a second a contended lock changes hands.
 */
#include <linux/adeos.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/spinlock.h>

#include <asm/adeos.h>
#include <asm/msr.h>
#include <asm/tsc.h>

/* A copy, because modules cannot use the nanokernel's. */
#include "../../adeos/proto/lock.c"

#define TIMES		1000	/* operations in a batch */
#define BATCHES		32
#define MAX_ROUNDS	201
#define BATCH_SIZE	16	/* operations with the interrupt flag off */

static unsigned int cpus, rounds = 31, round_ms = 5;
module_param(cpus, uint, 0444);
MODULE_PARM_DESC(cpus, "how many CPUs contend; 0: the lock alone");
module_param(rounds, uint, 0444);
module_param(round_ms, uint, 0444);

static raw_spinlock_t raw ____cacheline_aligned = __RAW_SPIN_LOCK_UNLOCKED(raw);
static arch_spinlock_t arch ____cacheline_aligned = __ARCH_SPIN_LOCK_UNLOCKED;
static struct adeos_lock adeos;
/* Protected by whichever lock is measured. */
static u32 protected ____cacheline_aligned;

static __always_inline void op_nothing(unsigned int slot)
{
	barrier();
}

static __always_inline void op_raw(unsigned int slot)
{
	raw_spin_lock(&raw);
	protected++;
	raw_spin_unlock(&raw);
}

static __always_inline void op_arch(unsigned int slot)
{
	arch_spin_lock(&arch);
	protected++;
	arch_spin_unlock(&arch);
}

static __always_inline void op_adeos(unsigned int slot)
{
	adeos_lock_acquire(&adeos, slot);
	protected++;
	adeos_lock_release(&adeos, slot);
}

/* As users of the locks must: code that interrupts the holder must not want the lock. */
static __always_inline void op_raw_irq(unsigned int slot)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&raw, flags);
	protected++;
	raw_spin_unlock_irqrestore(&raw, flags);
}

static __always_inline void op_adeos_irq(unsigned int slot)
{
	unsigned long flags = adeos_hard_save();

	adeos_lock_acquire(&adeos, slot);
	protected++;
	adeos_lock_release(&adeos, slot);
	adeos_hard_restore(flags);
}

#define BATCH(name)							\
static noinline void batch_##name(unsigned int slot, unsigned int times)	\
{									\
	while (times--)							\
		op_##name(slot);					\
}

BATCH(nothing)
BATCH(raw)
BATCH(arch)
BATCH(adeos)
BATCH(raw_irq)
BATCH(adeos_irq)

static const struct {
	const char *name;
	void (*batch)(unsigned int slot, unsigned int times);
	bool contended;
} kinds[] = {
	{ "raw", batch_raw, true },
	{ "arch", batch_arch, true },
	{ "adeos", batch_adeos, true },
	{ "raw_irq", batch_raw_irq },
	{ "adeos_irq", batch_adeos_irq },
};

/* The best of many: a tick is in few of them. */
static u64 best(void (*batch)(unsigned int slot, unsigned int times))
{
	u64 start, took, min = ~0ULL;
	unsigned int i;

	for (i = 0; i < BATCHES; i++) {
		start = rdtsc_ordered();
		batch(0, TIMES);
		took = rdtsc_ordered() - start;
		min = min(min, took);
	}
	return min;
}

static void measure_alone(void)
{
	u64 nothing = best(batch_nothing);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		pr_info("bench: alone %s %llu\n", kinds[i].name,
			best(kinds[i].batch) - nothing);
}

/* Contended: one thread on each CPU, until a timer of the first one ends the round */
static unsigned int kind;
static bool over;
static u32 total, ready;
static u64 took;	/* TSC ticks; Linux uses another clock when the host is busy */
static atomic_t running;
static DECLARE_COMPLETION(finished);

static enum hrtimer_restart end_round(struct hrtimer *timer)
{
	WRITE_ONCE(over, true);
	return HRTIMER_NORESTART;
}

static int contend(void *data)
{
	unsigned int cpu = (unsigned long)data;
	struct hrtimer timer;
	unsigned long flags;
	u64 start;
	u32 done;

	/* All at once */
	xadd(&ready, 1);
	while (READ_ONCE(ready) < cpus)
		cond_resched();
	if (!cpu) {
		hrtimer_init_on_stack(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
		timer.function = end_round;
		hrtimer_start(&timer, ms_to_ktime(round_ms), HRTIMER_MODE_REL_PINNED_HARD);
	}
	start = rdtsc_ordered();
	for (done = 0; !READ_ONCE(over); done += BATCH_SIZE) {
		flags = adeos_hard_save();
		kinds[kind].batch(cpu, BATCH_SIZE);
		adeos_hard_restore(flags);
	}
	if (!cpu) {
		took = rdtsc_ordered() - start;
		hrtimer_cancel(&timer);
		destroy_hrtimer_on_stack(&timer);
	}
	xadd(&total, done);
	if (atomic_dec_and_test(&running))
		complete(&finished);
	return 0;
}

/* Operations per second in one round; 0 if the lock has failed */
static u32 contended(void)
{
	struct task_struct *task;
	unsigned long i;

	protected = 0;
	total = 0;
	ready = 0;
	over = false;
	atomic_set(&running, cpus);
	reinit_completion(&finished);
	for (i = 0; i < cpus; i++) {
		task = kthread_create_on_cpu(contend, (void *)i, i, "bench/%u");
		/* Threads that run wait for the others, so this cannot be undone. */
		if (WARN_ON(IS_ERR(task)))
			return 0;
		wake_up_process(task);
	}
	wait_for_completion(&finished);
	return protected == total ? div64_u64((u64)total * tsc_khz * 1000, took) : 0;
}

static int compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* The kinds in turn, so that other work of the host affects them equally. */
static int contend_all(void)
{
	static u32 results[ARRAY_SIZE(kinds)][MAX_ROUNDS];
	unsigned int round;

	for (round = 0; round < rounds; round++) {
		for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
			if (!kinds[kind].contended)
				continue;
			results[kind][round] = contended();
			if (!results[kind][round])
				return -EIO;
		}
	}
	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		if (!kinds[kind].contended)
			continue;
		sort(results[kind], rounds, sizeof(u32), compare, NULL);
		pr_info("bench: contended%u %s %u\n", cpus, kinds[kind].name,
			results[kind][rounds / 2]);
	}
	return 0;
}

static int __init lock_init(void)
{
	adeos_lock_init(&adeos);
	if (!cpus) {
		measure_alone();
		return 0;
	}
	if (cpus > num_online_cpus() || !rounds || rounds > MAX_ROUNDS)
		return -EINVAL;
	return contend_all();
}
module_init(lock_init);

static void __exit lock_exit(void)
{
}
module_exit(lock_exit);

MODULE_DESCRIPTION("Benchmark of inter-vnode locks");
MODULE_LICENSE("GPL");
