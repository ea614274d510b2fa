// SPDX-License-Identifier: GPL-2.0
/*
 * The distributed sharing protocol with 60 simulated vnodes in one thread.
 * Each vnode is a coroutine; at each access to the commons the simulation may
 * switch to another one, or let it die there and then.  The clock only moves
 * when nobody has anything to do, so no timeout depends on the host's speed.
 * dsp_hand_test.c has what is brought about step by step.
 */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "proto/dsp.h"
#include "dsp_pages.h"
#include "tap.h"

#define STACK	(128u << 10)
#define PAGES	4096u
#define NEVER	(~0ull)
#define DIRTY	0xa5

/* The machine. */
static struct commons *commons;
static struct dsp_root root_part;
static u32 now;
static u32 phys[PAGES][COMMONS_NODES];	/* a word of each user in each page */
static u8 used[PAGES], copying[PAGES];
static u32 copies[COMMONS_BRIDGES], nr_copies;	/* what the root has to copy */
static u32 nodes;
static const char *broken;		/* the first thing that was not right */

struct node {
	struct dsp dsp;
	ucontext_t context;
	void *stack, *fake;
	u64 steps;
	u32 tick;
	u32 pong;
	bool alive, idle, interrupt, done, mute;
	u32 touched[COMMONS_BRIDGES];
};

static struct node node[COMMONS_NODES];
static ucontext_t scheduler;
static void *scheduler_fake;
static const void *scheduler_stack;
static size_t scheduler_size;
static u32 current = COMMONS_NOBODY, victim, hostile;
static u64 kill_at, steps, scribbles;
static u64 died, restart;		/* what the root has to do */
static bool stop, moving, clean, root_dead;
static u32 switching;			/* one step in so many switches */
static u64 seen_mask[4096];		/* of each epoch */

static void breaks(const char *what)
{
	if (!broken && !scribbles)
		broken = what;
}

static void to_scheduler(bool for_ever)
{
	struct node *n = &node[current];

	__sanitizer_start_switch_fiber(for_ever ? NULL : &n->fake, scheduler_stack, scheduler_size);
	swapcontext(&n->context, &scheduler);
	__sanitizer_finish_switch_fiber(n->fake, &scheduler_stack, &scheduler_size);
}

static void scribble(void)
{
	u32 *w = (u32 *)commons;
	/* A broken vnode mostly writes plausible values. */
	size_t at = rand() % 3 ? (size_t)rand() % (sizeof(*commons) / 4) :
		(offsetof(struct commons, epoch) / 4) + rand() % 40000;

	w[at] = rand() % 2 ? (u32)rand() << 1 ^ rand() : w[at] ^ 1u << rand() % 32;
	scribbles++;
}

void sim_step(void)
{
	struct node *n;

	if (current == COMMONS_NOBODY)
		return;
	n = &node[current];
	n->steps++;
	steps++;
	if (current == victim && n->steps == kill_at) {
		n->alive = false;
		victim = COMMONS_NOBODY;
		if (current)
			died |= commons_bit(current);
		else
			root_dead = true;
		node[0].interrupt = true;
		to_scheduler(true);
	}
	if (rand() % switching == 0)
		to_scheduler(false);
}

static void idle(void)
{
	node[current].idle = true;
	to_scheduler(false);
}

/* The kernel's part of the protocol. */
static void op_ring(void *priv, u32 to)
{
	(void)priv;
	sim_step();
	node[to].interrupt = true;
	/* Runs the handler of a vnode that waits for an interrupt. */
	node[to].idle = false;
}

static bool op_view(void *priv, u64 left, u64 joined)
{
	struct node *n = priv;
	const struct dsp_member *m = &n->dsp.member;

	if (left & ~joined & m->mask || joined & ~m->mask)
		breaks("a view and what changed do not agree");
	if (m->epoch < ARRAY_SIZE(seen_mask)) {
		if (seen_mask[m->epoch] && seen_mask[m->epoch] != m->mask)
			breaks("two masks for one epoch");
		seen_mask[m->epoch] = m->mask;
	}
	return true;
}

