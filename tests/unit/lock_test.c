// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/proto/lock.c: as one thread sees it, with nonsense in its words, and with
 * 60 threads that die at every step.  lock_walk.c has its fairness to the last
 * pass, and every order of a few CPUs.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned int patient = 1000000;

static void lock_step(int step);
#define ADEOS_LOCK_STEP(step)	lock_step(step)
#define ADEOS_LOCK_PATIENCE	patient
static void relax(void);
#define cpu_relax()		relax()
#include "../../adeos/proto/lock.c"
#include "tap.h"

#define MAX_CPUS	60

static struct adeos_lock lock;

enum life { ALIVE, DEAD, DONE };

/* A CPU */
struct node {
	pthread_t thread;
	unsigned int slot;
	unsigned int seed;
	unsigned int to_do;	/* acquisitions; 0: until told to stop */
	unsigned int done;
	u32 life;		/* an enum life, the way between it and the root */
	jmp_buf top;
	u32 entries_before;
	u32 passed;
};

static struct node nodes[MAX_CPUS];
static __thread struct node *self;

/* There are more threads than CPUs, but a system call for each look is slow. */
static void relax(void)
{
	static __thread unsigned int n;

	if (self && ++n % 16 == 0)
		sched_yield();
}

/* The protected data: the same number twice. */
static u64 once, twice;
/* How often the lock was acquired; waiting threads look at it */
static u32 entries;
static u32 start, stop, mortal, unnoticed, repaired;
static u32 deaths[ADEOS_LOCK_STEPS + 1];

static unsigned int chance(unsigned int n)
{
	return rand_r(&self->seed) / 7 % n;
}

/* Death ends all that this thread was doing, but it is born again. */
static void maybe_die(int step)
{
	if (!READ_ONCE(mortal) || chance(READ_ONCE(deaths[step]) < 5 ? 50 : 2000))
		return;
	__atomic_fetch_add(&deaths[step], 1, __ATOMIC_RELAXED);
	longjmp(self->top, 1);
}

static void lock_step(int step)
{
	if (!self || step >= ADEOS_LOCK_DEATHS)
		return;
	if (step == ADEOS_LOCK_LOOK && !self->entries_before)
		self->entries_before = READ_ONCE(entries) + 1;
	maybe_die(step);
}

static void use_lock(void)
{
	u32 passed;
	int err;

	self->entries_before = 0;
	if (READ_ONCE(mortal) && self->slot % 3 == 0)
		err = adeos_lock_try(&lock, self->slot, chance(20));
	else
		err = adeos_lock_acquire(&lock, self->slot);
	if (err == -EBUSY)
		return;
	if (self->entries_before) {
		passed = READ_ONCE(entries) + 1 - self->entries_before;
		if (passed > self->passed)
			self->passed = passed;
	}
	WRITE_ONCE(entries, READ_ONCE(entries) + 1);

	if (once != twice) {
		if (err == -EOWNERDEAD)
			repaired++;
		else
			unnoticed++;
		twice = once;
	}
	once++;
	self->done++;
	maybe_die(ADEOS_LOCK_STEPS);
	if (!chance(8))
		sched_yield();
	twice++;
	adeos_lock_release(&lock, self->slot);
}

static void *live(void *node)
{
	self = node;
	while (!READ_ONCE(start))
		sched_yield();
	if (setjmp(self->top)) {
		/* The root knows as much of a death as of a CPU that was reset. */
		smp_store_release(&self->life, DEAD);	/* with watch() */
		while (smp_load_acquire(&self->life) == DEAD)	/* with watch() */
			sched_yield();
	}
	while (self->to_do ? self->done < self->to_do : !READ_ONCE(stop)) {
		use_lock();
		if (!chance(4))
			sched_yield();
	}
	smp_store_release(&self->life, DONE);	/* with watch() */
	return NULL;
}

/* The root's part; returns when all are done. */
static void watch(unsigned int n, u32 enough)
{
	unsigned int i, done;
	u32 dead[ADEOS_LOCK_WORDS];

	do {
		memset(dead, 0, sizeof(dead));
		done = 0;
		for (i = 0; i < n; i++) {
			/* After all that the dead one did */
			u32 life = smp_load_acquire(&nodes[i].life);

			if (life == DEAD)
				dead[i / 32] |= 1u << i % 32;
			done += life == DONE;
		}
		if (dead[0] | dead[1])
			adeos_lock_recover(&lock, dead);
		for (i = 0; i < n; i++)
			if (dead[i / 32] >> i % 32 & 1)
				smp_store_release(&nodes[i].life, ALIVE); /* with live() */
		if (READ_ONCE(entries) >= enough) {
			/* The remaining threads end undisturbed. */
			WRITE_ONCE(mortal, 0);
			WRITE_ONCE(stop, 1);
		}
		sched_yield();
	} while (done < n);
}

