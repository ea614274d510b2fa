// SPDX-License-Identifier: GPL-2.0
/*
 * The inter-vnode lock (paper: "Locking primitives"): what its users do when
 * they meet, and what the root does when one dies.  lock.h has the states.
 *
 * It also compiles in user space, where it is tested; tests/spin/lock.pml is
 * its model.
 */
#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/processor.h>
#endif

#include "lock.h"

/*
 * So often a CPU looks at the same offer before it takes the one that it is
 * for to be gone.  Longer than firmware keeps a CPU from running, and short
 * for a person: a few hundred milliseconds at most.
 */
#ifndef ADEOS_LOCK_PATIENCE
#define ADEOS_LOCK_PATIENCE	1000000
#endif

#define ALL_SLOTS	(~0ULL >> (64 - ADEOS_MAX_CPUS))

/**
 * adeos_lock_init() - make a lock free
 * @lock: the lock; nobody may be using it
 *
 * Context: any.
 */
void adeos_lock_init(struct adeos_lock *lock)
{
	atomic_set(&lock->waiting[0], 0);
	atomic_set(&lock->waiting[1], 0);
	WRITE_ONCE(lock->owner, 0);
}

/* Each bit is right by itself; bits that are no slot's are dropped. */
static u64 lock_waiting(const struct adeos_lock *lock)
{
	u64 high = (u32)atomic_read(&lock->waiting[1]);

	return (high << 32 | (u32)atomic_read(&lock->waiting[0])) & ALL_SLOTS;
}

static bool lock_has_bit(const struct adeos_lock *lock, unsigned int slot)
{
	return slot < ADEOS_MAX_CPUS &&
	       (u32)atomic_read(&lock->waiting[slot / 32]) >> slot % 32 & 1;
}

static void lock_set_bit(struct adeos_lock *lock, unsigned int slot)
{
	atomic_or((int)(1u << slot % 32), &lock->waiting[slot / 32]);
}

static void lock_clear_bit(struct adeos_lock *lock, unsigned int slot)
{
	if (slot < ADEOS_MAX_CPUS)
		atomic_andnot((int)(1u << slot % 32), &lock->waiting[slot / 32]);
}

/*
 * The offer to the first slot with a bit behind @slot, in cyclic order: who
 * waits is passed by no slot twice.
 */
static u32 lock_next(u64 waiting, unsigned int slot)
{
	u64 behind = waiting & ~0ULL << (slot + 1);

	if (!waiting)
		return 0;
	return (__ffs64(behind ? behind : waiting) + 1) | ADEOS_LOCK_OFFERED;
}

/* How many wait that come before @slot when @word's slot is done. */
static unsigned int lock_ahead(const struct adeos_lock *lock, u32 word, unsigned int slot)
{
	unsigned int from = (word & ADEOS_LOCK_SLOT) - 1;
	u64 behind, before = (1ULL << slot) - 1;

	if (from >= ADEOS_MAX_CPUS)
		return 0;
	behind = ~0ULL << (from + 1);
	return hweight64(lock_waiting(lock) & (from < slot ? behind & before : behind | before));
}

/*
 * Is the lock free for @slot?  If it is offered to another, only when that one
 * does not wait (any more).  It is the word itself that keeps the lock from
 * having two owners, so the bits need not be true.
 */
static bool lock_is_free_for(const struct adeos_lock *lock, u32 word, unsigned int slot)
{
	u32 turn = word & ADEOS_LOCK_SLOT;

	if (!(word & ~ADEOS_LOCK_DIED))
		return true;
	if (!(word & ADEOS_LOCK_OFFERED))
		return false;
	ADEOS_LOCK_STEP(ADEOS_LOCK_JUDGE);
	return turn == slot + 1 || !lock_has_bit(lock, turn - 1);
}

/**
 * adeos_lock_wait() - the part of adeos_lock_try() that waits
 * @lock: the lock
 * @slot: the caller's CPU slot
 * @looks: as in adeos_lock_try(), or ADEOS_LOCK_FOREVER
 *
 * Context: that of adeos_lock_try().
 * Return: 0, -EOWNERDEAD or -EBUSY, as adeos_lock_try().
 */