static void op_message(void *priv, u32 from, const union dsp_msg *msg)
{
	(void)from;
	if (msg->type == DSP_PONG)
		((struct node *)priv)->pong = msg->txn;
}

static void op_freeze(void *priv, u32 index)
{
	struct node *n = priv;

	if (n->dsp.open[index].state != BRIDGE_FROZEN)
		breaks("frozen without being");
}

static void op_thaw(void *priv, u32 index, u32 pfn)
{
	(void)priv;
	(void)index;
	if (pfn >= PAGES || !used[pfn])
		breaks("thawed to free memory");
}

static void op_gone(void *priv, u32 index)
{
	(void)priv;
	(void)index;
}

static int op_alloc(void *priv, u32 from, u32 pages, bool may_move, u32 *pfn)
{
	(void)priv;
	(void)from;
	(void)may_move;
	if (take_pages(used, PAGES, pages, pfn))
		return -ENOMEM;
	/* Data of an earlier user */
	memset(phys[*pfn], DIRTY, pages * sizeof(phys[0]));
	return 0;
}

static void op_release(void *priv, u32 pfn, u32 pages)
{
	(void)priv;
	give_pages(used, pages, pfn);
}

/* Later, unless it cannot be: the root goes on with other things, and others die. */
static int op_copy(void *priv, u32 index, u32 to, u32 from, u32 pages)
{
	(void)priv;
	(void)to;
	memset(copying + from, 1, pages);
	copies[nr_copies++] = index;
	return -EINPROGRESS;
}

static void copy(u32 to, u32 from, u32 pages)
{
	u32 i, at;

	memset(copying + from, 1, pages);
	for (i = 0; i < pages; i++) {
		sim_step();
		at = to < from ? i : pages - 1 - i;
		memcpy(phys[to + at], phys[from + at], sizeof(phys[0]));
	}
	memset(copying + from, 0, pages);
}

static const struct dsp_ops ops = {
	.ring = op_ring, .view = op_view, .message = op_message, .freeze = op_freeze,
	.thaw = op_thaw, .gone = op_gone, .alloc = op_alloc, .release = op_release,
	.copy = op_copy,
};

/* Interrupts and the clock. */
static bool service(struct node *n)
{
	u32 portals;

	if (n->interrupt) {
		n->interrupt = false;
		portals = dsp_portal_take(commons, n->dsp.id, 0);
		if (portals && dsp_poll(&n->dsp, now))
			n->interrupt = true;
		return true;
	}
	if ((s32)(now - n->tick) >= 0) {
		n->tick = now + 1000;
		if (beat_and_tick(&n->dsp, now))
			n->interrupt = true;
		return true;
	}
	return false;
}

static void rest(struct node *n)
{
	if (!service(n))
		idle();
}

/* Writes to its own word of the first page, and finds what it wrote before. */
static void touch(struct node *n, u32 index)
{
	u32 pfn, pages, i, v;

	for (i = 0; i < 4; i++) {
		service(n);
		if (dsp_bridge_where(&n->dsp, index, &pfn, &pages))
			continue;
		if (pfn >= PAGES)
			return breaks("a place that is none");
		if (copying[pfn] || !used[pfn])
			breaks("touched while it moves, or is free");
		v = phys[pfn][n->dsp.id];
		if (v != n->touched[index])
			breaks("contents got lost");
		sim_step();
		if (copying[pfn])
			breaks("moved while it is touched");
		phys[pfn][n->dsp.id] = v + 1;
		n->touched[index]++;
	}
}

static int wait_call(struct node *n, int call, struct dsp_result *result)
{
	int err;

	if (call < 0)
		return call;
	while ((err = dsp_call_result(&n->dsp, call, result)) == -EINPROGRESS)
		rest(n);
	return err ?: result->error;
}