static u64 run_nodes(unsigned int n, unsigned int to_do, u32 enough)
{
	unsigned int i;
	u64 sum = 0;

	adeos_lock_init(&lock);
	once = 0;
	twice = 0;
	entries = 0;
	unnoticed = 0;
	start = 0;
	stop = 0;
	memset(nodes, 0, sizeof(nodes));
	for (i = 0; i < n; i++) {
		nodes[i].slot = i;
		nodes[i].seed = 2002 + i;
		nodes[i].to_do = to_do;
		if (pthread_create(&nodes[i].thread, NULL, live, &nodes[i]))
			exit(1);
	}
	WRITE_ONCE(start, 1);
	watch(n, enough);
	for (i = 0; i < n; i++) {
		pthread_join(nodes[i].thread, NULL);
		sum += nodes[i].done;
	}
	return sum;
}

static void test_alone(void)
{
	const u32 dead7[ADEOS_LOCK_WORDS] = { 1 << 7 }, dead59[ADEOS_LOCK_WORDS] = { 0, 1u << 27 };

	adeos_lock_init(&lock);
	ok(!adeos_lock_acquire(&lock, 7) && lock.owner == 8, "acquired");
	ok(adeos_lock_try(&lock, 59, 0) == -EBUSY && adeos_lock_try(&lock, 59, 5) == -EBUSY &&
	   lock.owner == 8 && !lock.waiting[1].counter, "not by another, who leaves no bit");
	ok(!adeos_lock_recover(&lock, dead59) && lock.owner == 8, "nor by the death of another");
	adeos_lock_release(&lock, 7);
	ok(!lock.owner, "released");
	ok(!adeos_lock_recover(&lock, dead7) && !adeos_lock_try(&lock, 59, 0),
	   "the death of a CPU that does not hold it changes nothing");
	ok(adeos_lock_recover(&lock, dead59) && adeos_lock_try(&lock, 0, 0) == -EOWNERDEAD,
	   "who dies holding it is noticed by the next");
	adeos_lock_release(&lock, 0);
	ok(!adeos_lock_acquire(&lock, 1), "and only by that one");
	adeos_lock_release(&lock, 1);
}

static void set_lock(u32 owner, u64 waiting)
{
	lock.owner = owner;
	lock.waiting[0].counter = (int)(u32)waiting;
	lock.waiting[1].counter = (int)(waiting >> 32);
}

static void test_turns(void)
{
	const u32 dead[ADEOS_LOCK_WORDS] = { 1 << 9 | 1 << 3 };

	set_lock(6, 1ULL << 3 | 1ULL << 9 | 1ULL << 40);
	adeos_lock_release(&lock, 5);
	ok(lock.owner == (10 | ADEOS_LOCK_OFFERED), "the next one's turn");
	ok(adeos_lock_try(&lock, 4, 100) == -EBUSY, "nobody else's");
	lock.waiting[0].counter = 1 << 3;
	ok(adeos_lock_try(&lock, 4, 100) == -EBUSY && !adeos_lock_try(&lock, 40, 0) &&
	   lock.owner == 41, "or the next one's, if it has given up");
	set_lock(41, 1ULL << 3 | 1ULL << 9 | 1ULL << 40);
	adeos_lock_release(&lock, 40);
	ok(lock.owner == (4 | ADEOS_LOCK_OFFERED), "turns go round, and not to who releases it");
	ok(!adeos_lock_recover(&lock, dead) && lock.waiting[0].counter == 0 &&
	   !adeos_lock_try(&lock, 4, 0), "the dead wait for nothing");
	set_lock(10, 1ULL << 3 | 1ULL << 9 | 1ULL << 40);
	ok(adeos_lock_recover(&lock, dead) &&
	   lock.owner == (41 | ADEOS_LOCK_OFFERED | ADEOS_LOCK_DIED),
	   "the turn after a dead owner's");
	ok(adeos_lock_try(&lock, 40, 0) == -EOWNERDEAD && !lock.waiting[1].counter,
	   "is taken with notice");
	adeos_lock_release(&lock, 40);
}

/* As many slots as there can be, and words that no slot needs */
static void test_slots(void)
{
	u32 dead[ADEOS_LOCK_WORDS] = { [7] = 1u << 254 % 32 };
	unsigned int words = adeos_lock_words;

	adeos_lock_words = ADEOS_LOCK_WORDS;
	adeos_lock_init(&lock);
	ok(!adeos_lock_acquire(&lock, 254) && lock.owner == 255 &&
	   adeos_lock_try(&lock, 253, 0) == -EBUSY, "the last slot's");
	lock.waiting[3].counter = 1 << 5 | 1 << 9;
	adeos_lock_release(&lock, 254);
	ok(lock.owner == (102 | ADEOS_LOCK_OFFERED) && adeos_lock_try(&lock, 105, 0) == -EBUSY &&
	   !adeos_lock_try(&lock, 101, 0), "turns go round over all words");
	lock.waiting[3].counter = 1 << 4 | 1 << 5;
	adeos_lock_release(&lock, 101);
	ok(lock.owner == (101 | ADEOS_LOCK_OFFERED), "and come back to the word they began with");
	set_lock(255, 0);
	lock.waiting[3].counter = 0;
	lock.waiting[7].counter = 1 << 30;
	ok(adeos_lock_recover(&lock, dead) && lock.owner == ADEOS_LOCK_DIED &&
	   !lock.waiting[7].counter, "the last one dies");
	adeos_lock_words = 1;
	adeos_lock_init(&lock);
	lock.waiting[1].counter = ~0;
	ok(!adeos_lock_acquire(&lock, 31), "on a machine of 32 CPUs");
	adeos_lock_release(&lock, 31);
	ok(!lock.owner, "only the first word counts");
	set_lock(40, 0);
	ok(adeos_lock_recover(&lock, dead) && adeos_lock_try(&lock, 0, 0) == -EOWNERDEAD,
	   "an owner that cannot be is a dead one");
	adeos_lock_init(&lock);
	adeos_lock_words = words;
}

