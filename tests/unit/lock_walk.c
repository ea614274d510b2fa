// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/proto/lock.c itself, one access at a time: every order in which a few CPUs,
 * the root, and deaths can take turns, and many orders for 60 CPUs.
 *
 * Each CPU is a fiber, which ADEOS_LOCK_STEP() stops before each access to the
 * lock.  A state is what the CPUs share and the used part of each stack, so
 * it can be put back, and the next choice tried (breadth first: the way to a
 * mistake is a shortest one).  Stacks are put back behind the compiler's
 * back: this is not for the address or thread sanitizer.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

/* How patient CPUs are; 0: for ever, as they forget the offer that they saw. */
static unsigned int patient;

static void lock_step(int step);
#define ADEOS_LOCK_STEP(step)	lock_step(step)
#define ADEOS_LOCK_PATIENCE	(patient ? patient : (last = 0, 1))
#define cpu_relax()		((void)0)
#include "../../adeos/proto/lock.c"
#include "tap.h"

#define MAX_CPUS	ADEOS_MAX_CPUS
#define NOBODY		255
#define STACK_SIZE	16384
#define UNUSED		1024	/* more than a fiber uses between two stops */

/* The states to walk over. */
static struct {
	unsigned int cpus;
	unsigned int triers;	/* the last ones of them only try, with two looks */
	unsigned int deaths;
	unsigned int watched;	/* how often the first ones are passed */
} config;

/* A part of the state: what CPUs share, and observations of them. */
static struct {
	struct adeos_lock lock;
	u8 inside;		/* who is in the critical section */
	u8 half;		/* the protected data is half changed */
	u8 root_works;
	u8 deaths_left;
	struct {
		u8 step;
		u8 dead;
		u8 waits;	/* from its bit being set on */
		u8 owns;
		u8 looked;	/* nobody has changed the lock since then */
		u32 passed;	/* how often another got the lock meanwhile */
	} cpu[MAX_CPUS];
} world;

/* Not a part of it */
static u32 completed[MAX_CPUS], most_passed;
static const char *mistake;

struct fiber {
	ucontext_t start;
	jmp_buf at;
	char *sp;
	__aligned(64) char stack[STACK_SIZE];
};

static struct fiber fibers[MAX_CPUS + 1], *current;
static jmp_buf scheduler;

static unsigned int self(void)
{
	return current - fibers;
}

static __attribute_noinline__ void stop_here(void)
{
	char *sp;

	if (_setjmp(current->at))
		return;
#ifdef __x86_64__
	asm volatile("mov %%rsp, %0" : "=r" (sp));
#else
	asm volatile("mov %%esp, %0" : "=r" (sp));
#endif
	current->sp = sp;
	_longjmp(scheduler, 1);
}

static void run(unsigned int i)
{
	current = &fibers[i];
	if (_setjmp(scheduler))
		return;
	if (current->sp)
		_longjmp(current->at, 1);
	setcontext(&current->start);
}

static void wrong(const char *what)
{
	if (!mistake)
		mistake = what;
}

/* Each other CPU passes a waiting CPU once, and again after each interference. */
static u32 allowed_passes(void)
{
	u32 interferences = config.deaths;

	return (config.cpus - 1) * (1 + interferences);
}

static void note_owner(unsigned int cpu)
{
	unsigned int i;

	if (world.cpu[cpu].owns)
		return;
	world.cpu[cpu].owns = 1;
	world.cpu[cpu].waits = 0;
	world.cpu[cpu].passed = 0;
	for (i = 0; i < config.watched; i++) {
		if (!world.cpu[i].waits || world.cpu[i].dead)
			continue;
		if (++world.cpu[i].passed > most_passed)
			most_passed = world.cpu[i].passed;
		if (world.cpu[i].passed > allowed_passes())
			wrong("passed too often");
	}
}

static void lock_step(int step)
{
	unsigned int cpu = self();

	if (cpu < config.cpus) {
		world.cpu[cpu].step = step;
		if (step == ADEOS_LOCK_LOOK && !world.cpu[cpu].waits) {
			world.cpu[cpu].waits = 1;
			world.cpu[cpu].passed = 0;
		}
	}
	/* The one place that acquires it and stops before it says so */
	if (cpu < config.cpus && step == ADEOS_LOCK_LEAVE && world.lock.owner == cpu + 1)
		note_owner(cpu);
	stop_here();
}

