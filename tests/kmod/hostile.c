// SPDX-License-Identifier: GPL-2.0
/*
 * A vnode that writes to everything it shares with others: each class of words
 * in turn, and then all of them at once until it is killed.  Its values are mostly
 * plausible: values of others, with a bit changed or slightly larger or smaller; forged
 * views and entries with a correct checksum; well-formed messages.
 *
 * It does not write to the memory of others, which no nanokernel could survive
 * (docs/dsp.md).
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "../../adeos/proto/bridge_state.h"
#include "../../adeos/proto/dsp.h"
#include "../../adeos/proto/page.h"

static unsigned long shared;
module_param(shared, ulong, 0444);
MODULE_PARM_DESC(shared, "physical address of what all vnodes share");

static unsigned int seed = 1;
module_param(seed, uint, 0444);

static unsigned int each = 1000;
module_param(each, uint, 0444);
MODULE_PARM_DESC(each, "how long each class of words is written to alone, ms");

static unsigned int others = 0xd;
module_param(others, uint, 0444);
MODULE_PARM_DESC(others, "the vnodes to harm, a bit each");

static unsigned int rest;
module_param(rest, uint, 0444);
MODULE_PARM_DESC(rest, "how long to sleep after each 64 attacks, us");

static struct commons *c;
static struct adeos_slot *slot;
static u32 self;

static u32 rnd(struct rnd_state *r, u32 below)
{
	return below ? prandom_u32_state(r) % below : 0;
}

/* Mostly one that there is */
static u32 any_vnode(struct rnd_state *r)
{
	u32 id;

	if (!rnd(r, 8))
		return rnd(r, COMMONS_NODES);
	do {
		id = rnd(r, 32);
	} while (!((others | BIT(self)) & BIT(id)));
	return id;
}

static u32 other_vnode(struct rnd_state *r)
{
	u32 id;

	do {
		id = any_vnode(r);
	} while (id == self);
	return id;
}

/* Mostly one that there is */
static u32 any_bridge(struct rnd_state *r)
{
	u32 i = rnd(r, COMMONS_BRIDGES), n;

	for (n = 0; n < COMMONS_BRIDGES && rnd(r, 64); n++, i = (i + 1) % COMMONS_BRIDGES)
		if (READ_ONCE(c->hash[i]))
			break;
	return i;
}

static u32 nasty(struct rnd_state *r, u32 was)
{
	static const u32 values[] = {
		0, 1, 2, 3, 7, 8, 9, 63, 64, 1023, 1024, 0x7fffffff, 0x80000000, 0xfffffff8,
		0xffffffff, 0xf0, 0xff, 0x1f,
	};

	switch (rnd(r, 6)) {
	case 0:
		return values[rnd(r, ARRAY_SIZE(values))];
	case 1:
		return was ^ BIT(rnd(r, 32));
	case 2:
		return was + rnd(r, 17) - 8;
	case 3:
		return was + BIT(rnd(r, 32));
	case 4:
		return rnd(r, 64);
	default:
		return prandom_u32_state(r);
	}
}

static void scribble(struct rnd_state *r, u32 *word)
{
	WRITE_ONCE(*word, nasty(r, READ_ONCE(*word)));
}

static void harm_header(struct rnd_state *r)
{
	scribble(r, (u32 *)&c->header + rnd(r, sizeof(c->header) / 4));
}

static void harm_view(struct rnd_state *r)
{
	if (!rnd(r, 3))
		scribble(r, &c->epoch);
	else
		scribble(r, (u32 *)c->view + rnd(r, sizeof(c->view) / 4));
}

/* A view that looks like the root's */
static void forge_view(struct rnd_state *r)
{
	static const u32 steps[] = { 1, 2, 4, 5, 1000, 0x3fffffff, 0x7fffffff };
	struct commons_view v = { }, *to;
	u32 i;

	v.epoch = READ_ONCE(c->epoch) + steps[rnd(r, ARRAY_SIZE(steps))];
	v.mask[0] = 1 | (rnd(r, 2) ? others : prandom_u32_state(r));
	v.mask[1] = rnd(r, 2) ? 0 : prandom_u32_state(r);
	for (i = 0; i < COMMONS_NODES; i++)
		if (commons_mask(v.mask) & commons_bit(i))
			v.incarnation[i] = rnd(r, 4) ? READ_ONCE(c->node[i].incarnation) :
				nasty(r, READ_ONCE(c->node[i].incarnation));
	v.check = commons_check((u32 *)&v, offsetof(struct commons_view, check) / 4);
	to = &c->view[v.epoch % COMMONS_VIEWS];
	commons_write((u32 *)to, (u32 *)&v, sizeof(v) / 4);
	smp_store_release(&c->epoch, v.epoch);	/* as member_publish() does */
}

