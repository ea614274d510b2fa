// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the root ignore this vnode, for the errors that follow.  Either the root's
 * heartbeat seems to stand still as long as this is loaded, or forged later requests, once
 * or as long as this is loaded, make the root drop the next ones.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

#include "../../adeos/proto/dsp.h"
#include "../../adeos/proto/page.h"

static unsigned long shared;
module_param(shared, ulong, 0444);
MODULE_PARM_DESC(shared, "physical address of what all vnodes share");

static bool beat;
module_param(beat, bool, 0444);
MODULE_PARM_DESC(beat, "the root's heart seems to stand still");

static unsigned int places = 1;
module_param(places, uint, 0444);
MODULE_PARM_DESC(places, "how many later requests, each of a place of its own");

static struct commons *c;
static struct task_struct *task;

/* Protects what follows, and forging */
static DEFINE_MUTEX(lock);
static bool keep;
static u32 asked[DSP_CALLS];	/* by place: the newest transaction; 0: not known */
static u32 forged[DSP_CALLS];	/* and which of them was forged over */

/* The root goes on beating; a reader between two writes sees that. */
static int hold_beat(void *unused)
{
	u32 still = READ_ONCE(c->node[0].heartbeat);

	while (!kthread_should_stop()) {
		WRITE_ONCE(c->node[0].heartbeat, still);
		usleep_range(20, 40);
	}
	return 0;
}

/* A request that is far later than any other of its place; it does nothing. */
static void forge(u32 txn)
{
	u32 self = adeos_vnode_id(), head;
	struct commons_ring *ring = &c->ring[0][self];
	struct dsp_result which = { .index = COMMONS_BRIDGES };
	union dsp_msg msg = {
		.type = DSP_DESTROY, .version = ADEOS_ABI, .length = sizeof(which),
		.from = READ_ONCE(c->node[self].incarnation),
		.to = READ_ONCE(c->node[0].incarnation), .txn = txn,
	};
	unsigned int tries;

	memcpy(msg.payload, &which, sizeof(which));
	head = READ_ONCE(ring->head);
	msg.seq = head;
	commons_write(ring->slot[head % COMMONS_SLOTS].w, msg.w, ARRAY_SIZE(msg.w));
	smp_store_release(&ring->head, head + 1);	/* as dsp_ring_put() does */
	adeos_portal_ring(0, 0);
	/* The ring has fewer places. */
	for (tries = 0; tries < 1000 && READ_ONCE(ring->tail) != head + 1; tries++)
		msleep(20);
}

/* Of this vnode's own, not one of these here */
static bool is_request(const union dsp_msg *msg)
{
	struct dsp_result which;

	memcpy(&which, msg->payload, sizeof(which));
	return msg->type == DSP_CREATE ||
	       (msg->type == DSP_DESTROY && which.index != COMMONS_BRIDGES);
}

/* Finds the newest request of each place, of those that can still be read. */
static void look(void)
{
	struct commons_ring *ring = &c->ring[0][adeos_vnode_id()];
	u32 head = READ_ONCE(ring->head), seen = 0, i;
	union dsp_msg msg;

	for (i = 1; i <= COMMONS_SLOTS; i++) {
		commons_read(msg.w, ring->slot[(head - i) % COMMONS_SLOTS].w, ARRAY_SIZE(msg.w));
		if (!is_request(&msg) || seen & BIT(msg.txn % DSP_CALLS))
			continue;
		seen |= BIT(msg.txn % DSP_CALLS);
		asked[msg.txn % DSP_CALLS] = msg.txn;
	}
}

/*
 * Each request that was given up makes the next transaction higher by 1 << 30.  So the
 * forged one is higher than the next one, too, and is raised again when that was seen.
 */
#define FAR	((1u << 31) - (1 << 20))

static void look_and_forge(void)
{
	unsigned int i;

	look();
	for (i = 0; keep && i < DSP_CALLS; i++) {
		if (forged[i] == asked[i])
			continue;
		forged[i] = asked[i];
		forge(asked[i] + FAR);
	}
}

/* On return, the root ignores the next request, or from now on each one. */
static int set_keep(const char *value, const struct kernel_param *param)
{
	int ret;

	mutex_lock(&lock);
	ret = param_set_bool(value, param);
	if (!ret && c)
		look_and_forge();
	mutex_unlock(&lock);
	return ret;
}

static const struct kernel_param_ops keep_ops = {
	.set = set_keep,
	.get = param_get_bool,
};

module_param_cb(keep, &keep_ops, &keep, 0644);
MODULE_PARM_DESC(keep, "and later ones again, whenever this vnode has asked for something");

static int watch(void *unused)
{
	while (!kthread_should_stop()) {
		mutex_lock(&lock);
		look_and_forge();
		mutex_unlock(&lock);
		msleep(100);
	}
	return 0;
}

static int start(int (*function)(void *unused))
{
	task = kthread_run(function, NULL, "unheard");
	if (!IS_ERR(task))
		return 0;
	adeos_unmap(c);
	return PTR_ERR(task);
}

static int __init unheard_init(void)
{
	struct adeos_slot *slot;
	unsigned int i;

	if (!shared || !adeos_vnode_id() || places > DSP_CALLS)
		return -EINVAL;
	slot = adeos_map(shared + adeos_vnode_id() * ADEOS_SLOT_SIZE, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	c = adeos_map(slot->page.commons, sizeof(*c));
	adeos_unmap(slot);
	if (!c)
		return -ENOMEM;
	if (beat)
		return start(hold_beat);
	if (keep)
		look();		/* what is forged takes the place of what can be read */
	for (i = 0; i < places; i++)
		forge((1 << 24) + i);
	return keep ? start(watch) : 0;
}
module_init(unheard_init);

static void __exit unheard_exit(void)
{
	if (task)
		kthread_stop(task);
	adeos_unmap(c);
}
module_exit(unheard_exit);

MODULE_DESCRIPTION("Keeps a vnode from being heard by the root");
MODULE_LICENSE("GPL");