static u64 nonsense(void)
{
	u64 bits = (u64)rand() << 42 ^ (u64)rand() << 21 ^ rand();

	return rand() % 2 ? bits : rand() % 2 ? 0 : ~0ULL;
}

static void test_hostile(void)
{
	const u32 all[ADEOS_LOCK_WORDS] = { ~0u, ~0u };
	unsigned int i, slot, wrong = 0, taken = 0, busy = 0;
	u32 word;
	int err;

	patient = 3;
	for (i = 0; i < 200000; i++) {
		slot = rand() % MAX_CPUS;
		word = nonsense();
		if (rand() % 2)
			word &= 0x3ff;
		set_lock(word, nonsense());
		err = adeos_lock_try(&lock, slot, 1 + rand() % 8);
		if (err == -EBUSY) {
			busy++;
			wrong += lock.owner != word;
			adeos_lock_recover(&lock, all);
			err = adeos_lock_try(&lock, slot, 1);
		}
		taken += !err || err == -EOWNERDEAD;
		wrong += lock.owner != slot + 1;
		/* A thread that finds the lock free does not look at the bits. */
		wrong += word && lock_has_bit(&lock, slot);
		adeos_lock_release(&lock, slot);
		word = lock.owner;
		wrong += word && (!(word & ADEOS_LOCK_OFFERED) ||
				  (word & ADEOS_LOCK_SLOT) > lock_slots() || word > 0x1ff);
	}
	ok(taken == i && !wrong && busy, "nonsense in its words does not outlive recovery");
	set_lock(61, 0);
	ok(adeos_lock_try(&lock, 0, 100) == -EBUSY, "an owner that cannot be is waited for");

	/* The word names a waiting slot, but it never comes. */
	set_lock(1 | ADEOS_LOCK_OFFERED, ~0ULL);
	for (i = 0; i < 100; i++) {
		wrong += adeos_lock_acquire(&lock, 5);
		adeos_lock_release(&lock, 5);
	}
	ok(!wrong && !lock.waiting[0].counter, "those who only seem to wait are passed over");
	patient = 1000000;
}

static void test_threads(void)
{
	unsigned int i;
	u32 passed = 0;
	u64 sum;

	patient = 1u << 31;
	sum = run_nodes(MAX_CPUS, 200, ~0u);
	for (i = 0; i < MAX_CPUS; i++)
		if (nodes[i].passed > passed)
			passed = nodes[i].passed;
	printf("# passed %u times at most\n", passed);
	ok(sum == 200 * MAX_CPUS && once == sum && twice == sum, "60 threads exclude each other");
	/* One more: an owner counts after it has taken the lock. */
	ok(passed <= MAX_CPUS, "and pass a waiting CPU once each");
	ok(!lock.waiting[0].counter && !lock.waiting[1].counter && !lock.owner,
	   "and leave nothing behind");
}

static void test_deaths(unsigned int n, u32 enough)
{
	u64 sum;

	/* Some lose their turn. */
	patient = 10;
	mortal = 1;
	sum = run_nodes(n, 0, enough);
	printf("# %u threads, %llu times\n", n, sum);
	ok(once == sum && sum >= enough, "threads that die exclude each other");
	ok(!unnoticed, "an owner after a death gets -EOWNERDEAD");
}

int main(void)
{
	unsigned int i, least = ~0u;

	setvbuf(stdout, NULL, _IOLBF, 0);
	srand(2002);
	adeos_lock_words = 2;
	test_alone();
	test_turns();
	test_slots();
	test_hostile();
	test_threads();
	test_deaths(MAX_CPUS, 20000);
	test_deaths(2, 50000);
	printf("# deaths:");
	for (i = 0; i <= ADEOS_LOCK_STEPS; i++) {
		printf(" %u", deaths[i]);
		/* Whether patience ends is up to the scheduler. */
		if (i != ADEOS_LOCK_FORFEIT && (i < ADEOS_LOCK_DEATHS || i == ADEOS_LOCK_STEPS) &&
		    deaths[i] < least)
			least = deaths[i];
	}
	printf("; %u messes\n", repaired);
	ok(least > 0 && repaired, "and they died at every step");
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