static void harm_node(struct rnd_state *r)
{
	scribble(r, (u32 *)&c->node[any_vnode(r)] +
		 rnd(r, offsetof(struct commons_node, pending) / 4));
}

static void harm_portals(struct rnd_state *r)
{
	struct commons_node *n = &c->node[any_vnode(r)];

	if (rnd(r, 2))
		scribble(r, &n->pending);
	else
		scribble(r, (u32 *)n->rang + rnd(r, sizeof(n->rang) / 4));
}

static void harm_tag(struct rnd_state *r)
{
	u32 *tag = &c->tag[any_bridge(r)], was = READ_ONCE(*tag);

	if (rnd(r, 3))
		WRITE_ONCE(*tag, BRIDGE_TAG(BRIDGE_GENERATION(was) + rnd(r, 3) - 1, rnd(r, 8)));
	else
		scribble(r, tag);
}

static void harm_hash(struct rnd_state *r)
{
	u32 *hash = &c->hash[any_bridge(r)];

	if (rnd(r, 2))
		WRITE_ONCE(*hash, READ_ONCE(c->hash[any_bridge(r)]));
	else
		scribble(r, hash);
}

static void harm_entry(struct rnd_state *r)
{
	scribble(r, (u32 *)&c->bridge[any_bridge(r)] +
		 rnd(r, offsetof(struct commons_bridge, pad_root) / 4));
}

static void harm_users(struct rnd_state *r)
{
	struct commons_bridge *b = &c->bridge[any_bridge(r)];
	u32 *word = rnd(r, 2) ? b->users : b->frozen;

	if (rnd(r, 2))
		WRITE_ONCE(*word, rnd(r, 2) ? others : 0);
	else
		scribble(r, word + rnd(r, 2));
}

/* With a correct checksum; nobody writes to a bridge of that name. */
static void forge_entry(struct rnd_state *r)
{
	struct { u32 scope; char name[COMMONS_NAME]; } key = { COMMONS_NOBODY, "forged" };
	u32 hash = commons_check((u32 *)&key, sizeof(key) / 4), i, tag;
	struct commons_bridge b = { .name = "forged", .scope = COMMONS_NOBODY };

	i = rnd(r, 2) ? hash % COMMONS_BRIDGES : rnd(r, COMMONS_BRIDGES);
	/* A real bridge may be here that somebody writes to, so its place is not forged. */
	if (READ_ONCE(c->hash[i]) && READ_ONCE(c->hash[i]) != hash)
		return;
	tag = BRIDGE_TAG(rnd(r, 3), BRIDGE_LIVE + (rnd(r, 4) ? 0 : rnd(r, 4)));
	b.pfn = rnd(r, 2) ? rnd(r, 0x40000) : nasty(r, shared >> PAGE_SHIFT);
	b.pages = rnd(r, 4) ? 3 : nasty(r, 3);
	b.allowed[0] = 0xffffffff;
	b.allowed[1] = 0xffffffff;
	b.flags = rnd(r, 2 * (BRIDGE_FLAGS + 1));
	b.generation = BRIDGE_GENERATION(tag);
	b.check = commons_check((u32 *)&b, COMMONS_BRIDGE_WORDS - 1);
	commons_write((u32 *)&c->bridge[i], (u32 *)&b, COMMONS_BRIDGE_WORDS);
	WRITE_ONCE(c->tag[i], tag);
	WRITE_ONCE(c->hash[i], hash);
}

static void harm_ring(struct rnd_state *r)
{
	struct commons_ring *ring = &c->ring[any_vnode(r)][any_vnode(r)];

	switch (rnd(r, 5)) {
	case 0:
		scribble(r, &ring->head);
		break;
	case 1:
		scribble(r, &ring->tail);
		break;
	case 2:
		WRITE_ONCE(ring->stalled, rnd(r, 2));
		break;
	default:
		scribble(r, (u32 *)ring->slot + rnd(r, sizeof(ring->slot) / 4));
	}
}

