// SPDX-License-Identifier: GPL-2.0
/*
 * Arbitrary bytes in the commons, between the steps of a root and two vnodes.
 * Whatever was in there: no crash, no endless loop, and when both vnodes have
 * died and the root has repaired what is its, no bridge and no page is left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dsp.h"
#include "../unit/dsp_pages.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define NODES	3
#define PAGES	256

static struct commons commons, commons_new;
static struct dsp node[NODES], node_new[NODES];
static struct dsp_root root, root_new;
static u8 used[PAGES];
static u32 now, open_index[NODES];
static const unsigned char *in, *end;

/* What is hostile is in the first part, and in the rings among the three. */
#define SHARED	offsetof(struct commons, ring)

static void must(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "dsp_fuzz: broken: %s\n", what);
	abort();
}

static u32 byte(void)
{
	return in < end ? *in++ : 0;
}

static u32 word(void)
{
	u32 low = byte(), mid = byte();

	return low | mid << 8 | byte() << 16 | byte() << 24;
}

static void op_ring(void *priv, u32 to)
{
	(void)priv;
	must(to < COMMONS_NODES, "an interrupt to nobody");
}

static bool op_view(void *priv, u64 left, u64 joined)
{
	(void)priv;
	(void)left;
	(void)joined;
	return true;
}

static void op_message(void *priv, u32 from, const union dsp_msg *msg)
{
	(void)priv;
	must(from < COMMONS_NODES && msg->length <= DSP_PAYLOAD, "a message");
}

static void op_index(void *priv, u32 index)
{
	(void)priv;
	must(index < COMMONS_BRIDGES, "a bridge");
}

static void op_thaw(void *priv, u32 index, u32 pfn)
{
	(void)pfn;
	op_index(priv, index);
}

static int op_alloc(void *priv, u32 from, u32 pages, bool may_move, u32 *pfn)
{
	(void)priv;
	(void)may_move;
	must(from < NODES, "a request of nobody");
	return take_pages(used, PAGES, pages, pfn);
}

static void op_release(void *priv, u32 pfn, u32 pages)
{
	(void)priv;
	for (; pages--; pfn++) {
		must(pfn && pfn < PAGES && used[pfn], "released what is not used");
		used[pfn] = 0;
	}
}

static int op_copy(void *priv, u32 index, u32 to, u32 from, u32 pages)
{
	(void)priv;
	(void)index;
	must(to + pages <= PAGES && from + pages <= PAGES && used[to] && used[from], "a copy");
	return 0;
}

static const struct dsp_ops ops = {
	.ring = op_ring, .view = op_view, .message = op_message, .freeze = op_index,
	.thaw = op_thaw, .gone = op_index, .alloc = op_alloc, .release = op_release,
	.copy = op_copy,
};

static void poll(u32 id)
{
	dsp_portal_take(&commons, id, byte());
	dsp_poll(&node[id], now);
}

/* Whatever the call was that it is the result of */
static void clear(u32 id, u32 index, u32 generation)
{
	u32 pfn, pages;

	if (dsp_bridge_claim(&node[id], index, generation))
		return;
	open_index[id] = index;
	must(!dsp_bridge_where(&node[id], index, &pfn, &pages) && pfn + pages >= pfn, "a claim");
	dsp_bridge_cleared(&node[id], index, now);
	if (byte() % 2)
		poll(id);
	if (byte() % 2)
		dsp_bridge_begin(&node[id], index);
}

/* A bridge in use, so that there is something to break. */
static void create(u32 id)
{
	struct dsp_bridge_request req = {
		.name = "a",
		.flags = byte() % 32,
		.pages = 1 + byte() % 40,
		.allowed = { ~0u, ~0u },
	};
	struct dsp_result result;
	u32 i;

	req.name[1] = byte() % 4 ? 'b' : 0;
	dsp_bridge_create(&node[id], &req, now);
	for (i = 0; i < DSP_CALLS; i++)
		if (!dsp_call_result(&node[id], i, &result) && !result.error && byte() % 4)
			clear(id, result.index, result.generation);
}

static void open_or_close(u32 id)
{
	u32 pfn, pages;

	if (!dsp_bridge_where(&node[id], open_index[id], &pfn, &pages))
		must(pfn + pages >= pfn, "a place");
	if (node[id].open[open_index[id]].refs && byte() % 2)
		dsp_bridge_close(&node[id], open_index[id]);
	else if (dsp_bridge_open(&node[id], byte() % 2 ? byte() % NODES : COMMONS_NOBODY,
				 byte() % 2 ? "a" : "ab", byte() % 2, &pfn) == 0)
		open_index[id] = pfn;
}

static void move(void)
{
	u32 i = byte() | byte() << 8, pfn;
	struct dsp_bridge_entry *e;

	for (; i < COMMONS_BRIDGES && BRIDGE_STATE(root.entry[i].tag) != BRIDGE_LIVE; i++)
		;
	if (i >= COMMONS_BRIDGES)
		return;
	e = &root.entry[i];
	if (op_alloc(NULL, 0, e->pub.pages, false, &pfn))
		return;
	if (dsp_bridge_root_move(&node[0], i, pfn, now))
		op_release(NULL, pfn, e->pub.pages);
}

