// SPDX-License-Identifier: GPL-2.0
/*
 * The costs of the distributed sharing protocol with so many vnodes: dsp NODES...
 *
 * Prints a line "CASE<tab>NODES<tab>COST" for each case and number.  The
 * nanokernel's own sources run here, all vnodes in one process, each by itself:
 * an interrupt is an entry in a queue.  A cost is what all vnodes together did,
 * in ticks of the TSC, which is guest instructions in a machine whose TSC counts
 * them (tools/lab exec --icount); any other is refused.
 */
#include <stdio.h>
#include <x86intrin.h>

#include "proto/dsp.h"

#define BATCHES		33
#define ROUNDS		8		/* messages and opens of each vnode in a batch */
#define BRIDGES		4		/* of each vnode but the root */
#define QUEUE		4096		/* a power of two */

static struct commons commons;
static struct dsp node[COMMONS_NODES];
static struct dsp_root root;
static u32 nodes;

static u32 queue[QUEUE], first, last;
static u32 free_pfn, received;

static void fail(const char *what)
{
	fprintf(stderr, "dsp: %u nodes: %s\n", nodes, what);
	exit(1);
}

static void op_ring(void *priv, u32 to)
{
	(void)priv;
	if (last - first == QUEUE)
		fail("too many interrupts");
	queue[last++ % QUEUE] = to;
}

static void op_message(void *priv, u32 from, const union dsp_msg *msg)
{
	(void)priv;
	(void)from;
	(void)msg;
	received++;
}

static void op_bridge(void *priv, u32 index)
{
	(void)priv;
	(void)index;
}

static void op_thaw(void *priv, u32 index, u32 pfn)
{
	(void)priv;
	(void)index;
	(void)pfn;
}

static int op_alloc(void *priv, u32 pages, u32 *pfn)
{
	(void)priv;
	*pfn = free_pfn;
	free_pfn += pages;
	return 0;
}

static void op_release(void *priv, u32 pfn, u32 pages)
{
	(void)priv;
	(void)pfn;
	(void)pages;
}

static void op_copy(void *priv, u32 to, u32 from, u32 pages)
{
	(void)priv;
	(void)to;
	(void)from;
	(void)pages;
}

static const struct dsp_ops ops = {
	.ring = op_ring, .message = op_message, .freeze = op_bridge, .thaw = op_thaw,
	.gone = op_bridge, .alloc = op_alloc, .release = op_release, .copy = op_copy,
};

/* Until nobody has anything to do any more */
static void interrupts(void)
{
	u32 id;

	while (first != last) {
		id = queue[first++ % QUEUE];
		if (dsp_portal_take(&commons, id, 0) && dsp_poll(&node[id], 0))
			op_ring(NULL, id);
	}
}

static void start_vnode(u32 id)
{
	if (!dsp_root_start(&node[0], id) ||
	    dsp_attach(&node[id], &commons, id, id, &ops, NULL, 0))
		fail("a vnode does not start");
	interrupts();
	if (!dsp_joined(&node[id]))
		fail("a vnode does not become a member");
}

static void create(u32 id)
{
	struct dsp_bridge_request req = { .pages = 1, .allowed = { ~0u, ~0u } };
	struct dsp_result result;
	u32 i;
	int call;

	for (i = 0; i < BRIDGES; i++) {
		snprintf(req.name, sizeof(req.name), "bridge-%u", i);
		call = dsp_bridge_create(&node[id], &req, 0);
		interrupts();
		if (call < 0 || dsp_call_result(&node[id], call, &result) || result.error)
			fail("a bridge is not created");
	}
}

static void begin(u32 nr)
{
	u32 id;

	nodes = nr;
	memset(&commons, 0, sizeof(commons));
	first = 0;
	last = 0;
	free_pfn = 1;
	dsp_root_init(&node[0], &root, &commons, 0, 0, &ops, NULL, 0);
	for (id = 1; id < nodes; id++)
		start_vnode(id);
	for (id = 1; id < nodes; id++)
		create(id);
}

/* Each vnode to the next; the interrupt and the receiver's work count. */
static void send_all(void)
{
	union dsp_msg msg;
	u32 i, id, before = received;

	for (i = 0; i < ROUNDS; i++) {
		for (id = 0; id < nodes; id++) {
			msg = (union dsp_msg){ .type = DSP_USER, .length = DSP_PAYLOAD };
			if (dsp_send(&node[id], (id + 1) % nodes, &msg))
				fail("a message is not sent");
			interrupts();
		}
	}
	if (received - before != ROUNDS * nodes)
		fail("messages are lost");
}

/* Each vnode another one's bridges */
static void bridges(void)
{
	char name[COMMONS_NAME] = "bridge-0";
	u32 i, id, index;

	for (i = 0; i < ROUNDS; i++) {
		name[7] = '0' + i % BRIDGES;
		for (id = 0; id < nodes; id++) {
			if (dsp_bridge_open(&node[id], id % (nodes - 1) + 1, name, true, &index) ||
			    dsp_bridge_close(&node[id], index))
				fail("a bridge is not opened");
		}
	}
}

/* The last vnode dies, and everybody knows; it comes back, and everybody knows. */
static void membership(void)
{
	u32 id;

	dsp_root_died(&node[0], nodes - 1, 0);
	interrupts();
	start_vnode(nodes - 1);
	if (dsp_member_unsettled(&root.member, &commons))
		fail("not everybody has the newest view");
	for (id = 0; id < nodes; id++)
		if (node[id].member.mask != node[0].member.mask)
			fail("not everybody has the same view");
}

/* The best of many: a tick of the machine's own is in few of them. */
static void measure(const char *name, void (*batch)(void), u32 parts)
{
	unsigned long long before, took, best = ~0ULL;
	unsigned int i;

	for (i = 0; i < BATCHES; i++) {
		before = __rdtsc();
		batch();
		took = __rdtsc() - before;
		if (took < best)
			best = took;
	}
	printf("%s\t%u\t%.1f\n", name, nodes, (double)best / parts);
}

static unsigned int loop_length;

static void loop(void)
{
	unsigned int n = loop_length;

	asm volatile("1: dec %0; jnz 1b" : "+r" (n));
}

/* Is a tick of the TSC an instruction? */
static void check_clock(void)
{
	unsigned long long before, took, best = ~0ULL;
	unsigned int i;

	loop_length = 10000;
	for (i = 0; i < BATCHES; i++) {
		before = __rdtsc();
		loop();
		took = __rdtsc() - before;
		if (took < best)
			best = took;
	}
	if (best < 2 * loop_length || best > 2 * loop_length + 100)
		fail("the TSC does not count instructions");
}

int main(int argc, char **argv)
{
	int i;

	check_clock();
	for (i = 1; i < argc; i++) {
		u32 nr = strtoul(argv[i], NULL, 10);

		if (nr < 2 || nr > COMMONS_NODES)
			fail("2 to 64 nodes");
		begin(nr);
		measure("message", send_all, ROUNDS * nr);
		measure("bridge open+close", bridges, ROUNDS * nr);
		measure("membership change", membership, 2);
	}
	return 0;
}