static void put(u32 from, u32 to, union dsp_msg *msg)
{
	struct commons_ring *ring = &c->ring[to][from];
	u32 head = READ_ONCE(ring->head);

	msg->seq = head;
	commons_write(ring->slot[head % COMMONS_SLOTS].w, msg->w, ARRAY_SIZE(msg->w));
	smp_store_release(&ring->head, head + 1);	/* as dsp_ring_put() does */
	adeos_portal_ring(to, 0);
}

static void fill_payload(struct rnd_state *r, union dsp_msg *msg)
{
	static const char * const names[] = {
		"forged", "world-0", "world-2", "citizen", "", "a/b", "a",
	};
	struct dsp_bridge_request *req = (struct dsp_bridge_request *)msg->payload;
	struct dsp_result *result = (struct dsp_result *)msg->payload;

	BUILD_BUG_ON(sizeof(*req) > DSP_PAYLOAD);
	prandom_bytes_state(r, msg->payload, DSP_PAYLOAD);
	if (msg->type == DSP_CREATE && rnd(r, 4)) {
		strscpy_pad(req->name, names[rnd(r, ARRAY_SIZE(names))], sizeof(req->name));
		req->flags = rnd(r, 2 * (BRIDGE_FLAGS + 1));
		req->pages = rnd(r, 8) ? rnd(r, 8) : nasty(r, BRIDGE_MAX_PAGES);
		msg->length = sizeof(*req);
	} else if (rnd(r, 4)) {
		result->error = rnd(r, 2) ? 0 : nasty(r, 0);
		result->index = any_bridge(r);
		result->generation = BRIDGE_GENERATION(READ_ONCE(c->tag[result->index]));
		msg->length = sizeof(*result);
	}
}

static void send(struct rnd_state *r, u32 from, u32 to)
{
	union dsp_msg msg = { };

	msg.type = rnd(r, 2) ? rnd(r, 8) : prandom_u32_state(r);
	msg.version = rnd(r, 8) ? ADEOS_ABI : prandom_u32_state(r);
	msg.length = rnd(r, 2) ? rnd(r, DSP_PAYLOAD + 1) : prandom_u32_state(r);
	msg.flags = rnd(r, 8) ? 0 : prandom_u32_state(r);
	msg.from = rnd(r, 8) ? READ_ONCE(c->node[from].incarnation) : nasty(r, 1);
	msg.to = rnd(r, 8) ? READ_ONCE(c->node[to].incarnation) : nasty(r, 1);
	msg.txn = rnd(r, 4) ? rnd(r, 1000) : nasty(r, 0x10000);
	fill_payload(r, &msg);
	put(from, to, &msg);
}

static void send_own(struct rnd_state *r)
{
	send(r, self, other_vnode(r));
}

static void send_others(struct rnd_state *r)
{
	send(r, any_vnode(r), any_vnode(r));
}

static void storm(struct rnd_state *r)
{
	u32 to = other_vnode(r), i;

	for (i = 0; i < 32; i++) {
		if (rnd(r, 2))
			WRITE_ONCE(c->node[to].pending, 0);
		adeos_portal_ring(to, rnd(r, 2) ? rnd(r, 2) : rnd(r, ADEOS_PORTALS));
	}
}

static void harm_slot(struct rnd_state *r)
{
	switch (rnd(r, 6)) {
	case 0:
		scribble(r, (u32 *)&slot->counters + rnd(r, sizeof(slot->counters) / 4));
		break;
	case 1:
		scribble(r, &slot->log.head);
		break;
	case 2:
		scribble(r, (u32 *)slot->log.text + rnd(r, ADEOS_LOG_SIZE / 4));
		break;
	case 3:
		scribble(r, &slot->page.heartbeat);
		break;
	case 4:
		/* Nothing that ends this vnode; another test does that. */
		WRITE_ONCE(slot->page.report, ADEOS_REPORT_CRASHED + 1 + rnd(r, 1000));
		break;
	default:
		scribble(r, &slot->page.clock_seq);
	}
}

static void nothing(struct adeos_bridge *b, void *priv)
{
}

