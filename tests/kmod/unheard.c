// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps this vnode from being heard by the root, for the errors that follow:
 * either the root's heart seems to stand still as long as this is loaded, or the
 * root is made to believe in later requests, once, and so drops the next ones.
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

/* The root goes on beating; whoever looks between two writes sees that. */
static int hold_beat(void *unused)
{
	u32 still = READ_ONCE(c->node[0].heartbeat);

	while (!kthread_should_stop()) {
		WRITE_ONCE(c->node[0].heartbeat, still);
		usleep_range(20, 40);
	}
	return 0;
}

/* A request of a place that is far later than any other; it does nothing. */
static void forge(unsigned int place)
{
	u32 self = adeos_vnode_id(), head;
	struct commons_ring *ring = &c->ring[0][self];
	struct dsp_result which = { .index = COMMONS_BRIDGES };
	union dsp_msg msg = {
		.type = DSP_DESTROY, .version = DSP_VERSION, .length = sizeof(which),
		.from = READ_ONCE(c->node[self].incarnation),
		.to = READ_ONCE(c->node[0].incarnation), .txn = (1 << 24) + place,
	};
	unsigned int tries;

	memcpy(msg.payload, &which, sizeof(which));
	head = READ_ONCE(ring->head);
	msg.seq = head;
	commons_write(ring->slot[head % COMMONS_SLOTS].w, msg.w, ARRAY_SIZE(msg.w));
	smp_store_release(&ring->head, head + 1);	/* as ring_put() does */
	adeos_portal_ring(0, 0);
	/* The ring has fewer places. */
	for (tries = 0; tries < 1000 && READ_ONCE(ring->tail) != head + 1; tries++)
		msleep(20);
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
	if (!beat) {
		for (i = 0; i < places; i++)
			forge(i);
		return 0;
	}
	task = kthread_run(hold_beat, NULL, "unheard");
	if (!IS_ERR(task))
		return 0;
	adeos_unmap(c);
	return PTR_ERR(task);
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
