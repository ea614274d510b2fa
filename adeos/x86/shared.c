// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs of registers of which the machine has one for all vnodes: an index, and
 * the data behind it.  Only one CPU of the machine may be between the two
 * (paper: "Locking primitives"; docs/locks.md).
 */
#include <linux/adeos.h>
#include <linux/bitops.h>
#include <linux/cpufeature.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/spinlock.h>

#include <asm/tsc.h>

#include "core.h"
#include "proto/lock.h"
#include "x86.h"

/*
 * How long to wait for other vnodes with hard interrupts off, ms: what the lock
 * protects takes microseconds, and the machine has 255 CPUs at most.  A hypervisor,
 * or an emulator, may keep the owner from running for much longer.
 */
#define WAIT		20
#define WAIT_EMULATED	1000

/* The same in cycles, and what is left of it after that was in vain */
static u64 wait __ro_after_init;
#define WAIT_BROKEN	(wait >> 9)

/**
 * struct guard - what keeps a pair of registers
 * @local: among the CPUs of this kernel.  Not one of Linux's locks: it is taken
 *	where lockdep must not look
 * @lock: the inter-vnode lock that the holder of @local has; NULL if it has none
 * @broken: it was not released the last time, however long that was waited for
 * @timeouts: how often that was so
 */
struct guard {
	arch_spinlock_t local;
	struct adeos_lock *lock;
	bool broken;
	u32 timeouts;
};

static struct guard guards[COMMONS_LOCKS] = {
	[0 ... COMMONS_LOCKS - 1] = { .local = __ARCH_SPIN_LOCK_UNLOCKED },
};

/* Before there are commons, and so locks */
static int __init shared_wait_init(void)
{
	wait = (u64)tsc_khz * (boot_cpu_has(X86_FEATURE_HYPERVISOR) ? WAIT_EMULATED : WAIT);
	adeos_lock_patience = wait;
	return 0;
}
core_initcall(shared_wait_init);

static __always_inline unsigned int own_slot(void)
{
	return adeos_cpu_slot(raw_smp_processor_id());
}

/*
 * The lock is memory that a broken vnode can write to.  Who cannot have it goes
 * on without: a wrong access is better than a machine that stands still.
 */
static noinstr void take_from_vnodes(struct guard *g, struct adeos_lock *lock)
{
	g->lock = NULL;
	if (adeos_lock_try(lock, own_slot(), g->broken ? WAIT_BROKEN : wait) == -EBUSY) {
		g->broken = true;
		g->timeouts++;
		return;
	}
	/*
	 * Whether its last owner died does not matter: each access writes the
	 * index first.
	 */
	g->broken = false;
	g->lock = lock;
}

/**
 * adeos_shared_lock() - keep everybody else from a pair of registers
 * @which: which pair
 *
 * Context: any.  Hard interrupts are off until it is released.
 * Return: what adeos_shared_unlock() wants.
 */
noinstr unsigned long adeos_shared_lock(enum commons_lock which)
{
	unsigned long flags = adeos_hard_save();
	struct guard *g = &guards[which];
	struct commons *c = adeos_commons();

	arch_spin_lock(&g->local);
	/* Without commons, there is no other vnode yet. */
	g->lock = NULL;
	if (c)
		take_from_vnodes(g, &c->lock[which]);
	return flags;
}

/**
 * adeos_shared_unlock() - the opposite
 * @which: which pair
 * @flags: what adeos_shared_lock() has returned
 *
 * Context: any.
 */
noinstr void adeos_shared_unlock(enum commons_lock which, unsigned long flags)
{
	struct guard *g = &guards[which];

	if (g->lock)
		adeos_lock_release(g->lock, own_slot());
	arch_spin_unlock(&g->local);
	adeos_hard_restore(flags);
}

/* What Linux calls: see asm/adeos.h and linux/adeos.h. */

noinstr unsigned long adeos_ioapic_lock(void)
{
	return adeos_shared_lock(COMMONS_LOCK_IOAPIC);
}

noinstr void adeos_ioapic_unlock(unsigned long flags)
{
	adeos_shared_unlock(COMMONS_LOCK_IOAPIC, flags);
}

/**
 * adeos_shared_init() - tell how many CPUs may want the locks
 * @nr_slots: how many slots the machine has
 *
 * Context: __init, before there are commons.
 */
void __init adeos_shared_init(unsigned int nr_slots)
{
	adeos_lock_words = DIV_ROUND_UP(nr_slots, 32);
}

/**
 * adeos_shared_recover() - take the locks from CPUs that are dead, or are nobody's
 * @slots: their slots, a bit each
 *
 * Context: the root, any; the CPUs are parked, and are not used again yet.
 */
void adeos_shared_recover(const u32 slots[ADEOS_LOCK_WORDS])
{
	struct commons *c = adeos_commons();
	unsigned int i;

	for (i = 0; c && i < COMMONS_LOCKS; i++)
		adeos_lock_recover(&c->lock[i], slots);
}

/**
 * adeos_shared_mend() - release what somebody else says that this kernel has
 *
 * Context: process.
 */
void adeos_shared_mend(void)
{
	struct commons *c = adeos_commons();
	unsigned int i, cpu, slot;
	u32 own[ADEOS_LOCK_WORDS] = { };
	unsigned long flags;

	for_each_possible_cpu(cpu) {
		slot = adeos_cpu_slot(cpu);
		own[slot / 32] |= 1u << slot % 32;
	}
	for (i = 0; c && i < COMMONS_LOCKS; i++) {
		flags = adeos_hard_save();
		/* With this, no CPU of ours has the other, or waits for it. */
		arch_spin_lock(&guards[i].local);
		adeos_lock_recover(&c->lock[i], own);
		arch_spin_unlock(&guards[i].local);
		adeos_hard_restore(flags);
	}
}

/**
 * adeos_shared_timeouts() - how often an inter-vnode lock could not be had
 *
 * Context: any.
 */
u32 adeos_shared_timeouts(void)
{
	unsigned int i;
	u32 sum = 0;

	for (i = 0; i < COMMONS_LOCKS; i++)
		sum += READ_ONCE(guards[i].timeouts);
	return sum;
}