static const struct adeos_bridge_ops ops = {
	.freeze	= nothing,
	.thaw	= nothing,
	.gone	= nothing,
};

/* The contents of others' bridges that this vnode may open */
static void harm_contents(struct rnd_state *r)
{
	struct adeos_bridge *b;
	char name[16];
	u32 *w, i;

	i = other_vnode(r);
	snprintf(name, sizeof(name), "world-%u", i);
	b = rnd(r, 2) ? adeos_bridge_open(i, "citizen", true, &ops, NULL) :
		adeos_bridge_open(ADEOS_GLOBAL, name, true, &ops, NULL);
	if (IS_ERR(b))
		return;
	w = adeos_bridge_addr(b);
	for (i = 0; w && i < 100; i++)
		scribble(r, w + rnd(r, adeos_bridge_size(b) / sizeof(*w)));
	adeos_bridge_close(b);
}

/* Any owner, offer or queue, mostly wrong ones */
static void harm_lock(struct rnd_state *r)
{
	struct adeos_lock *lock = &c->lock[rnd(r, COMMONS_LOCKS)];

	if (rnd(r, 2))
		WRITE_ONCE(lock->owner, rnd(r, 70) | (rnd(r, 2) ? ADEOS_LOCK_OFFERED : 0));
	else
		scribble(r, (u32 *)lock + rnd(r, 3));
}

static void harm_anything(struct rnd_state *r)
{
	scribble(r, (u32 *)c + rnd(r, sizeof(*c) / 4));
}

static const struct {
	const char *name;
	void (*harm)(struct rnd_state *r);
} attacks[] = {
	{ "contents of bridges", harm_contents },
	{ "the header", harm_header },
	{ "views", harm_view },
	{ "forged views", forge_view },
	{ "nodes", harm_node },
	{ "portals", harm_portals },
	{ "tags", harm_tag },
	{ "hashes", harm_hash },
	{ "entries of bridges", harm_entry },
	{ "forged entries", forge_entry },
	{ "users of bridges", harm_users },
	{ "rings", harm_ring },
	{ "locks", harm_lock },
	{ "own messages", send_own },
	{ "messages of others", send_others },
	{ "a storm of rings", storm },
	{ "anything", harm_anything },
	{ "its own slot", harm_slot },
};

static int attack(void *arg)
{
	struct rnd_state state;
	unsigned long end;
	unsigned int i, n;

	prandom_seed_state(&state, seed * 64 + (unsigned long)arg);
	for (i = 0; i < ARRAY_SIZE(attacks) && !kthread_should_stop(); i++) {
		if (!arg)
			pr_info("adeos: hostile: %s\n", attacks[i].name);
		end = jiffies + msecs_to_jiffies(each);
		for (n = 1; time_before(jiffies, end); n++) {
			attacks[i].harm(&state);
			if (!(n % 64) && rest)
				usleep_range(rest, rest + 10);
			cond_resched();
		}
	}
	pr_info("adeos: hostile: everything\n");
	for (n = 1; !kthread_should_stop(); n++) {
		/* The first one may have to wait for the root. */
		i = rnd(&state, 64) ? 1 + rnd(&state, ARRAY_SIZE(attacks) - 1) : 0;
		attacks[i].harm(&state);
		if (!(n % 64) && rest)
			usleep_range(rest, rest + 10);
		cond_resched();
	}
	return 0;
}

static int __init hostile_init(void)
{
	struct task_struct *task;
	unsigned int cpu;

	self = adeos_vnode_id();
	if (!shared || !self || others & BIT(self))
		return -EINVAL;
	slot = adeos_map(shared + self * ADEOS_SLOT_SIZE, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	c = adeos_map(slot->page.commons, sizeof(*c));
	if (!c || READ_ONCE(c->header.magic) != COMMONS_MAGIC)
		return -EINVAL;
	pr_info("adeos: hostile: seed %u\n", seed);
	for_each_online_cpu(cpu) {
		task = kthread_run(attack, (void *)(unsigned long)cpu, "hostile/%u", cpu);
		if (IS_ERR(task))
			return PTR_ERR(task);
	}
	return 0;
}
module_init(hostile_init);

/* There is no module_exit(): only the vnode's death ends this. */

MODULE_DESCRIPTION("Damages all that vnodes share");
MODULE_LICENSE("GPL");