/* The owner's part: nobody else may have written to the memory. */
static int clear(struct node *n, u32 index, u32 generation)
{
	u32 pfn, pages, i, word = DIRTY * 0x01010101u;
	int err = dsp_bridge_claim(&n->dsp, index, generation);

	for (i = 0; !err && i < 4; i++) {
		err = dsp_bridge_where(&n->dsp, index, &pfn, &pages);
		if (err)
			break;
		if (pfn + pages > PAGES) {
			breaks("a place that is none");
			return -EPROTO;
		}
		if (copying[pfn] || !used[pfn] || phys[pfn][i % 2 ? 0 : n->dsp.id] != word)
			breaks("it moves, is free, or somebody else uses it while it is cleared");
		sim_step();
		if (i % 2)
			service(n);
	}
	if (!err)
		memset(phys[pfn], 0, pages * sizeof(phys[0]));
	return err;
}

static int create(struct node *n, const char *name, u8 flags, u32 pages, struct dsp_result *result)
{
	struct dsp_bridge_request req = { .flags = flags, .pages = pages, .allowed = { ~0u, ~0u } };
	struct dsp_result cleared;
	int err;

	memcpy(req.name, name, strlen(name));
	err = wait_call(n, dsp_bridge_create(&n->dsp, &req, now), result);
	if (err)
		return err;
	err = clear(n, result->index, result->generation);
	if (!err)
		err = wait_call(n, dsp_bridge_cleared(&n->dsp, result->index, now), &cleared);
	if (!err)
		err = dsp_bridge_begin(&n->dsp, result->index);
	dsp_bridge_close(&n->dsp, result->index);
	return err;
}

/* Several tries, because another vnode's bridge may come and go. */
static int open_some(struct node *n, u32 scope, const char *name, u32 *index)
{
	int err = -ENOENT;
	u32 i, refs, pfn;

	for (i = 0; i < 3; i++) {
		service(n);
		err = dsp_bridge_open(&n->dsp, scope, name, true, index);
		if (!err) {
			refs = n->dsp.open[*index].refs;
			pfn = n->dsp.open[*index].pfn % PAGES;
			if (refs == 1)
				n->touched[*index] = phys[pfn][n->dsp.id];
			return 0;
		}
		if (err != -EAGAIN && err != -ENOENT)
			break;
		rest(n);
	}
	return err;
}

static void use(struct node *n, u32 scope, const char *name)
{
	u32 index;

	if (open_some(n, scope, name, &index))
		return;
	touch(n, index);
	rest(n);
	touch(n, index);
	dsp_bridge_close(&n->dsp, index);
}

/* All protocols once. */
static void script(struct node *n)
{
	union dsp_msg ping = { .type = DSP_PING };
	u32 next = (n->dsp.id + 1) % nodes, own, theirs;
	struct dsp_result box, wire;
	bool have;

	ping.txn = 4711;
	if (!dsp_send(&n->dsp, next, &ping))
		while (n->pong != 4711 && n->dsp.member.incarnation[next] == ping.to &&
		       !n->dsp.member.root_lost && !scribbles)
			rest(n);
	if (!create(n, "box", BRIDGE_MOVABLE, 2, &box)) {
		have = !open_some(n, n->dsp.id, "box", &own);
		use(n, next, "box");
		if (have)
			touch(n, own);
		create(n, "wire", BRIDGE_TRANSIENT | BRIDGE_GLOBAL, 1, &wire);
		if (!open_some(n, COMMONS_NOBODY, "wire", &theirs)) {
			touch(n, theirs);
			use(n, next, "box");
			dsp_bridge_close(&n->dsp, theirs);
		}
		if (have)
			dsp_bridge_close(&n->dsp, own);
		wait_call(n, dsp_bridge_destroy(&n->dsp, box.index, box.generation, now), &box);
	} else if (!n->dsp.member.root_lost) {
		breaks("a bridge could not be created");
	}
}

static void vnode_main(struct node *n)
{
	u32 id = n - node, i;

	while (dsp_attach(&n->dsp, commons, id, id, &ops, n, now)) {
		breaks("attach");
		n->tick = now + 1000;
		idle();
	}
	n->tick = now + rand() % 1000;
	while (!dsp_joined(&n->dsp) && !n->dsp.member.root_lost)
		rest(n);
	if (id == hostile)
		for (i = 0; i < 20000; i++) {
			scribble();
			sim_step();
			if (i % 512 == 0)
				service(n);
		}
	else
		script(n);
	n->done = true;
	while (!stop)
		rest(n);
}

