// SPDX-License-Identifier: GPL-2.0
/* See peer.h. */
#include <linux/adeos.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "peer.h"

static struct adeos_bridge *box_bridge, *opened;
static struct peer_box *box;
static u32 pongs;

static void peer_freeze(struct adeos_bridge *b, void *priv)
{
}

static void peer_thaw(struct adeos_bridge *b, void *priv)
{
	WRITE_ONCE(box->moved, box->moved + 1);
}

static void peer_gone(struct adeos_bridge *b, void *priv)
{
	WRITE_ONCE(box->gone, box->gone + 1);
}

static const struct adeos_bridge_ops ops = {
	.freeze	= peer_freeze,
	.thaw	= peer_thaw,
	.gone	= peer_gone,
};

static int peer_create(const struct peer_box *b)
{
	struct adeos_bridge_spec spec = {
		.name = b->name, .size = b->arg, .allowed = ~0ULL, .flags = b->flags,
	};

	return adeos_bridge_create(&spec);
}

static int peer_open(const struct peer_box *b)
{
	struct adeos_bridge *bridge;

	if (opened)
		return -EBUSY;
	bridge = adeos_bridge_open(b->scope, b->name, true, &ops, NULL);
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	opened = bridge;
	return 0;
}

static int peer_close(void)
{
	if (!opened)
		return -EBADF;
	adeos_bridge_close(opened);
	opened = NULL;
	return 0;
}

static int peer_words(bool write, u32 value)
{
	u32 *w = opened ? adeos_bridge_addr(opened) : NULL;
	size_t i, nr;
	u32 sum = 0;

	if (!w)
		return opened ? -EAGAIN : -EBADF;
	nr = adeos_bridge_size(opened) / sizeof(*w);
	for (i = 0; i < nr; i++) {
		if (write)
			WRITE_ONCE(w[i], value);
		else
			sum += READ_ONCE(w[i]);
	}
	return write ? 0 : sum & 0x7fffffff;
}

static int peer_ring(u32 id, u32 times)
{
	u32 before, spins;
	int ret;

	while (times--) {
		before = READ_ONCE(pongs);
		ret = adeos_portal_ring(id, PEER_PING);
		if (ret)
			return ret;
		for (spins = 0; READ_ONCE(pongs) == before; spins++) {
			if (spins > 10000000)
				return -ETIMEDOUT;
			cpu_relax();
		}
	}
	return 0;
}

static void stall(void *ms)
{
	unsigned long left = (unsigned long)ms;

	/* In an on_each_cpu(), interrupts are disabled here. */
	WRITE_ONCE(box->stalled, 1);
	while (!READ_ONCE(box->release) && left--)
		mdelay(1);
}

static int peer_do(const struct peer_box *b)
{
	switch (b->command) {
	case PEER_CREATE:
		return peer_create(b);
	case PEER_OPEN:
		return peer_open(b);
	case PEER_CLOSE:
		return peer_close();
	case PEER_DESTROY:
		return opened ? adeos_bridge_destroy(opened) : -EBADF;
	case PEER_WRITE:
		return peer_words(true, b->arg);
	case PEER_SUM:
		return peer_words(false, 0);
	case PEER_RING:
		return peer_ring(b->scope, b->arg);
	case PEER_STALL:
		on_each_cpu(stall, (void *)(unsigned long)b->arg, false);
		return 0;
	case PEER_BUSY:
		stall((void *)(unsigned long)b->arg);
		return 0;
	case PEER_PANIC:
		panic("a test wants it");
	}
	return -EINVAL;
}

static void peer_work(struct work_struct *work)
{
	struct peer_box b = *box;

	b.name[sizeof(b.name) - 1] = 0;
	if (READ_ONCE(box->ack) == b.seq)
		return;
	WRITE_ONCE(box->result, peer_do(&b));
	/* Pairs with end() in peer_kunit.c: the result comes first. */
	smp_store_release(&box->ack, b.seq);
}

static DECLARE_WORK(work, peer_work);

static void peer_wake(struct irq_work *irq_work)
{
	schedule_work(&work);
}

static DEFINE_IRQ_WORK(wake, peer_wake);

static void peer_command(unsigned int portal, u64 from, void *cookie)
{
	irq_work_queue(&wake);
}

static void peer_ping(unsigned int portal, u64 from, void *cookie)
{
	WRITE_ONCE(box->pings, box->pings + 1);
	adeos_portal_ring_set(from, PEER_PONG);
}

static void peer_echo(unsigned int portal, u64 from, void *cookie)
{
	WRITE_ONCE(box->echoes, box->echoes + 1);
}

static void peer_pong(unsigned int portal, u64 from, void *cookie)
{
	WRITE_ONCE(pongs, pongs + 1);
}

static int __init peer_init(void)
{
	struct adeos_bridge_spec spec = {
		.name = PEER_BRIDGE, .size = sizeof(*box), .allowed = ~0ULL,
	};
	unsigned int tries;
	int ret;

	/* It takes a moment until a vnode is a member. */
	for (tries = 0; tries < 6000; tries++) {
		ret = adeos_bridge_create(&spec);
		if (ret != -ENOTCONN)
			break;
		msleep(20);
	}
	if (ret && ret != -EEXIST)
		return ret;
	box_bridge = adeos_bridge_open(adeos_vnode_id(), PEER_BRIDGE, true, NULL, NULL);
	if (IS_ERR(box_bridge))
		return PTR_ERR(box_bridge);
	box = adeos_bridge_addr(box_bridge);
	memset(box, 0, sizeof(*box));
	adeos_portal_bind(PEER_PORTAL, peer_command, NULL);
	adeos_portal_bind(PEER_PING, peer_ping, NULL);
	adeos_portal_bind(PEER_PONG, peer_pong, NULL);
	adeos_portal_bind(PEER_ECHO, peer_echo, NULL);
	pr_info("adeos: peer is ready\n");
	return 0;
}
module_init(peer_init);

static void __exit peer_exit(void)
{
	adeos_portal_unbind(PEER_PORTAL);
	adeos_portal_unbind(PEER_PING);
	adeos_portal_unbind(PEER_PONG);
	adeos_portal_unbind(PEER_ECHO);
	irq_work_sync(&wake);
	flush_work(&work);
	peer_close();
	adeos_bridge_destroy(box_bridge);
	adeos_bridge_close(box_bridge);
}
module_exit(peer_exit);

MODULE_DESCRIPTION("Does what a test in another vnode says");
MODULE_LICENSE("GPL");
