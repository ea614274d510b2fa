/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inter-vnode lock: a spinlock in memory that several kernels share, fair,
 * and not lost with a vnode that dies.  docs/locks.md is its specification.
 *
 * A CPU is named by its slot, which is its number in the machine.
 *
 * The owner word, by who changes it:
 *
 *                          cmpxchg, by s
 *      free -------------------------------------------> owned by s
 *        ^                                                | |  ^
 *        +-- s releases, nobody waits (store-release) ----+ |  |
 *        |                                                  |  | cmpxchg, by w
 *        |     s releases, w waits (store-release)          v  | (then s = w)
 *        |                                           offered to w
 *        |                                              |      ^
 *        |                   cmpxchg, by x, if w does   |      |
 *        |                   not wait any more:         v      |
 *        |                                       owned by x    |
 *        |                                                     |
 *        +--- the root, as s has died (cmpxchg, sets DIED) ----+
 *
 * Only s itself ever makes s the owner.  An offer owns nothing: it says whose
 * turn it is, and the lock is free.  So whatever goes wrong with an offer, with
 * the one that it is for, or with the bits of those who wait can make the lock
 * unfair for a moment, but never give it to two.
 */
#ifndef _ADEOS_LOCK_H
#define _ADEOS_LOCK_H

#ifdef __KERNEL__
#include <linux/adeos.h>
#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/types.h>
#else
#include "user.h"
#endif

/* The owner word.  All other bits are 0; a word with another one is garbage. */
#define ADEOS_LOCK_SLOT		0x0ff	/* slot + 1; 0: nobody's */
#define ADEOS_LOCK_OFFERED	0x100	/* free, and this slot's turn */
#define ADEOS_LOCK_DIED		0x200	/* free, and its last owner died */

#define ADEOS_LOCK_WORDS	((ADEOS_MAX_CPUS + 31) / 32)

/**
 * struct adeos_lock - an inter-vnode lock, in a cache line of its own
 * @owner: the owner word; 0 is free
 * @waiting: a bit for each slot that waits, 32 in a word.  A slot's bit is set
 *	by its CPU only.
 */
struct adeos_lock {
	__aligned(64) u32 owner;
	atomic_t waiting[ADEOS_LOCK_WORDS];
};

/* How many words the machine's slots need; all kernels on it have the same number. */
extern unsigned int adeos_lock_words;

/* One for each access to the lock, for tests: there a CPU can be stopped or die. */
enum adeos_lock_step {
	ADEOS_LOCK_ENTER,	/* before the first attempt, and the second */
	ADEOS_LOCK_REGISTER,	/* before its bit is set */
	ADEOS_LOCK_LOOK,	/* before the owner word is read */
	ADEOS_LOCK_JUDGE,	/* before bits are read to judge an offer */
	ADEOS_LOCK_FORFEIT,	/* before the bit of one that does not come is cleared */
	ADEOS_LOCK_TAKE,	/* before the attempt to take what was seen */
	ADEOS_LOCK_LEAVE,	/* before its bit is cleared */
	ADEOS_LOCK_OWN,		/* before acquire or try return */
	ADEOS_LOCK_CHECK,	/* before release reads the bits */
	ADEOS_LOCK_FREE,	/* before release makes it free */
	ADEOS_LOCK_CHOOSE,	/* before release reads the bits again */
	ADEOS_LOCK_OFFER,	/* before release offers it */
	ADEOS_LOCK_DEATHS,	/* in the root: how many CPUs can die at are above */
	ADEOS_LOCK_CLEAR = ADEOS_LOCK_DEATHS, /* before it clears the bits of the dead */
	ADEOS_LOCK_INSPECT,	/* before it reads the owner word */
	ADEOS_LOCK_INHERIT,	/* before it reads the bits of those who live */
	ADEOS_LOCK_REPLACE,	/* before it replaces the owner word */
	ADEOS_LOCK_STEPS
};

#ifndef ADEOS_LOCK_STEP
#define ADEOS_LOCK_STEP(step)	((void)(step))
#endif