static void use_lock(unsigned int cpu)
{
	int tries = cpu >= config.cpus - config.triers;
	int err;

	if (tries)
		err = adeos_lock_try(&world.lock, cpu, 2);
	else
		err = adeos_lock_acquire(&world.lock, cpu);
	if (err == -EBUSY) {
		world.cpu[cpu].waits = 0;
		world.cpu[cpu].passed = 0;
		completed[cpu]++;
		return;
	}
	if (world.inside != NOBODY)
		wrong("two inside");
	if (world.half && err != -EOWNERDEAD)
		wrong("a death went unnoticed");
	if (err && err != -EOWNERDEAD)
		wrong("unknown error");
	note_owner(cpu);
	world.inside = cpu;
	world.half = 1;
	world.cpu[cpu].step = ADEOS_LOCK_STEPS;
	stop_here();
	world.half = 0;
	world.inside = NOBODY;
	world.cpu[cpu].owns = 0;
	adeos_lock_release(&world.lock, cpu);
	completed[cpu]++;
}

static struct {
	jmp_buf at;
	char *sp;
	char stack[1024];
} newborn[MAX_CPUS];

static void give_birth(unsigned int cpu)
{
	struct fiber *f = &fibers[cpu];

	memcpy(f->at, newborn[cpu].at, sizeof(f->at));
	f->sp = newborn[cpu].sp;
	memcpy(f->sp, newborn[cpu].stack, f->stack + STACK_SIZE - f->sp);
	memset(&world.cpu[cpu], 0, sizeof(world.cpu[cpu]));
}

static void recover_the_dead(void)
{
	u32 dead[ADEOS_LOCK_WORDS] = { };
	unsigned int i;

	for (i = 0; i < config.cpus; i++)
		if (world.cpu[i].dead)
			dead[i / 32] |= 1u << i % 32;
	world.root_works = 1;
	adeos_lock_recover(&world.lock, dead);
	world.root_works = 0;
	for (i = 0; i < config.cpus; i++)
		if (dead[i / 32] >> i % 32 & 1)
			give_birth(i);
}

static void live(void)
{
	for (;;) {
		stop_here();
		if (self() < config.cpus)
			use_lock(self());
		else
			recover_the_dead();
	}
}

static void kill_cpu(unsigned int cpu)
{
	world.cpu[cpu].dead = 1;
	world.deaths_left--;
	if (world.inside == cpu)
		world.inside = NOBODY;
}

static void begin(unsigned int cpus, unsigned int triers, unsigned int deaths)
{
	unsigned int i;

	config.cpus = cpus;
	config.triers = triers;
	config.deaths = deaths;
	config.watched = patient ? 0 : 1;
	memset(&world, 0, sizeof(world));
	adeos_lock_init(&world.lock);
	world.inside = NOBODY;
	world.deaths_left = deaths;
	most_passed = 0;
	mistake = NULL;
	for (i = 0; i <= cpus; i++) {
		struct fiber *f = &fibers[i];

		memset(f, 0, sizeof(*f));
		getcontext(&f->start);
		f->start.uc_stack.ss_sp = f->stack;
		f->start.uc_stack.ss_size = STACK_SIZE;
		makecontext(&f->start, live, 0);
		run(i);
		if (i == cpus)
			break;
		memcpy(newborn[i].at, f->at, sizeof(f->at));
		newborn[i].sp = f->sp;
		memcpy(newborn[i].stack, f->sp, f->stack + STACK_SIZE - f->sp);
	}
}

static int somebody_is_dead(void)
{
	unsigned int i;

	for (i = 0; i < config.cpus; i++)
		if (world.cpu[i].dead)
			return 1;
	return 0;
}

/* Choices: CPU i goes on, the root (i = cpus) does, CPU i - cpus - 1 dies. */
static int is_possible(unsigned int i)
{
	if (i == config.cpus)
		return world.root_works || somebody_is_dead();
	if (i > config.cpus)
		return world.deaths_left && !world.cpu[i - config.cpus - 1].dead;
	if (world.cpu[i].dead)
		return 0;
	/* Another look at the same word changes only the patience. */
	if (!patient && i < config.cpus - config.triers &&
	    world.cpu[i].step == ADEOS_LOCK_LOOK && world.cpu[i].looked)
		return 0;
	return 1;
}