static void spawn(u32 id);

static void root_move(struct node *n)
{
	struct dsp_bridge_entry *e;
	u32 i, at = rand(), pfn;

	for (i = 0; i < COMMONS_BRIDGES; i++) {
		e = &root_part.entry[(at + i) % COMMONS_BRIDGES];
		if (BRIDGE_STATE(e->tag) == BRIDGE_LIVE)
			break;
	}
	if (i == COMMONS_BRIDGES || op_alloc(n, 0, e->pub.pages, false, &pfn))
		return;
	if (dsp_bridge_root_move(&n->dsp, e - root_part.entry, pfn, now))
		op_release(n, pfn, e->pub.pages);
}

static void root_copy(struct node *n)
{
	struct dsp_bridge_entry *e = &root_part.entry[copies[--nr_copies]];

	if (BRIDGE_STATE(e->tag) != BRIDGE_MOVING)
		return breaks("what is copied changes its state");
	copy(e->new_pfn, e->pub.pfn, e->pub.pages);
	dsp_bridge_root_copied(&n->dsp, e - root_part.entry, 0);
}

/* The global bridge goes last. */
static void destroy_all(struct node *n)
{
	u32 i;

	for (i = 0; i < COMMONS_BRIDGES; i++)
		if (BRIDGE_STATE(root_part.entry[i].tag) != BRIDGE_FREE)
			dsp_bridge_root_destroy(&n->dsp, 0, i,
						BRIDGE_GENERATION(root_part.entry[i].tag), now);
	clean = false;
}

static void root_main(struct node *n)
{
	u32 id, i;
	bool rested = true;

	dsp_root_init(&n->dsp, &root_part, commons, 0, 0, &ops, n, now);
	for (id = 1; id < nodes; id++) {
		if (!dsp_root_start(&n->dsp, id))
			breaks("start");
		spawn(id);
	}
	script(n);
	n->done = true;
	while (!stop || nr_copies) {
		for (; died; died &= died - 1) {
			id = commons_first(died);
			dsp_root_died(&n->dsp, id, now);
			if (restart & commons_bit(id) &&
			    dsp_root_start(&n->dsp, id))
				spawn(id);
			restart &= ~commons_bit(id);
		}
		for (i = 0; moving && rested && i < 4; i++)
			root_move(n);
		rested = false;
		if (clean)
			destroy_all(n);
		if (!nr_copies) {
			rest(n);
			/* Or there would always be something to copy, and time stand still. */
			rested = true;
			continue;
		}
		service(n);
		if (rand() % 2)
			root_copy(n);
	}
}

static void start(void)
{
	__sanitizer_finish_switch_fiber(NULL, &scheduler_stack, &scheduler_size);
	if (current)
		vnode_main(&node[current]);
	else
		root_main(&node[current]);
	node[current].alive = false;
	to_scheduler(true);
}

static void spawn(u32 id)
{
	struct node *n = &node[id];
	void *stack = n->stack ?: malloc(STACK);

	memset(n, 0, sizeof(*n));
	n->stack = stack;
	__asan_unpoison_memory_region(stack, STACK);
	n->alive = true;
	getcontext(&n->context);
	n->context.uc_stack.ss_sp = stack;
	n->context.uc_stack.ss_size = STACK;
	makecontext(&n->context, start, 0);
}

static bool can_run(const struct node *n)
{
	return n->alive && (!n->idle || (n->interrupt && !n->mute) || (s32)(now - n->tick) >= 0);
}

static void run_one(u32 id)
{
	struct node *n = &node[id];

	n->idle = false;
	current = id;
	__sanitizer_start_switch_fiber(&scheduler_fake, n->stack, STACK);
	swapcontext(&scheduler, &n->context);
	__sanitizer_finish_switch_fiber(scheduler_fake, NULL, NULL);
	current = COMMONS_NOBODY;
}

static bool all_done(void)
{
	u32 i;

	for (i = 0; i < nodes; i++)
		if (node[i].alive && !node[i].done)
			return false;
	return !died || root_dead;
}

