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
#include <linux/minmax.h>
#include <linux/processor.h>
#include <linux/timex.h>
#endif

#include "lock.h"

/*
 * So long a CPU looks at the same offer before it takes the one that it is for
 * to be gone.  Longer than firmware keeps a CPU from running, and short for a
 * person.
 *
 * A kernel counts cycles of the TSC: what one look takes differs tenfold between
 * processors, for PAUSE does.  Tests count looks.
 */
#ifdef __KERNEL__
u64 adeos_lock_patience __ro_after_init = ADEOS_LOCK_FOREVER;
#define ADEOS_LOCK_PATIENCE	adeos_lock_patience
#elif !defined(ADEOS_LOCK_PATIENCE)
#define ADEOS_LOCK_PATIENCE	1000000
#endif

/*
 * Who gives up after having looked at one offer for so long takes the one that
 * it is for to be gone, too: nobody may have more patience.
 */
#ifdef __KERNEL__
#define ADEOS_LOCK_GIVE_UP	(adeos_lock_patience >> 10)
#elif !defined(ADEOS_LOCK_GIVE_UP)
#define ADEOS_LOCK_GIVE_UP	50
#endif

/* A timer is its end; in tests, the number of looks that are left. */
#ifdef __KERNEL__
static __always_inline u64 timer_set(u64 ticks)
{
	return get_cycles() + ticks;
}

static __always_inline u64 timer_left(const u64 *timer)
{
	return max_t(s64, *timer - get_cycles(), 0);
}

static __always_inline bool timer_over(u64 *timer)
{
	return !timer_left(timer);
}
#else
static __always_inline u64 timer_set(u64 ticks)
{
	return ticks ? ticks : 1;
}

static __always_inline u64 timer_left(const u64 *timer)
{
	return *timer;
}

static __always_inline bool timer_over(u64 *timer)
{
	return !--*timer;
}
#endif

/*
 * Between two looks are as many cpu_relax() as CPUs are ahead, but no more than
 * this, or queues that somebody has made up would take seconds.
 */
#define MAX_PAUSE		8

unsigned int adeos_lock_words __ro_after_init = ADEOS_LOCK_WORDS;

static __always_inline unsigned int lock_slots(void)
{
	return min_t(unsigned int, adeos_lock_words, ADEOS_LOCK_WORDS) * 32;
}

/**
 * adeos_lock_init() - make a lock free
 * @lock: the lock; nobody may be using it
 *
 * Context: any.
 */
void adeos_lock_init(struct adeos_lock *lock)
{
	unsigned int i;

	for (i = 0; i < ADEOS_LOCK_WORDS; i++)
		atomic_set(&lock->waiting[i], 0);
	WRITE_ONCE(lock->owner, 0);
}

static __always_inline bool lock_has_bit(const struct adeos_lock *lock, unsigned int slot)
{
	return (u32)atomic_read(&lock->waiting[slot / 32]) >> slot % 32 & 1;
}

static __always_inline void lock_set_bit(struct adeos_lock *lock, unsigned int slot)
{
	atomic_or((int)(1u << slot % 32), &lock->waiting[slot / 32]);
}

static __always_inline void lock_clear_bit(struct adeos_lock *lock, unsigned int slot)
{
	atomic_andnot((int)(1u << slot % 32), &lock->waiting[slot / 32]);
}

/* The bits of a word's slots that are below @slot */
static __always_inline u32 lock_below(unsigned int word, unsigned int slot)
{
	if (slot / 32 != word)
		return slot / 32 > word ? ~0u : 0;
	return (1u << slot % 32) - 1;
}

/*
 * The first slot that waits, from @slot on, in cyclic order; -1 if there is none.
 * Each bit is right by itself.
 */
static __always_inline int lock_first(const struct adeos_lock *lock, unsigned int slot)
{
	unsigned int i, word, words = lock_slots() / 32;
	u32 bits;

	/* The word of @slot comes twice: what is from there on, and at last what is before. */
	for (i = 0; i <= words; i++) {
		word = (slot / 32 + i) % words;
		bits = atomic_read(&lock->waiting[word]);
		if (!i)
			bits &= ~lock_below(word, slot);
		if (bits)
			return word * 32 + __ffs(bits);
	}
	return -1;
}

/* The word that leaves the lock to who comes next behind @slot */
static __always_inline u32 lock_next(const struct adeos_lock *lock, unsigned int slot)
{
	int next = lock_first(lock, (slot + 1) % lock_slots());

	return next < 0 ? 0 : (next + 1) | ADEOS_LOCK_OFFERED;
}

/* How many wait whose turn comes before @slot's: from @word's slot on. */
static __always_inline unsigned int lock_ahead(const struct adeos_lock *lock, u32 word,
					       unsigned int slot)
{
	unsigned int turn = (word & ADEOS_LOCK_SLOT) - 1, ahead = 0, i;
	u32 from, before;

	if (turn >= lock_slots())
		return 0;
	for (i = 0; i < lock_slots() / 32; i++) {
		from = ~lock_below(i, turn);
		before = lock_below(i, slot);
		ahead += hweight32(atomic_read(&lock->waiting[i]) &
				   (turn <= slot ? from & before : from | before));
	}
	return ahead;
}

/* Takes the next one whose turn it is to be gone. */
static __always_inline void lock_forfeit(struct adeos_lock *lock, u32 word)
{
	unsigned int turn = (word & ADEOS_LOCK_SLOT) - 1;
	int next = turn < lock_slots() ? lock_first(lock, turn) : -1;

	if (next >= 0)
		lock_clear_bit(lock, next);
}