/* A message that is nearly right. */
static void forge(u32 to, u32 from)
{
	struct commons_ring *r = &commons.ring[to][from];
	union dsp_msg *msg = &r->slot[r->head % COMMONS_SLOTS];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(msg->w); i++)
		msg->w[i] = word();
	if (byte() % 4) {
		msg->type %= DSP_CLEARED + 1;
		msg->version = ADEOS_ABI;
		msg->flags = 0;
		msg->seq = r->head;
		msg->from = node[from].incarnation;
		msg->to = node[to].incarnation;
		msg->txn = DSP_CALLS + msg->txn % 64;
		if (msg->type == DSP_CREATE)
			msg->length = sizeof(struct dsp_bridge_request);
		if (msg->type == DSP_DESTROY || msg->type == DSP_REPLY || msg->type == DSP_CLEARED)
			msg->length = sizeof(struct dsp_result);
	}
	r->head++;
	dsp_portal_post(&commons, to, PORTAL_DSP, from);
}

static void scribble(void)
{
	u32 *w = (u32 *)&commons, at = word();

	if (byte() % 4 == 0)
		w = (u32 *)&commons.ring[byte() % NODES][byte() % NODES] +
			at % (sizeof(struct commons_ring) / 4);
	else if (byte() % 2)
		w = (u32 *)&commons.bridge[open_index[byte() % NODES]] +
			at % (sizeof(struct commons_bridge) / 4);
	else
		w += at % (SHARED / 4);
	*w = byte() % 2 ? word() : *w ^ 1u << byte() % 32;
}

static void setup(void)
{
	u32 i;

	dsp_root_init(&node_new[0], &root_new, &commons_new, 0, 0, &ops, NULL, 0);
	for (i = 1; i < NODES; i++) {
		dsp_root_start(&node_new[0], i);
		dsp_attach(&node_new[i], &commons_new, i, i, &ops, NULL, 0);
	}
	for (i = 0; i < 2 * NODES; i++)
		beat_and_tick(&node_new[i % NODES], 0);
	for (i = 1; i < NODES; i++)
		must(dsp_joined(&node_new[i]), "not joined");
	for (i = 0; i < NODES; i++)
		node_new[i].c = &commons;
	node_new[0].root = &root;
}

static void begin(void)
{
	u32 i, j;

	if (!node_new[0].c)
		setup();
	memcpy(&commons, &commons_new, SHARED);
	for (i = 0; i < NODES; i++)
		for (j = 0; j < NODES; j++)
			commons.ring[i][j] = commons_new.ring[i][j];
	memcpy(node, node_new, sizeof(node));
	root = root_new;
	memset(used, 0, sizeof(used));
	memset(open_index, 0, sizeof(open_index));
	now = 0;
}

static void check_end(void)
{
	u32 i, pages = 0;

	for (i = 1; i < NODES; i++)
		dsp_root_died(&node[0], i, now);
	/* Requests of the root to itself may be under way. */
	do {
		beat_and_tick(&node[0], now += 1000);
		for (i = 0; i < DSP_CALLS && (node[0].call[i].state == DSP_CALL_IDLE ||
					      node[0].call[i].state == DSP_CALL_DONE); i++)
			;
	} while (i < DSP_CALLS);
	for (i = 0; i < COMMONS_BRIDGES; i++)
		if (BRIDGE_STATE(root.entry[i].tag) != BRIDGE_FREE)
			dsp_bridge_root_destroy(&node[0], 0, i, root.entry[i].born, now);
	/* What the root itself has open, it must hear of. */
	for (i = 0; i < 16; i++)
		dsp_bridge_root_scrub(&node[0]);
	beat_and_tick(&node[0], now += 1000);
	for (i = 0; i < COMMONS_BRIDGES; i++)
		while (node[0].open[i].refs)
			dsp_bridge_close(&node[0], i);
	beat_and_tick(&node[0], now += 1000);
	for (i = 0; i < COMMONS_BRIDGES; i++)
		must(BRIDGE_STATE(root.entry[i].tag) == BRIDGE_FREE &&
		     commons.tag[i] == root.entry[i].tag, "a bridge is left");
	for (i = 0; i < PAGES; i++)
		pages += used[i];
	must(!pages && !root.busy && root.member.mask == 1, "something is left");
	for (i = 0; i < COMMONS_NODES; i++)
		must(!root.nr[i] && !root.pages[i], "an account is not empty");
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	u32 id;

	in = data;
	end = data + size;
	begin();
	while (in < end) {
		u32 what = byte();

		id = what / 16 % NODES;
		switch (what % 16) {
		case 0 ... 3:
			scribble();
			break;
		case 4 ... 6:
			forge(id, byte() % NODES);
			break;
		case 7 ... 9:
			poll(id);
			break;
		case 10:
			now += byte() * 16;
			beat_and_tick(&node[id], now);
			break;
		case 11:
			create(id);
			break;
		case 12 ... 13:
			open_or_close(id);
			break;
		case 14:
			move();
			break;
		default:
			dsp_bridge_destroy(&node[id], open_index[id],
					   BRIDGE_GENERATION(node[id].open[open_index[id]].tag),
					   now);
		}
	}
	check_end();
	return 0;
}
