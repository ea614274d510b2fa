// SPDX-License-Identifier: GPL-2.0
/*
 * The distributed sharing protocol with 60 simulated vnodes in one thread.
 * Each vnode is a coroutine; at each access to the commons the simulation may
 * switch to another one, or let it die there and then.  The clock only moves
 * when nobody has anything to do, so no timeout depends on the host's speed.
 */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "dsp.h"
#include "dsp_pages.h"
#include "tap.h"

#define STACK	(128u << 10)
#define PAGES	4096u
#define NEVER	(~0ull)

/* The machine. */
static struct commons *commons;
static struct dsp_root root_part;
static u32 now;
static u32 phys[PAGES][COMMONS_NODES];	/* a word of each user in each page */
static u8 used[PAGES], copying[PAGES];
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
	/* What a broken vnode writes is rarely far off. */
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

/* What the kernel does for the protocol. */
static void op_ring(void *priv, u32 to)
{
	(void)priv;
	sim_step();
	node[to].interrupt = true;
	/* As an interrupt does, of one who waits for it. */
	node[to].idle = false;
}

static void op_view(void *priv, u64 left, u64 joined)
{
	struct node *n = priv;
	const struct member *m = &n->dsp.member;

	if (left & ~joined & m->mask || joined & ~m->mask)
		breaks("a view and what changed do not agree");
	if (m->epoch < ARRAY_SIZE(seen_mask)) {
		if (seen_mask[m->epoch] && seen_mask[m->epoch] != m->mask)
			breaks("two masks for one epoch");
		seen_mask[m->epoch] = m->mask;
	}
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

static bool making_room;

static int op_alloc(void *priv, u32 pages, u32 *pfn)
{
	(void)priv;
	if (making_room)
		return -EINPROGRESS;
	if (take_pages(used, PAGES, pages, pfn))
		return -ENOMEM;
	memset(phys[*pfn], 0, pages * sizeof(phys[0]));
	return 0;
}

static void op_release(void *priv, u32 pfn, u32 pages)
{
	u32 i;

	(void)priv;
	for (i = pfn; i < pfn + pages; i++) {
		if (!used[i])
			abort();
		used[i] = 0;
	}
}

static bool no_copy;

static int op_copy(void *priv, u32 to, u32 from, u32 pages)
{
	u32 i, at;

	(void)priv;
	if (no_copy)
		return -ENOMEM;
	memset(copying + from, 1, pages);
	for (i = 0; i < pages; i++) {
		sim_step();
		at = to < from ? i : pages - 1 - i;
		memcpy(phys[to + at], phys[from + at], sizeof(phys[0]));
	}
	memset(copying + from, 0, pages);
	return 0;
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
		portals = portal_take(commons, n->dsp.id, 0);
		if (portals && dsp_poll(&n->dsp, now))
			n->interrupt = true;
		return true;
	}
	if ((s32)(now - n->tick) >= 0) {
		n->tick = now + 1000;
		if (dsp_tick(&n->dsp, now))
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
		if (bridge_where(&n->dsp, index, &pfn, &pages))
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

static int create(struct node *n, const char *name, u8 flags, u32 pages, struct dsp_result *result)
{
	struct bridge_request req = { .flags = flags, .pages = pages, .allowed = { ~0u, ~0u } };

	memcpy(req.name, name, strlen(name));
	return wait_call(n, bridge_create(&n->dsp, &req, now), result);
}

/* Some tries: another vnode's bridge comes and goes as it likes. */
static int open_some(struct node *n, u32 scope, const char *name, u32 *index)
{
	int err = -ENOENT;
	u32 i, refs, pfn;

	for (i = 0; i < 3; i++) {
		service(n);
		err = bridge_open(&n->dsp, scope, name, true, index);
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
	bridge_close(&n->dsp, index);
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
			bridge_close(&n->dsp, theirs);
		}
		if (have)
			bridge_close(&n->dsp, own);
		wait_call(n, bridge_destroy(&n->dsp, box.index, box.generation, now), &box);
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
	struct bridge_entry *e;
	u32 i, at = rand(), pfn;

	for (i = 0; i < COMMONS_BRIDGES; i++) {
		e = &root_part.entry[(at + i) % COMMONS_BRIDGES];
		if (BRIDGE_STATE(e->tag) == BRIDGE_LIVE)
			break;
	}
	if (i == COMMONS_BRIDGES || op_alloc(n, e->pub.pages, &pfn))
		return;
	if (bridge_root_move(&n->dsp, e - root_part.entry, pfn, now))
		op_release(n, pfn, e->pub.pages);
}

/* The global bridge goes last. */
static void destroy_all(struct node *n)
{
	u32 i;

	for (i = 0; i < COMMONS_BRIDGES; i++)
		if (BRIDGE_STATE(root_part.entry[i].tag) != BRIDGE_FREE)
			bridge_root_destroy(&n->dsp, 0, i,
					    BRIDGE_GENERATION(root_part.entry[i].tag), now);
	clean = false;
}

static void root_main(struct node *n)
{
	u32 id, i, cluster = 1;

	dsp_root_init(&n->dsp, &root_part, commons, 0, &ops, n, now);
	for (id = 1; id < nodes; id++) {
		if (!dsp_root_start(&n->dsp, id, &cluster, 1, 1))
			breaks("start");
		spawn(id);
	}
	script(n);
	n->done = true;
	while (!stop) {
		for (; died; died &= died - 1) {
			id = commons_first(died);
			dsp_root_died(&n->dsp, id, now);
			if (restart & commons_bit(id) &&
			    dsp_root_start(&n->dsp, id, &cluster, 1, 1))
				spawn(id);
			restart &= ~commons_bit(id);
		}
		for (i = 0; moving && i < 4; i++)
			root_move(n);
		if (clean)
			destroy_all(n);
		rest(n);
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

	if (clean || root_part.busy || member_unsettled(&root_part.member, commons))
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
		/* The root repairs all of what is its within 16 beats. */
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

/* From here on: two vnodes and the root, driven by hand. */
static struct dsp hand[3];
static struct dsp_root hand_root;
static u32 rung[3], frozen_ops, thawed_ops, gone_ops;

static void hand_ring(void *priv, u32 to)
{
	(void)priv;
	rung[to]++;
}

static void hand_count(void *priv, u32 index)
{
	(void)priv;
	(void)index;
	frozen_ops++;
}

static void hand_thaw(void *priv, u32 index, u32 pfn)
{
	(void)priv;
	(void)index;
	(void)pfn;
	thawed_ops++;
}

static void hand_gone(void *priv, u32 index)
{
	(void)priv;
	(void)index;
	gone_ops++;
}

static const struct dsp_ops hand_ops = {
	.ring = hand_ring, .freeze = hand_count, .thaw = hand_thaw, .gone = hand_gone,
	.alloc = op_alloc, .release = op_release, .copy = op_copy,
};

static void hand_poll(void)
{
	u32 i, n;

	for (n = 0; n < 4; n++)
		for (i = 0; i < 3; i++)
			if (portal_take(commons, i, 0))
				dsp_poll(&hand[i], now);
}

static void hand_start(void)
{
	u32 i, cluster = 1;

	memset(commons, 0, sizeof(*commons));
	memset(used, 0, sizeof(used));
	memset(rung, 0, sizeof(rung));
	now = 0;
	dsp_root_init(&hand[0], &hand_root, commons, 0, &hand_ops, NULL, now);
	for (i = 1; i < 3; i++) {
		dsp_root_start(&hand[0], i, &cluster, 1, 1);
		dsp_attach(&hand[i], commons, i, i, &hand_ops, NULL, now);
	}
	hand_poll();
}

static int hand_create(u32 id, const char *name, u8 flags, u32 pages, struct dsp_result *result)
{
	struct bridge_request req = { .flags = flags, .pages = pages, .allowed = { 1 } };
	int call;

	memcpy(req.name, name, strnlen(name, sizeof(req.name)));
	call = bridge_create(&hand[id], &req, now);
	if (call < 0)
		return call;
	hand_poll();
	return dsp_call_result(&hand[id], call, result) ?: result->error;
}

static void test_errors(void)
{
	char name[COMMONS_NAME] = "";
	struct dsp_result r;
	u32 i, index;
	int right;

	hand_start();
	ok(hand_create(1, "", 0, 1, &r) == -EINVAL && hand_create(1, "a/b", 0, 1, &r) == -EINVAL &&
	   hand_create(1, "a\n", 0, 1, &r) == -EINVAL &&
	   hand_create(1, "\xe4", 0, 1, &r) == -EINVAL,
	   "names that are wrong");
	ok(!hand_create(1, "1234567890123456789012345678901", 0, 1, &r) &&
	   bridge_open(&hand[1], 1, "12345678901234567890123456789012", 0, &index) == -EINVAL &&
	   !bridge_open(&hand[1], 1, "1234567890123456789012345678901", 0, &index) &&
	   !bridge_close(&hand[1], index), "31 characters are a name, 32 are not");
	ok(hand_create(1, "a", 0, 0, &r) == -EFBIG &&
	   hand_create(1, "a", 0, BRIDGE_MAX_PAGES + 1, &r) == -EFBIG, "sizes that are wrong");
	ok(hand_create(1, "a", 3, 1, &r) == -EOPNOTSUPP &&
	   hand_create(1, "a", 0x80, 1, &r) == -EOPNOTSUPP, "flags that are unknown");
	ok(hand_create(1, "big", 0, PAGES, &r) == -ENOMEM, "more memory than there is");
	ok(!hand_create(1, "a", 0, 1, &r) && hand_create(1, "a", 0, 1, &r) == -EEXIST &&
	   !hand_create(2, "a", 0, 1, &r) && !hand_create(1, "a", BRIDGE_GLOBAL, 1, &r) &&
	   hand_create(2, "a", BRIDGE_GLOBAL, 1, &r) == -EEXIST,
	   "a name is taken in its scope only");
	ok(bridge_open(&hand[2], 1, "a", 0, &index) == -EACCES &&
	   !bridge_open(&hand[0], 1, "a", 1, &index) && !bridge_close(&hand[0], index) &&
	   bridge_close(&hand[0], index) == -EBADF, "only who is allowed may open it");
	ok(!hand_create(1, "ro", BRIDGE_READ_ONLY, 1, &r) &&
	   bridge_open(&hand[0], 1, "ro", 1, &index) == -EROFS &&
	   !bridge_open(&hand[0], 1, "ro", 0, &index) && !bridge_close(&hand[0], index) &&
	   !bridge_open(&hand[1], 1, "ro", 1, &index), "a bridge for reading");
	ok(bridge_root_destroy(&hand[0], 2, r.index, r.generation, now) == -EPERM &&
	   bridge_root_destroy(&hand[0], 1, r.index, r.generation + 1, now) == -ENOENT &&
	   bridge_root_destroy(&hand[0], 1, COMMONS_BRIDGES, 0, now) == -ENOENT &&
	   !bridge_root_destroy(&hand[0], 1, r.index, r.generation, now) &&
	   !bridge_root_destroy(&hand[0], 1, r.index, r.generation, now), "who may destroy what");
	hand_poll();
	ok(gone_ops == 1 && bridge_where(&hand[1], index, &i, &i) == -EIDRM &&
	   BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_DYING &&
	   !hand_create(1, "ro", 0, 1, &r) && !bridge_close(&hand[1], index),
	   "a destroyed bridge waits for its user, its name does not");
	hand_poll();
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_FREE,
	   "and is free when that closes it");

	hand_start();
	for (i = 0, right = 1; i < BRIDGE_MAX_PER_VNODE; i++) {
		snprintf(name, sizeof(name), "%u", i);
		right &= !hand_create(1, name, 0, 1, &r);
	}
	ok(right && hand_create(1, "more", 0, 1, &r) == -EMFILE &&
	   hand_create(1, "0", 0, 1, &r) == -EMFILE, "a vnode's number of bridges");
	hand_root.pages[2] = BRIDGE_MAX_TOTAL - 1;
	ok(hand_create(2, "two", 0, 2, &r) == -EDQUOT && !hand_create(2, "one", 0, 1, &r),
	   "a vnode's pages in all");
	for (i = 0; i < COMMONS_BRIDGES; i++)
		if (BRIDGE_STATE(hand_root.entry[i].tag) == BRIDGE_FREE)
			hand_root.entry[i].tag = BRIDGE_LIVE;
	hand_root.pages[2] = 0;
	ok(hand_create(2, "last", 0, 1, &r) == -ENFILE, "a table that is full");
	ok(!strcmp(bridge_strerror(-EROFS), "it may only be opened for reading") &&
	   !strcmp(bridge_strerror(-EXDEV), "unknown error"), "errors have a text");
}

static void test_moves(void)
{
	struct dsp_result r;
	u32 index, pfn, new, pages;
	int call;

	hand_start();
	frozen_ops = 0;
	thawed_ops = 0;
	hand_create(1, "pin", BRIDGE_PINNED, 1, &r);
	op_alloc(NULL, 1, &new);
	ok(bridge_root_move(&hand[0], r.index, new, now) == -EBUSY &&
	   bridge_root_move(&hand[0], 999, new, now) == -ENOENT, "what cannot move");
	op_release(NULL, new, 1);

	hand_create(1, "mov", BRIDGE_MOVABLE, 1, &r);
	bridge_open(&hand[1], 1, "mov", 1, &index);
	bridge_where(&hand[1], index, &pfn, &pages);
	phys[pfn][7] = 0x1234;
	op_alloc(NULL, 1, &new);
	bridge_root_move(&hand[0], index, new, now);
	ok(bridge_root_move(&hand[0], index, new, now) == -EBUSY &&
	   bridge_open(&hand[0], 1, "mov", 1, &index) == -EAGAIN, "a bridge in motion");
	hand_poll();
	ok(frozen_ops == 1 && thawed_ops == 1 && !bridge_where(&hand[1], index, &pfn, &pages) &&
	   pfn == new && phys[new][7] == 0x1234, "a bridge moves, and its contents do");

	op_alloc(NULL, 1, &new);
	bridge_root_move(&hand[0], index, new, now);
	now += BRIDGE_FREEZE_TIMEOUT - 1;
	dsp_tick(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_FREEZING,
	   "the root waits for a user");
	now++;
	dsp_tick(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_LIVE &&
	   hand[0].count.freeze_timeouts == 1 && !used[new] && used[pfn], "but not for ever");
	hand_poll();
	ok(frozen_ops == 1 && !bridge_where(&hand[1], index, &pfn, &pages),
	   "one who slept goes on");

	/* Frozen; the root gives up, and wants to move again before we saw it. */
	hand_create(2, "other", BRIDGE_MOVABLE, 1, &r);
	op_alloc(NULL, 1, &new);
	bridge_root_move(&hand[0], index, new, now);
	call = bridge_destroy(&hand[2], r.index, r.generation, now);
	commons_set(commons->bridge[index].users, 0);
	bridge_scan(&hand[1]);
	now += BRIDGE_FREEZE_TIMEOUT;
	bridge_root_step(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_LIVE &&
	   bridge_where(&hand[1], index, &pfn, &pages) == -EAGAIN, "frozen, and given up");
	op_alloc(NULL, 1, &new);
	bridge_root_move(&hand[0], index, new, now);
	bridge_scan(&hand[1]);
	commons_clear(commons->bridge[index].users, 0);
	bridge_root_step(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_LIVE &&
	   hand_root.entry[index].pub.pfn == new, "the second time finds it frozen still");
	hand_poll();
	ok(!bridge_where(&hand[1], index, &pfn, &pages) && pfn == new &&
	   !dsp_call_result(&hand[2], call, &r) && !r.error, "and it thaws at the new place");

	/* A bit that somebody else set. */
	commons_set(commons->bridge[index].users, 2);
	bridge_close(&hand[1], index);
	bridge_root_destroy(&hand[0], 0, index, hand_root.entry[index].born, now);
	hand_poll();
	ok(hand[2].count.stray_user == 1 && BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_FREE,
	   "a user's bit that is not its own work does not last");
}

/* The pages a bridge moved by @by pages has, and no others. */
static bool moved_by(u32 index, u32 old, int by, u32 pages)
{
	struct bridge_entry *e = &hand_root.entry[index];
	u32 i, nr = 0;

	for (i = 0; i < PAGES; i++)
		nr += used[i];
	for (i = 0; i < pages; i++)
		if (!used[old + by + i] || phys[old + by + i][0] != 100 + i)
			return false;
	return nr == pages && BRIDGE_STATE(e->tag) == BRIDGE_LIVE && e->pub.pfn == old + by;
}

/* A move over its own old place: the caller takes only what is free. */
static void test_overlap(void)
{
	struct dsp_result r;
	u32 index, old, pages, i;

	hand_start();
	op_alloc(NULL, 2, &old);
	hand_create(1, "slide", BRIDGE_MOVABLE, 5, &r);
	op_release(NULL, old, 2);
	bridge_open(&hand[1], 1, "slide", 1, &index);
	bridge_where(&hand[1], index, &old, &pages);
	for (i = 0; i < 5; i++)
		phys[old + i][0] = 100 + i;
	ok(bridge_root_move(&hand[0], index, old, now) == -EINVAL, "it is there already");
	memset(used + old - 2, 1, 2);
	bridge_root_move(&hand[0], index, old - 2, now);
	hand_poll();
	ok(moved_by(index, old, -2, 5), "a bridge slides down over itself");
	memset(used + old + 3, 1, 2);
	bridge_root_move(&hand[0], index, old, now);
	hand_poll();
	ok(moved_by(index, old, 0, 5), "and up");

	used[old + 5] = 1;
	bridge_root_move(&hand[0], index, old + 1, now);
	now += BRIDGE_FREEZE_TIMEOUT;
	bridge_root_step(&hand[0], now);
	ok(moved_by(index, old, 0, 5), "it stays if a user does not freeze");
	hand_poll();
	no_copy = true;
	used[old + 5] = 1;
	bridge_root_move(&hand[0], index, old + 1, now);
	hand_poll();
	no_copy = false;
	ok(moved_by(index, old, 0, 5) && !bridge_where(&hand[1], index, &old, &pages),
	   "and if it cannot be copied, and is thawed there");
	used[old - 1] = 1;
	bridge_root_move(&hand[0], index, old - 1, now);
	bridge_root_destroy(&hand[0], 0, index, hand_root.entry[index].born, now);
	bridge_scan(&hand[1]);
	bridge_close(&hand[1], index);
	hand_poll();
	for (i = 0; i < PAGES && !used[i]; i++)
		;
	ok(i == PAGES, "destroyed in motion, it leaves nothing behind");
}

/* No room yet: the request is not answered, and comes again. */
static void test_room(void)
{
	struct bridge_request req = { .name = "late", .pages = 1 };
	struct dsp_result r;
	int call;

	hand_start();
	making_room = true;
	call = bridge_create(&hand[1], &req, now);
	hand_poll();
	ok(dsp_call_result(&hand[1], call, &r) == -EINPROGRESS, "who asks waits for room");
	now += DSP_RESEND;
	dsp_tick(&hand[1], now);
	hand_poll();
	ok(dsp_call_result(&hand[1], call, &r) == -EINPROGRESS, "as long as it takes");
	making_room = false;
	now += DSP_RESEND;
	dsp_tick(&hand[1], now);
	hand_poll();
	ok(!dsp_call_result(&hand[1], call, &r) && !r.error && hand_root.nr[1] == 1,
	   "and gets its bridge, once");
}

/* A message in the root's name, to the root: it would be obeyed. */
static void test_forged(void)
{
	struct dsp_result r, which;
	union dsp_msg msg = { .type = DSP_DESTROY, .version = DSP_VERSION, .from = 1, .to = 1,
			      .length = sizeof(which), .txn = 1000 };
	u32 head = 0;

	hand_start();
	hand_create(1, "victim", 0, 1, &r);
	which = (struct dsp_result){ .index = r.index, .generation = r.generation };
	memcpy(msg.payload, &which, sizeof(which));
	ring_put(&commons->ring[0][0], &head, &msg);
	portal_post(commons, 0, PORTAL_DSP, 0);
	hand_poll();
	dsp_tick(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_LIVE,
	   "nobody asks in the root's name");
	ok(!hand_create(0, "own", 0, 1, &r) &&
	   bridge_destroy(&hand[0], r.index, r.generation, now) >= 0 &&
	   BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_FREE, "but the root itself");
}

static void test_requests(void)
{
	struct bridge_request req = { .name = "x", .pages = 1 };
	struct dsp_result r;
	union dsp_msg msg;
	int call, i, full;

	hand_start();
	call = bridge_create(&hand[1], &req, now);
	msg = hand[1].call[call].msg;
	hand_poll();
	dsp_call_result(&hand[1], call, &r);
	dsp_send(&hand[1], 0, &msg);
	hand_poll();
	ok(!r.error && hand[0].count.duplicate == 1 && hand_root.nr[1] == 1 &&
	   hand[1].count.late == 1, "a request that comes twice is carried out once");
	msg.txn -= DSP_CALLS;
	call = bridge_create(&hand[1], &req, now);
	hand_poll();
	ok(!dsp_call_result(&hand[1], call, &r) && r.error == -EEXIST,
	   "a new one is not taken for it");

	for (i = 0; i < DSP_CALLS; i++)
		bridge_destroy(&hand[1], 5, 0, now);
	ok(bridge_destroy(&hand[1], 5, 0, now) == -EBUSY, "so many requests at once, and not more");
	ok(hand[1].count.full && hand[1].call[DSP_CALLS - 1].state == DSP_CALL_QUEUED,
	   "those that find no room wait");
	hand_poll();
	for (i = 0, full = 0; i < DSP_CALLS; i++)
		full += !dsp_call_result(&hand[1], i, &r) && r.error == -ENOENT;
	ok(full == DSP_CALLS, "and are sent when the root rings back");

	msg = (union dsp_msg){ .type = DSP_PONG };
	for (i = 0; i < COMMONS_SLOTS; i++)
		dsp_send(&hand[1], 2, &msg);
	rung[1] = 0;
	ok(dsp_send(&hand[1], 2, &msg) == -EAGAIN, "a full ring");
	hand_poll();
	ok(rung[1] == 1 && !dsp_send(&hand[1], 2, &msg), "whose receiver rings when there is room");
	ok(rung[2] && hand[1].count.coalesced, "rings are coalesced");

	call = bridge_create(&hand[1], &req, now);
	portal_post(commons, 2, PORTAL_DSP, 1);
	rung[2] = 0;
	dsp_root_died(&hand[0], 1, now);
	ok(rung[2], "who dies between a word and its interrupt silences nobody");
	hand_poll();
	ok(hand[0].count.bad_sender == 1 && !hand_root.nr[1], "a dead vnode's request is dropped");
	ok(dsp_send(&hand[2], 1, &msg) == -EHOSTDOWN, "and nothing can be sent to it");

	call = bridge_create(&hand[2], &req, now);
	for (i = 0; i < 12; i++)
		dsp_tick(&hand[2], now += 1000);
	ok(!dsp_call_result(&hand[2], call, &r) && r.error == -EHOSTDOWN &&
	   bridge_create(&hand[2], &req, now) == -EHOSTDOWN, "a root that does not beat is dead");
	dsp_tick(&hand[0], now);
	dsp_tick(&hand[2], now);
	ok(!hand_create(2, "y", 0, 1, &r), "unless it was only slow");
}

static void hand_beats(u32 nr)
{
	u32 i;

	while (nr--) {
		now += 250;
		for (i = 0; i < 3; i++)
			dsp_tick(&hand[i], now);
		hand_poll();
	}
}

/* A view that nobody can tell from the root's */
static void forge_view(u32 epoch, u64 mask)
{
	struct commons_view v = { .epoch = epoch, .mask = { mask, mask >> 32 } };
	u32 i;

	for (i = 0; i < COMMONS_NODES; i++)
		v.incarnation[i] = mask & commons_bit(i) ? 1 : 0;
	v.check = commons_check((u32 *)&v, offsetof(struct commons_view, check) / 4);
	commons->view[epoch % COMMONS_VIEWS] = v;
	commons->epoch = epoch;
}

static bool all_agree(u64 mask)
{
	u32 i;

	for (i = 0; i < 3; i++)
		if (mask & commons_bit(i) && (hand[i].member.mask != mask || !dsp_joined(&hand[i]) ||
					      hand[i].member.epoch != hand_root.member.epoch))
			return false;
	return !member_unsettled(&hand_root.member, commons);
}

/* Words that are written once, or are believed for long. */
static void test_damage(void)
{
	struct commons_node *n;
	struct dsp_result r;
	u32 index, pfn, pages;

	hand_start();
	hand_beats(1);
	n = &commons->node[2];
	n->destination = 0;
	n->attached = 99;
	n->epoch = 12345;
	n->nr_cpus = 0;
	n->clusters[0] = 9;
	n->clusters[14] = 9;
	commons->node[0].destination = 99;
	hand_beats(1);
	ok(n->destination == 2 && n->attached == 1 && n->epoch == hand_root.member.epoch &&
	   n->nr_cpus == 1 && n->clusters[0] == 1 && !n->clusters[14] &&
	   !commons->node[0].destination && hand[2].count.scrubbed && hand[0].count.scrubbed,
	   "where a vnode can be rung is repaired");

	forge_view(hand_root.member.epoch + 0x40000000, 1 | 1ull << 40);
	dsp_tick(&hand[0], now);
	ok(all_agree(7), "the root does not believe in what others write");
	forge_view(hand_root.member.epoch + 0x40000000, 1 | 1ull << 40);
	dsp_tick(&hand[1], now);
	ok(!dsp_joined(&hand[1]), "others must");
	hand_beats(4);
	ok(!dsp_joined(&hand[1]) && dsp_joined(&hand[2]), "and do not go back at once");
	hand_beats(MEMBER_RETURN);
	ok(all_agree(7), "but when the root goes on with its own");
	forge_view(hand_root.member.epoch + 1, 1);
	dsp_tick(&hand[1], now);
	dsp_root_died(&hand[0], 2, now);
	hand_poll();
	ok(hand[1].member.epoch == hand_root.member.epoch && hand[1].member.mask == 1,
	   "a view of the epoch that comes next");
	hand_beats(MEMBER_RETURN + 1);
	ok(all_agree(3), "does not last either");

	hand_start();
	hand_create(1, "pin", BRIDGE_PINNED, 1, &r);
	bridge_open(&hand[1], 1, "pin", 1, &index);
	frozen_ops = 0;
	gone_ops = 0;
	commons->tag[index] = BRIDGE_TAG(BRIDGE_GENERATION(commons->tag[index]), BRIDGE_FREEZING);
	bridge_scan(&hand[1]);
	ok(!frozen_ops && !gone_ops && hand[1].count.bad_bridge == 1 &&
	   !bridge_where(&hand[1], index, &pfn, &pages), "what is pinned is not frozen");
	hand_beats(16);
	ok(BRIDGE_STATE(commons->tag[index]) == BRIDGE_LIVE && !gone_ops, "and is well again");

	hand_create(2, "orphan", BRIDGE_GLOBAL, 1, &r);
	commons_set(commons->bridge[r.index].users, 0);
	dsp_root_died(&hand[0], 2, now);
	hand_beats(1);
	ok(BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_FREE && hand[0].count.stray_user,
	   "nobody inherits a bridge by a bit that somebody else has set");

	hand_root.done[1][0].txn = hand[1].call[0].msg.txn + 16000;
	ok(hand_create(1, "late", 0, 1, &r) == -EINPROGRESS, "the root believes in a later request");
	hand_beats(4 * (DSP_TRIES + 2));
	ok(!dsp_call_result(&hand[1], 0, &r) && r.error == -ETIMEDOUT, "ours ends");
	ok(!hand_create(1, "late", 0, 1, &r), "the next is later still");
}

int main(void)
{
	commons = malloc(sizeof(*commons));
	test_life();
	test_deaths(6, 7, "a vnode dies at any step, and starts again: 6 vnodes");
	test_deaths(60, 120, "a vnode dies at any step, and starts again: 60 vnodes");
	test_root_death(6, 97);
	test_hostile();
	test_errors();
	test_moves();
	test_overlap();
	test_room();
	test_forged();
	test_requests();
	test_damage();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