#define ADEOS_LOCK_FOREVER	(~0ULL >> 1)

#ifdef __KERNEL__
extern u64 adeos_lock_patience;	/* ticks of get_cycles() */
#endif

void adeos_lock_init(struct adeos_lock *lock);
int adeos_lock_wait(struct adeos_lock *lock, unsigned int slot, u64 ticks);
void adeos_lock_hand_over(struct adeos_lock *lock, unsigned int slot);
bool adeos_lock_recover(struct adeos_lock *lock, const u32 dead[ADEOS_LOCK_WORDS]);

/**
 * adeos_lock_try() - acquire an inter-vnode lock, or give up
 * @lock: the lock; its contents are not trusted
 * @slot: the caller's CPU slot, below 32 * adeos_lock_words
 * @ticks: how long to look at the lock, at most, before giving up; it is looked
 *	at once at least.  In a kernel these are cycles of the TSC; in a test, looks.
 *
 * It queues like adeos_lock_acquire() as long as it looks.
 *
 * Context: any, hard interrupts off, and off until adeos_lock_release().  A CPU
 * holds any number of locks, and waits for at most one.
 * Return: 0; -EOWNERDEAD if the last owner died: the lock is the caller's, and
 * what it protects may be half changed and has to be repaired; -EBUSY if it is
 * not the caller's.
 */
static __always_inline int adeos_lock_try(struct adeos_lock *lock, unsigned int slot, u64 ticks)
{
	u32 word = 0;

	ADEOS_LOCK_STEP(ADEOS_LOCK_ENTER);
	/*
	 * Acquire: the accesses that the lock protects come after this.  Pairs
	 * with the store-release of the 0, in adeos_lock_release().
	 */
	if (likely(try_cmpxchg_acquire(&lock->owner, &word, slot + 1)))
		return 0;
	return adeos_lock_wait(lock, slot, ticks);
}

/**
 * adeos_lock_acquire() - acquire an inter-vnode lock
 * @lock: the lock; its contents are not trusted, but an owner that lives and
 *	never releases it is waited for: adeos_lock_try() is the way out
 * @slot: the caller's CPU slot, below 32 * adeos_lock_words
 *
 * Context: any, hard interrupts off, and off until adeos_lock_release().  A CPU
 * holds any number of locks, and waits for at most one.
 * Return: 0; -EOWNERDEAD if the last owner died: the lock is the caller's, and
 * what it protects may be half changed and has to be repaired.
 */
static __always_inline int adeos_lock_acquire(struct adeos_lock *lock, unsigned int slot)
{
	return adeos_lock_try(lock, slot, ADEOS_LOCK_FOREVER);
}

static __always_inline bool adeos_lock_is_awaited(const struct adeos_lock *lock)
{
	int waiting = atomic_read(&lock->waiting[0]);
	unsigned int i;

	for (i = 1; i < adeos_lock_words; i++)
		waiting |= atomic_read(&lock->waiting[i]);
	return waiting;
}

/**
 * adeos_lock_release() - release an inter-vnode lock
 * @lock: the lock; the caller holds it
 * @slot: the caller's CPU slot
 *
 * It goes to the next slot that waits, in cyclic order behind @slot.
 *
 * Context: any, hard interrupts off since the lock was acquired.
 */
static __always_inline void adeos_lock_release(struct adeos_lock *lock, unsigned int slot)
{
	ADEOS_LOCK_STEP(ADEOS_LOCK_CHECK);
	if (unlikely(adeos_lock_is_awaited(lock))) {
		adeos_lock_hand_over(lock, slot);
		return;
	}
	ADEOS_LOCK_STEP(ADEOS_LOCK_FREE);
	/*
	 * Release: the accesses that the lock protects come before this.
	 *
	 * No fence between the look at the bits and this store: who sets its
	 * bit in between goes on looking at the owner word, and finds it free.
	 */
	smp_store_release(&lock->owner, 0);
}

#endif /* _ADEOS_LOCK_H */