static void go(unsigned int i)
{
	struct adeos_lock before = world.lock;
	unsigned int j;

	if (i > config.cpus) {
		kill_cpu(i - config.cpus - 1);
		return;
	}
	if (i < config.cpus)
		world.cpu[i].looked = world.cpu[i].step == ADEOS_LOCK_LOOK;
	/* Remains of other paths there would make states differ. */
	memset(fibers[i].sp - UNUSED, 0, UNUSED);
	run(i);
	if (before.owner == world.lock.owner &&
	    !memcmp(before.waiting, world.lock.waiting, sizeof(before.waiting)))
		return;
	for (j = 0; j < config.cpus; j++)
		world.cpu[j].looked = 0;
}

/* A state, put away */
struct state {
	struct state *next;
	u32 number;
	u32 size;
	char bytes[];
};

#define MAX_STATES	8000000
#define TABLE_SIZE	16000000

static struct {
	u64 *table;
	u32 *parent;
	u8 *choice;
	u32 number;
} seen;

static size_t world_size(void)
{
	return offsetof(typeof(world), cpu) + config.cpus * sizeof(world.cpu[0]);
}

static struct state *put_away(void)
{
	size_t size = world_size();
	struct state *s;
	unsigned int i;
	char *p;

	for (i = 0; i <= config.cpus; i++)
		size += sizeof(jmp_buf) + sizeof(char *) +
			(fibers[i].stack + STACK_SIZE - fibers[i].sp);
	s = malloc(sizeof(*s) + size);
	if (!s)
		exit(1);
	s->size = size;
	p = mempcpy(s->bytes, &world, world_size());
	for (i = 0; i <= config.cpus; i++) {
		struct fiber *f = &fibers[i];

		p = mempcpy(p, f->at, sizeof(jmp_buf));
		p = mempcpy(p, &f->sp, sizeof(f->sp));
		p = mempcpy(p, f->sp, f->stack + STACK_SIZE - f->sp);
	}
	return s;
}

static void put_back(const struct state *s)
{
	const char *p = s->bytes + world_size();
	unsigned int i;

	memcpy(&world, s->bytes, world_size());
	for (i = 0; i <= config.cpus; i++) {
		struct fiber *f = &fibers[i];
		size_t used;

		memcpy(f->at, p, sizeof(jmp_buf));
		p += sizeof(jmp_buf);
		memcpy(&f->sp, p, sizeof(f->sp));
		p += sizeof(f->sp);
		used = f->stack + STACK_SIZE - f->sp;
		memcpy(f->sp, p, used);
		p += used;
	}
}