int adeos_lock_wait(struct adeos_lock *lock, unsigned int slot, u32 looks)
{
	u32 word, last = 0, patience = ADEOS_LOCK_PATIENCE;
	unsigned int i;
	int err = -EBUSY;

	do {
		/* The first time, or if somebody took this CPU to be gone. */
		ADEOS_LOCK_STEP(ADEOS_LOCK_REGISTER);
		if (!lock_has_bit(lock, slot))
			lock_set_bit(lock, slot);

		ADEOS_LOCK_STEP(ADEOS_LOCK_LOOK);
		/*
		 * Acquire: an offer comes before the look at the bits that
		 * judges it, or the bit that led to it could be missed.
		 */
		word = smp_load_acquire(&lock->owner);
		if (!(word & ADEOS_LOCK_OFFERED) || word != last) {
			last = word;
			patience = ADEOS_LOCK_PATIENCE;
		} else if (!--patience) {
			ADEOS_LOCK_STEP(ADEOS_LOCK_FORFEIT);
			lock_clear_bit(lock, (word & ADEOS_LOCK_SLOT) - 1);
		}

		if (lock_is_free_for(lock, word, slot)) {
			ADEOS_LOCK_STEP(ADEOS_LOCK_TAKE);
			/*
			 * Acquire: pairs with the release of what is taken, in
			 * adeos_lock_release(), adeos_lock_hand_over() or
			 * adeos_lock_recover().  An offer can be taken by
			 * others, too, so this is no plain store.
			 */
			if (try_cmpxchg_acquire(&lock->owner, &word, slot + 1)) {
				err = word & ADEOS_LOCK_DIED ? -EOWNERDEAD : 0;
				break;
			}
		}
		/* Who comes later looks less often, to leave the line alone. */
		for (i = lock_ahead(lock, word, slot) + 1; i; i--)
			cpu_relax();
	} while (looks == ADEOS_LOCK_FOREVER || looks-- > 1);

	/*
	 * If the lock is taken, the store-release that releases it comes after
	 * this, and so the next owner does not see the bit.  If not, an offer
	 * may still come: it is everybody's, as the bit is clear.
	 */
	ADEOS_LOCK_STEP(ADEOS_LOCK_LEAVE);
	lock_clear_bit(lock, slot);
	ADEOS_LOCK_STEP(ADEOS_LOCK_OWN);
	return err;
}

/**
 * adeos_lock_hand_over() - the part of adeos_lock_release() for when CPUs wait
 * @lock: the lock; the caller holds it
 * @slot: the caller's CPU slot
 *
 * Context: that of adeos_lock_release().
 */
void adeos_lock_hand_over(struct adeos_lock *lock, unsigned int slot)
{
	u32 word;

	ADEOS_LOCK_STEP(ADEOS_LOCK_CHOOSE);
	/* Its own bit can be set by somebody else's mistake only. */
	word = lock_next(lock_waiting(lock) & ~(1ULL << slot), slot);
	ADEOS_LOCK_STEP(ADEOS_LOCK_OFFER);
	/*
	 * Release: the accesses that the lock protects come before this.  The
	 * one that it is offered to may have given up or died by now.
	 */
	smp_store_release(&lock->owner, word);
}

/**
 * adeos_lock_recover() - clear a lock of CPUs that have died
 * @lock: the lock; its contents are not trusted
 * @dead: their slots, a bit for each, 32 in a word
 *
 * The order that makes it safe is the caller's:
 *
 * 1. the CPUs have stopped, and the caller knows it (they were reset, and have
 *    answered): none of them will ever write again;
 * 2. this, for each lock that they may have used;
 * 3. only then may the slots be given to others.
 *
 * A lock whose owner word no CPU could have written is taken for a dead one's.
 * If it was not, its owner and the next one may hold it at the same time; that
 * is no worse than what the scribbler could have done anyway.
 *
 * Context: any, the root only; calls for one lock exclude each other.
 * Return: true if the lock was held by one of them: who acquires it next is
 * told by -EOWNERDEAD.
 */
bool adeos_lock_recover(struct adeos_lock *lock, const u32 dead[2])
{
	unsigned int slot;
	u32 word, next;

	atomic_andnot((int)dead[0], &lock->waiting[0]);
	atomic_andnot((int)dead[1], &lock->waiting[1]);

	word = READ_ONCE(lock->owner);
	if (!(word & ~ADEOS_LOCK_DIED) || word & ADEOS_LOCK_OFFERED)
		return false;	/* free, or an offer, which is free, too */
	slot = word - 1;
	if (slot >= ADEOS_MAX_CPUS)
		slot = ADEOS_MAX_CPUS - 1;	/* garbage: anybody's turn */
	else if (!(dead[slot / 32] >> slot % 32 & 1))
		return false;

	next = lock_next(lock_waiting(lock), slot) | ADEOS_LOCK_DIED;
	/*
	 * Only its owner or the root change the word of a lock that is owned,
	 * the former does not run, the latter is here: it fails only if some-
	 * body scribbles, and what is there then is not a dead owner's.
	 *
	 * It is a full barrier: what the caller knows of the stores of the dead
	 * comes before it, and so the next owner sees them.
	 */
	return try_cmpxchg(&lock->owner, &word, next);
}
