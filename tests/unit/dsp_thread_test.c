// SPDX-License-Identifier: GPL-2.0
/*
 * The distributed sharing protocol with 60 vnodes in as many threads, for
 * ThreadSanitizer: what a bridge holds is written plainly, so that the only
 * order there is between those who use it and the root who copies it is that
 * of the protocol.  Vnodes die between two calls, with whatever they have open.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dsp.h"
#include "dsp_pages.h"

#define NODES	60
#define ROUNDS	8
#define PAGES	2048
#define SHARED	0		/* word of a page that only its owner writes, the owner's number */

static struct commons commons;
static struct dsp_root root_part;
static u32 phys[PAGES][COMMONS_NODES];
static u8 used[PAGES];	/* the root's */
static u32 masks[65536][2];	/* of each epoch */
static u32 broken, dead, moved, given_up;

static struct node {
	struct dsp dsp;
	pthread_t thread;
	u32 interrupt;
	u32 ended;	/* 1: died, 2: all rounds done */
	u32 round;
	u32 seed;
	u32 loops;
	bool running;
} node[NODES];

static void breaks(const char *what)
{
	if (!__atomic_fetch_add(&broken, 1, __ATOMIC_SEQ_CST))
		printf("# %s\n", what);
}

static u32 dice(struct node *n)
{
	n->seed = n->seed * 1103515245 + 12345;
	return n->seed >> 16;
}

static void op_ring(void *priv, u32 to)
{
	(void)priv;
	if (to < NODES)
		smp_store_release(&node[to].interrupt, 1);	/* pairs with xchg() in service() */
}