static u64 hash_of(const struct state *s)
{
	u64 h = 0xcbf29ce484222325ULL, v;
	u32 i;

	for (i = 0; i < s->size; i += 8) {
		v = 0;
		memcpy(&v, s->bytes + i, s->size - i < 8 ? s->size - i : 8);
		h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	return h ? h : 1;
}

/* True if it is new; then it has a number. */
static int note(struct state *s, u32 parent, u8 choice)
{
	u64 h = hash_of(s);
	u32 i;

	for (i = h % TABLE_SIZE; seen.table[i]; i = (i + 1) % TABLE_SIZE)
		if (seen.table[i] == h)
			return 0;
	if (seen.number == MAX_STATES) {
		wrong("too many states");
		return 0;
	}
	seen.table[i] = h;
	s->number = seen.number++;
	seen.parent[s->number] = parent;
	seen.choice[s->number] = choice;
	return 1;
}

static void tell_way(u32 number, unsigned int last)
{
	unsigned int way[4096], n = 0;

	for (; number && n < ARRAY_SIZE(way); number = seen.parent[number])
		way[n++] = seen.choice[number];
	printf("# %s after", mistake);
	while (n--)
		printf(" %u", way[n]);
	printf(" %u\n", last);
}

/* From here on nobody dies, and all take turns: can all CPUs go on? */
static int all_get_along(void)
{
	unsigned int i, round, waiting;

	memset(completed, 0, sizeof(completed));
	for (round = 0; round < 400 * config.cpus; round++) {
		waiting = 0;
		for (i = 0; i <= config.cpus; i++) {
			if (is_possible(i))
				go(i);
			/* The dead is born again. */
			waiting += i < config.cpus && completed[i] < 2;
		}
		if (!waiting)
			return 1;
	}
	return 0;
}

/* Walks over all states that can be reached from the one that is there. */
static int walk(int get_along)
{
	struct state *first, *last, *s;
	unsigned int i;

	seen.table = calloc(TABLE_SIZE, sizeof(*seen.table));
	seen.parent = malloc(MAX_STATES * sizeof(*seen.parent));
	seen.choice = malloc(MAX_STATES);
	if (!seen.table || !seen.parent || !seen.choice)
		exit(1);
	seen.number = 0;
	first = put_away();
	last = first;
	first->next = NULL;
	note(first, 0, 0);
	while (first && !mistake) {
		for (i = 0; i <= 2 * config.cpus && !mistake; i++) {
			put_back(first);
			if (!is_possible(i))
				continue;
			go(i);
			s = put_away();
			if (mistake) {
				tell_way(first->number, i);
			} else if (note(s, first->number, i)) {
				s->next = NULL;
				last->next = s;
				last = s;
				continue;
			}
			free(s);
		}
		put_back(first);
		if (get_along && !mistake && (!all_get_along() || mistake)) {
			wrong("somebody waits for ever");
			tell_way(first->number, NOBODY);
		}
		s = first;
		first = first->next;
		free(s);
	}
	while (first) {
		s = first;
		first = first->next;
		free(s);
	}
	free(seen.table);
	free(seen.parent);
	free(seen.choice);
	printf("# %u states; passed %u times at most\n", seen.number, most_passed);
	return !mistake;
}

/* Many CPUs, in an order by chance, with some that run far more than others. */
static void amble(unsigned int steps)
{
	unsigned int i, step, quick = 0;

	for (step = 0; step < steps && !mistake; step++) {
		if (step % 1000 == 0)
			quick = rand() % config.cpus;
		i = rand() % 3 ? (quick + rand() % 8) % config.cpus : rand() % (config.cpus + 1);
		if (config.deaths && rand() % 500 == 0) {
			world.deaths_left = 1;
			i = config.cpus + 1 + rand() % config.cpus;
		}
		if (is_possible(i))
			go(i);
		world.deaths_left = 0;
	}
	/* For the time between */
	if (!mistake && !all_get_along())
		wrong("somebody waits for ever");
	printf("# passed %u times at most\n", most_passed);
	if (mistake)
		printf("# %s\n", mistake);
}

static void test_all_orders(void)
{
	patient = 0;
	begin(3, 0, 0);
	ok(walk(1), "three CPUs, in every order");
	ok(most_passed == 2, "each other CPU passes a waiting one once, at most; and that happens");
	begin(3, 1, 0);
	ok(walk(1), "three CPUs, one of which gives up");
	begin(3, 0, 1);
	ok(walk(0), "three CPUs, and a death");
	begin(2, 0, 2);
	ok(walk(1), "two CPUs, two deaths");
	begin(2, 1, 1);
	ok(walk(1), "two CPUs, one of which gives up, and a death");
	patient = 2;
	begin(2, 0, 1);
	ok(walk(1), "two CPUs without patience, and a death");
	begin(2, 0, 0);
	world.lock.waiting[1].counter = (int)(1u << 31 | 1u << 59 % 32);
	world.lock.owner = 60 | ADEOS_LOCK_OFFERED;
	ok(walk(1), "an offer to a CPU that only seems to wait");
}

static void test_many(void)
{
	patient = 0;
	srand(2002);
	begin(60, 0, 0);
	config.watched = 60;
	amble(5000000);
	ok(!mistake, "60 CPUs, by chance: a waiting CPU is passed 59 times, at most");
	begin(60, 20, 1);
	config.watched = 0;
	amble(5000000);
	ok(!mistake, "60 CPUs, 20 of which give up, and many deaths");
	adeos_lock_words = ADEOS_LOCK_WORDS;
	begin(MAX_CPUS, 0, 0);
	config.watched = MAX_CPUS;
	amble(5000000);
	ok(!mistake, "255 CPUs, by chance: who waits is passed 254 times, at most");
	begin(MAX_CPUS, 80, 1);
	config.watched = 0;
	amble(5000000);
	ok(!mistake, "255 CPUs, 80 of which give up, and many deaths");
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	adeos_lock_words = 2;
	if (argc == 4) {
		/* CPUs, how many of them give up, deaths */
		begin(atoi(argv[1]), atoi(argv[2]), atoi(argv[3]));
		ok(walk(1), "the walk that was asked for");
	} else {
		test_all_orders();
		test_many();
	}
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