/* Until all are done, or a minute of the vnodes' time has gone: then some hang. */
static bool run(bool (*until)(void))
{
	u32 end = now + 60000, i, id, tries;
	u64 enough = steps + 20000000;

	while (!until()) {
		/* Time does not go on while two keep each other busy. */
		if (steps > enough)
			return false;
		id = rand() % nodes;
		for (i = 0; i < nodes && !can_run(&node[id]); i++)
			id = (id + 1) % nodes;
		if (i < nodes) {
			run_one(id);
			continue;
		}
		now += 100;
		if ((s32)(now - end) >= 0)
			return false;
		for (tries = 0; tries < nodes; tries++)
			node[tries].interrupt &= node[tries].alive;
	}
	return true;
}

static bool settled(void)
{
	u32 i;

	if (clean || root_part.busy || dsp_member_unsettled(&root_part.member, commons))
		return false;
	for (i = 0; i < nodes; i++)
		if (node[i].alive && node[i].dsp.member.epoch != root_part.member.epoch)
			return false;
	return !died;
}

static bool finished(void)
{
	u32 i;

	for (i = 0; i < nodes; i++)
		if (node[i].alive)
			return false;
	return true;
}

/* Nothing is left of anything. */
static void check_empty(void)
{
	u32 i;

	for (i = 0; i < COMMONS_BRIDGES; i++) {
		if (BRIDGE_STATE(root_part.entry[i].tag) != BRIDGE_FREE)
			breaks("a bridge is left");
		if (commons_mask(commons->bridge[i].users) ||
		    commons_mask(commons->bridge[i].frozen))
			breaks("a user is left");
		if (commons->hash[i] || commons->tag[i] != root_part.entry[i].tag)
			breaks("the table is not as the root has it");
	}
	for (i = 1; i < PAGES; i++)
		if (used[i])
			breaks("memory is left");
	for (i = 0; i < COMMONS_NODES; i++)
		if (root_part.nr[i] || root_part.pages[i] || root_part.unsent[i])
			breaks("an account is not empty");
	for (i = 0; i < nodes; i++)
		if (node[i].alive && (node[i].dsp.member.epoch != root_part.member.epoch ||
				      node[i].dsp.member.mask != root_part.member.mask))
			breaks("views differ");
}

static void reset(u32 nr, u32 seed)
{
	srand(seed);
	nodes = nr;
	memset(commons, 0, sizeof(*commons));
	memset(used, 0, sizeof(used));
	memset(copying, 0, sizeof(copying));
	nr_copies = 0;
	memset(seen_mask, 0, sizeof(seen_mask));
	now = 0xffffff00;	/* it wraps */
	victim = COMMONS_NOBODY;
	hostile = COMMONS_NOBODY;
	kill_at = NEVER;
	died = 0;
	restart = 0;
	scribbles = 0;
	stop = false;
	clean = false;
	root_dead = false;
	moving = true;
	switching = 16;
	spawn(0);
}

static void quit(void)
{
	stop = true;
	if (!run(finished))
		breaks("somebody does not stop");
}

/* Returns true if the victim died before it was through. */
static bool play(u32 nr, u32 seed, u32 who, u64 step)
{
	bool early;

	reset(nr, seed);
	victim = who;
	kill_at = step;
	restart = who != COMMONS_NOBODY ? commons_bit(who) : 0;
	if (!run(all_done))
		breaks("somebody hangs");
	early = who == COMMONS_NOBODY || !(restart & commons_bit(who));
	victim = COMMONS_NOBODY;
	moving = false;
	clean = true;
	node[0].interrupt = true;
	if (!run(settled))
		breaks("the root waits for ever");
	check_empty();
	quit();
	return early;
}

static void test_life(void)
{
	u32 seed;

	for (seed = 1; seed <= 5 && !broken; seed++)
		play(60, seed, COMMONS_NOBODY, NEVER);
	ok(!broken, "60 vnodes join, talk, share bridges that move, and leave nothing behind");
	printf("# %u bridges moved, %u moves given up, %llu steps\n",
	       node[0].dsp.count.moves, node[0].dsp.count.freeze_timeouts,
	       (unsigned long long)steps);
}