static bool op_view(void *priv, u64 left, u64 joined)
{
	struct dsp_member *m = &((struct node *)priv)->dsp.member;
	u32 i, zero;

	(void)left;
	(void)joined;
	for (i = 0; i < 2; i++) {
		zero = 0;
		if (!__atomic_compare_exchange_n(&masks[m->epoch % 65536][i], &zero,
						 (u32)(m->mask >> 32 * i), false,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
		    zero != (u32)(m->mask >> 32 * i))
			breaks("two masks for one epoch");
	}
	return true;
}

static void op_told(void *priv, u32 index)
{
	(void)priv;
	(void)index;
}

static void op_thaw(void *priv, u32 index, u32 pfn)
{
	(void)priv;
	(void)index;
	if (pfn >= PAGES)
		breaks("a place that is none");
}

static int op_alloc(void *priv, u32 from, u32 pages, bool may_move, u32 *pfn)
{
	(void)priv;
	(void)from;
	(void)may_move;
	return take_pages(used, PAGES, pages, pfn);
}

static void op_release(void *priv, u32 pfn, u32 pages)
{
	(void)priv;
	memset(used + pfn, 0, pages);
	/* A thread that still writes to it races with this. */
	memset(phys[pfn], 0xff, pages * sizeof(phys[0]));
}

static int op_copy(void *priv, u32 index, u32 to, u32 from, u32 pages)
{
	(void)priv;
	(void)index;
	memcpy(phys[to], phys[from], pages * sizeof(phys[0]));
	return 0;
}

static const struct dsp_ops ops = {
	.ring = op_ring, .view = op_view, .freeze = op_told, .thaw = op_thaw, .gone = op_told,
	.alloc = op_alloc, .release = op_release, .copy = op_copy,
};

static void service(struct node *n)
{
	if (xchg(&n->interrupt, 0)) {
		if (dsp_portal_take(&commons, n->dsp.id, 0) && dsp_poll(&n->dsp, 0))
			n->interrupt = 1;
	} else if (++n->loops % 512 == 0) {
		/* The clock stands still, so that a slow machine is not a dead one. */
		beat_and_tick(&n->dsp, 0);
	} else {
		sched_yield();
	}
}

static void touch(struct node *n, u32 index)
{
	u32 pfn, pages, i, v, last = 0;
	bool first = true;

	for (i = 0; i < 20; i++) {
		service(n);
		if (dsp_bridge_where(&n->dsp, index, &pfn, &pages))
			continue;
		v = phys[pfn][n->dsp.id];
		if (!first && v != last)
			breaks("contents got lost");
		last = v + 1;
		phys[pfn][n->dsp.id] = last;
		first = false;
	}
}

static bool use(struct node *n, u32 scope, const char *name, bool leave)
{
	u32 i, index;
	int err = -ENOENT;

	for (i = 0; i < 50; i++) {
		err = dsp_bridge_open(&n->dsp, scope, name, true, &index);
		if (err != -EAGAIN && err != -ENOENT)
			break;
		service(n);
	}
	if (err)
		return false;
	touch(n, index);
	if (!leave)
		dsp_bridge_close(&n->dsp, index);
	return true;
}

static int wait_call(struct node *n, int call, struct dsp_result *r)
{
	int err;

	if (call < 0)
		return call;
	while ((err = dsp_call_result(&n->dsp, call, r)) == -EINPROGRESS)
		service(n);
	return err ?: r->error;
}

static int create(struct node *n, const char *name, u8 flags, struct dsp_result *r)
{
	struct dsp_bridge_request req = { .flags = flags, .pages = 1 + n->dsp.id % 3,
				      .allowed = { ~0u, ~0u } };
	struct dsp_result cleared;
	u32 pfn, pages;
	int err;

	memcpy(req.name, name, strlen(name));
	err = wait_call(n, dsp_bridge_create(&n->dsp, &req, 0), r);
	if (err)
		return err;
	err = dsp_bridge_claim(&n->dsp, r->index, r->generation) ?:
	      dsp_bridge_where(&n->dsp, r->index, &pfn, &pages);
	if (!err) {
		memset(phys[pfn], 0, pages * sizeof(phys[0]));
		err = wait_call(n, dsp_bridge_cleared(&n->dsp, r->index, 0), &cleared);
	}
	if (!err)
		err = dsp_bridge_begin(&n->dsp, r->index);
	dsp_bridge_close(&n->dsp, r->index);
	return err;
}

static void *vnode_main(void *arg)
{
	struct node *n = arg;
	u32 id = n - node;
	struct dsp_result box, wire;

	if (dsp_attach(&n->dsp, &commons, id, id, &ops, n, 0))
		breaks("attach");
	while (!dsp_joined(&n->dsp))
		service(n);
	for (; n->round < ROUNDS; n->round++) {
		bool die = dice(n) % 4 == 0;

		if (create(n, "box", BRIDGE_MOVABLE, &box)) {
			breaks("create");
			break;
		}
		use(n, id, "box", false);
		use(n, (id + 1) % NODES, "box", die);
		create(n, "wire", BRIDGE_TRANSIENT | BRIDGE_GLOBAL, &wire);
		use(n, COMMONS_NOBODY, "wire", die);
		if (die) {
			n->round++;
			smp_store_release(&n->ended, 1);	/* pairs with root_watch() */
			return NULL;
		}
		if (wait_call(n, dsp_bridge_destroy(&n->dsp, box.index, box.generation, 0), &box))
			breaks("destroy");
	}
	smp_store_release(&n->ended, 2);	/* pairs with root_watch() */
	while (READ_ONCE(n->ended) == 2)
		service(n);
	return NULL;
}

static void begin(u32 id)
{
	if (!dsp_root_start(&node[0].dsp, id))
		breaks("start");
	node[id].ended = 0;
	node[id].running = true;
	pthread_create(&node[id].thread, NULL, vnode_main, &node[id]);
}

/* Moves something, and now and then gives up at once. */
static void root_move(struct node *n)
{
	struct dsp_bridge_entry *e = &root_part.entry[0];
	u32 i, at = dice(n), pfn;

	for (i = 0; i < COMMONS_BRIDGES; i++) {
		e = &root_part.entry[(at + i) % COMMONS_BRIDGES];
		if (BRIDGE_STATE(e->tag) == BRIDGE_LIVE)
			break;
	}
	if (i == COMMONS_BRIDGES || op_alloc(n, 0, e->pub.pages, false, &pfn))
		return;
	if (dsp_bridge_root_move(&n->dsp, e - root_part.entry, pfn, 0))
		op_release(n, pfn, e->pub.pages);
	else if (dice(n) % 4 == 0)
		dsp_bridge_root_step(&n->dsp, BRIDGE_FREEZE_TIMEOUT);
}

static bool root_watch(struct node *n)
{
	u32 id, ended, over = 0;

	for (id = 1; id < NODES; id++) {
		ended = smp_load_acquire(&node[id].ended);	/* pairs with vnode_main() */
		if (ended == 1) {
			pthread_join(node[id].thread, NULL);
			dsp_root_died(&n->dsp, id, 0);
			dead++;
			begin(id);
		}
		over += ended == 2;
	}
	return over == NODES - 1;
}

static bool root_settled(struct node *n)
{
	return !root_part.busy && !dsp_member_unsettled(&n->dsp.root->member, &commons);
}

static void root_end(struct node *n)
{
	u32 i;

	for (i = 0; i < COMMONS_BRIDGES; i++)
		if (BRIDGE_STATE(root_part.entry[i].tag) != BRIDGE_FREE)
			dsp_bridge_root_destroy(&n->dsp, 0, i, root_part.entry[i].born, 0);
	while (!root_settled(n))
		service(n);
	for (i = 1; i < NODES; i++) {
		smp_store_release(&node[i].ended, 3);	/* pairs with vnode_main() */
		pthread_join(node[i].thread, NULL);
		if (node[i].dsp.member.epoch != root_part.member.epoch ||
		    node[i].dsp.member.mask != root_part.member.mask)
			breaks("views differ");
	}
	for (i = 0; i < COMMONS_BRIDGES; i++)
		if (BRIDGE_STATE(root_part.entry[i].tag) != BRIDGE_FREE ||
		    commons_mask(commons.bridge[i].users) || commons_mask(commons.bridge[i].frozen))
			breaks("a bridge or a user is left");
	for (i = 0; i < PAGES; i++)
		if (used[i])
			breaks("memory is left");
	moved = n->dsp.count.moves;
	given_up = n->dsp.count.freeze_timeouts;
}

int main(void)
{
	struct node *n = &node[0];
	u32 i;

	for (i = 0; i < NODES; i++)
		node[i].seed = i;
	dsp_root_init(&n->dsp, &root_part, &commons, 0, 0, &ops, n, 0);
	for (i = 1; i < NODES; i++)
		begin(i);
	while (!root_watch(n)) {
		root_move(n);
		service(n);
	}
	root_end(n);
	printf("# %u died, %u bridges moved, %u moves given up, %u views\n",
	       dead, moved, given_up, root_part.member.epoch);
	printf("%sok 1 - 60 threads share bridges, die and come back\n", broken ? "not " : "");
	printf("%sok 2 - and that was put to the test\n", dead && moved && given_up ? "" : "not ");
	printf("1..2\n");
	return broken || !dead || !moved || !given_up;
}
