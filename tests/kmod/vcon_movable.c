// SPDX-License-Identifier: GPL-2.0
/*
 * In a vnode: replaces the bridge of its console by one that is correct, but movable, which
 * a console's client cannot follow.  As long as this is loaded, it rings the root.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

#include "../../vdev/portals.h"
#include "../../vdev/vcon/link.h"

static struct adeos_bridge *bridge;
static struct task_struct *thread;

static void nothing(struct adeos_bridge *b, void *priv)
{
}

static const struct adeos_bridge_ops ops = {
	.freeze	= nothing,
	.thaw	= nothing,
	.gone	= nothing,
};

static int ring(void *unused)
{
	while (!kthread_should_stop()) {
		adeos_portal_ring(0, PORTAL_VCON);
		msleep(50);
	}
	return 0;
}

/* The vnode's own, whose name is free at once, until vcon makes another one */
static void end_console(void)
{
	struct adeos_bridge *b = adeos_bridge_open(adeos_vnode_id(), "console", true, NULL, NULL);

	if (IS_ERR(b))
		return;
	adeos_bridge_destroy(b);
	adeos_bridge_close(b);
}

static int __init movable_init(void)
{
	struct adeos_bridge_spec spec = {
		.name = "console", .size = VCON_FULL_SIZE, .allowed = 1,
		.flags = ADEOS_BRIDGE_MOVABLE,
	};
	struct vcon_wire *wire;
	unsigned int tries;

	for (tries = 0; tries < 100; tries++) {
		end_console();
		bridge = adeos_bridge_make(&spec, &ops, NULL);
		if (bridge != ERR_PTR(-EEXIST))
			break;
	}
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	wire = adeos_bridge_addr(bridge);
	wire->version = VCON_VERSION;
	wire->channels = VCON_CHANNELS;
	/* Pairs with check_wire(). */
	smp_store_release(&wire->magic, VCON_MAGIC);
	thread = kthread_run(ring, NULL, "movable");
	if (!IS_ERR(thread))
		return 0;
	adeos_bridge_destroy(bridge);
	adeos_bridge_close(bridge);
	return PTR_ERR(thread);
}
module_init(movable_init);

static void __exit movable_exit(void)
{
	kthread_stop(thread);
	adeos_bridge_destroy(bridge);
	adeos_bridge_close(bridge);
}
module_exit(movable_exit);

MODULE_DESCRIPTION("A console that may be moved, for a test");
MODULE_LICENSE("GPL");