static void test_deaths(u32 nr, u32 stride, const char *name)
{
	u64 step;
	u32 n = 0;

	for (step = 1; !broken && play(nr, step, 1, step); step += 1 + rand() % stride)
		n++;
	ok(!broken && n > 20, name);
	printf("# died at %u of %llu steps\n", n, (unsigned long long)step);
	if (broken)
		printf("# seed and step %llu: %s\n", (unsigned long long)step, broken);
	broken = NULL;
}

static bool others_done(void)
{
	u32 i;

	for (i = 1; i < nodes; i++)
		if (node[i].alive && !node[i].done)
			return false;
	return root_dead;
}

static void test_root_death(u32 nr, u32 stride)
{
	bool died_early = true;
	u64 step;
	u32 i, n = 0, lost;

	/* Not before it has started the others. */
	for (step = 3000; died_early && !broken; step += 1 + rand() % stride) {
		reset(nr, step);
		victim = 0;
		kill_at = step;
		died_early = run(others_done);
		if (!died_early && !all_done())
			breaks("somebody waits for a dead root");
		for (i = 1, lost = 0; died_early && i < nodes; i++)
			lost += node[i].alive && node[i].dsp.member.root_lost;
		n++;
		if (died_early && n > 400)
			break;
		kill_at = died_early ? kill_at : node[0].steps + 1;
		quit();
	}
	ok(!broken && n > 20, "the root dies at any step: nobody hangs");
	printf("# died at %u steps\n", n);
	if (broken)
		printf("# seed and step %llu: %s\n", (unsigned long long)step, broken);
	broken = NULL;
}

static bool hostile_over(void)
{
	return all_done() || now - 0xffffff00u > 40000;
}

static u32 scrub_end;

static bool scrubbed(void)
{
	return (s32)(root_part.scrub - scrub_end) >= 0;
}

/* A vnode writes anywhere; then it is killed, and a new one must find order. */
static void test_hostile(void)
{
	u64 total = 0;
	u32 seed, i;

	for (seed = 1; seed <= 20 && !broken; seed++) {
		reset(12, seed);
		hostile = 5;
		/* Requests may be lost and end late, but nobody loops or crashes. */
		run(hostile_over);
		total += scribbles;
		for (i = 1; i < nodes; i++) {
			died |= commons_bit(i);
			node[i].alive = false;
		}
		moving = false;
		hostile = COMMONS_NOBODY;
		restart = died;
		clean = true;
		node[0].interrupt = true;
		/* The root repairs all of its own words within 16 beats. */
		run(settled);
		scrub_end = root_part.scrub + 2 * COMMONS_BRIDGES;
		if (!run(scrubbed))
			breaks("the root does not beat");
		scribbles = 0;
		for (i = 1; i < nodes; i++) {
			died |= commons_bit(i);
			node[i].alive = false;
		}
		restart = died;
		node[0].interrupt = true;
		if (!run(all_done))
			breaks("somebody hangs behind a broken vnode");
		clean = true;
		node[0].interrupt = true;
		if (!run(settled))
			breaks("the root waits for ever behind a broken vnode");
		check_empty();
		quit();
	}
	ok(!broken && total > 100000,
	   "a vnode that writes anywhere: the root runs on, and who starts later is well");
	printf("# %llu words; the root counts\n", (unsigned long long)total);
	printf("# %u scrubbed, %u bad rings, messages %u, senders %u, views %u\n",
	       node[0].dsp.count.scrubbed, node[0].dsp.count.bad_ring,
	       node[0].dsp.count.bad_message, node[0].dsp.count.bad_sender,
	       node[0].dsp.count.bad_view);
	if (broken)
		printf("# seed %u: %s\n", seed, broken);
	broken = NULL;
}

int main(void)
{
	commons = malloc(sizeof(*commons));
	test_life();
	test_deaths(6, 7, "a vnode dies at any step, and starts again: 6 vnodes");
	test_deaths(60, 120, "a vnode dies at any step, and starts again: 60 vnodes");
	test_root_death(6, 97);
	test_hostile();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