/* From a word that says that nobody owns it */
static __always_inline int lock_take(struct adeos_lock *lock, u32 word, unsigned int slot)
{
	ADEOS_LOCK_STEP(ADEOS_LOCK_TAKE);
	/*
	 * Acquire: pairs with the release of what is taken, in
	 * adeos_lock_release(), adeos_lock_hand_over() or adeos_lock_recover().
	 * Others can take an offer, too, so this is no plain store.
	 */
	if (!try_cmpxchg_acquire(&lock->owner, &word, slot + 1))
		return -EBUSY;
	return word & ADEOS_LOCK_DIED ? -EOWNERDEAD : 0;
}

/**
 * adeos_lock_wait() - the part of adeos_lock_try() that waits
 * @lock: the lock
 * @slot: the caller's CPU slot
 * @ticks: as in adeos_lock_try(), or ADEOS_LOCK_FOREVER
 *
 * Context: that of adeos_lock_try().
 * Return: 0, -EOWNERDEAD or -EBUSY, as adeos_lock_try().
 */
noinstr int adeos_lock_wait(struct adeos_lock *lock, unsigned int slot, u64 ticks)
{
	u32 word = 0, last = 0;
	u64 patience = timer_set(ADEOS_LOCK_PATIENCE), end = timer_set(ticks);
	unsigned int ahead;
	int err = -EBUSY;

	/*
	 * What the lock protects is short: mostly it is free again before this
	 * CPU could be seen to wait, which costs everybody more than one moment.
	 */
	cpu_relax();
	ADEOS_LOCK_STEP(ADEOS_LOCK_ENTER);
	/* Acquire: as in adeos_lock_try(). */
	if (!READ_ONCE(lock->owner) && try_cmpxchg_acquire(&lock->owner, &word, slot + 1))
		return 0;

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
			patience = timer_set(ADEOS_LOCK_PATIENCE);
		} else if (timer_over(&patience)) {
			ADEOS_LOCK_STEP(ADEOS_LOCK_FORFEIT);
			lock_forfeit(lock, word);
			patience = timer_set(ADEOS_LOCK_PATIENCE);
		}

		/*
		 * An offer to who does not wait (any more) is the next one's.
		 * The bits decide on whose turn it is only, so they need not be
		 * true: it is the word that keeps the lock from having two
		 * owners.
		 */
		ADEOS_LOCK_STEP(ADEOS_LOCK_JUDGE);
		ahead = lock_ahead(lock, word, slot);
		if (!(word & ~ADEOS_LOCK_DIED) || (word & ADEOS_LOCK_OFFERED && !ahead))
			err = lock_take(lock, word, slot);
		if (err != -EBUSY)
			break;
		/* Who comes later looks less often, to leave the line alone. */
		ahead = min_t(unsigned int, ahead, MAX_PAUSE);
		do
			cpu_relax();
		while (ahead-- > 1);
	} while (ticks == ADEOS_LOCK_FOREVER || !timer_over(&end));

	if (err == -EBUSY &&
	    ADEOS_LOCK_PATIENCE - timer_left(&patience) >= ADEOS_LOCK_GIVE_UP) {
		ADEOS_LOCK_STEP(ADEOS_LOCK_FORFEIT);
		lock_forfeit(lock, word);
	}

	/*
	 * If the lock is taken, the store-release that releases it comes after
	 * this, and so the next owner does not see the bit.  If not, an offer
	 * may still come: it is the next one's, as the bit is clear.
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
noinstr void adeos_lock_hand_over(struct adeos_lock *lock, unsigned int slot)
{
	u32 word;

	ADEOS_LOCK_STEP(ADEOS_LOCK_CHOOSE);
	/* Its own bit, the last in order, can be set by somebody else's mistake only. */
	word = lock_next(lock, slot);
	if ((word & ADEOS_LOCK_SLOT) == slot + 1)
		word = 0;
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
 * Context: any; the root, or a vnode for slots of its own that do not use the lock
 * meanwhile.  Calls with the same slots exclude each other.
 * Return: true if the lock was held by one of them: who acquires it next is
 * told by -EOWNERDEAD.
 */
noinstr bool adeos_lock_recover(struct adeos_lock *lock, const u32 dead[ADEOS_LOCK_WORDS])
{
	unsigned int slot, i;
	u32 word, next;

	ADEOS_LOCK_STEP(ADEOS_LOCK_CLEAR);
	for (i = 0; i < lock_slots() / 32; i++)
		atomic_andnot((int)dead[i], &lock->waiting[i]);

	ADEOS_LOCK_STEP(ADEOS_LOCK_INSPECT);
	word = READ_ONCE(lock->owner);
	if (!(word & ~ADEOS_LOCK_DIED) || word & ADEOS_LOCK_OFFERED)
		return false;	/* free, or an offer, which is free, too */
	slot = word - 1;
	if (slot >= lock_slots())
		slot = lock_slots() - 1;	/* garbage: anybody's turn */
	else if (!(dead[slot / 32] >> slot % 32 & 1))
		return false;

	ADEOS_LOCK_STEP(ADEOS_LOCK_INHERIT);
	next = lock_next(lock, slot) | ADEOS_LOCK_DIED;
	ADEOS_LOCK_STEP(ADEOS_LOCK_REPLACE);
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
