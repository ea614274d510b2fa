// SPDX-License-Identifier: GPL-2.0
/*
 * In a vnode: replaces vcon's bridge "console" for the root by one of another kind, until
 * it may open the root's console, by which the root ends this.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

#include "../../vdev/portals.h"
#include "../../vdev/vcon/link.h"

static unsigned int kind = ADEOS_BRIDGE_MOVABLE;
module_param(kind, uint, 0444);
MODULE_PARM_DESC(kind, "ADEOS_BRIDGE_PINNED, _MOVABLE or _TRANSIENT, and _READ_ONLY");

static unsigned int size = VCON_FULL_SIZE;
module_param(size, uint, 0444);

static unsigned int channels = VCON_CHANNELS;
module_param(channels, uint, 0444);
MODULE_PARM_DESC(channels, "what it says of itself");

static struct adeos_bridge *bridge;
static struct task_struct *thread;
static bool gone;	/* vcon has destroyed it, to make its own */

static void nothing(struct adeos_bridge *b, void *priv)
{
}

static void note_gone(struct adeos_bridge *b, void *priv)
{
	WRITE_ONCE(gone, true);
}

static const struct adeos_bridge_ops own_ops = {
	.gone	= nothing,
};

static const struct adeos_bridge_ops ops = {
	.freeze	= nothing,
	.thaw	= nothing,
	.gone	= note_gone,
};

static void end_own(void)
{
	struct adeos_bridge *b = adeos_bridge_open(adeos_vnode_id(), "console", true, &own_ops,
						    NULL);

	if (IS_ERR(b))
		return;
	adeos_bridge_destroy(b);
	adeos_bridge_close(b);
}

/* vcon makes its own bridge again soon after it was destroyed, so try until this one is first */
static struct adeos_bridge *make(void)
{
	struct adeos_bridge_spec spec = {
		.name = "console", .size = size, .allowed = 1, .flags = kind,
	};
	struct adeos_bridge *b;
	unsigned int tries;

	for (tries = 0; tries < 300; tries++) {
		end_own();
		b = adeos_bridge_make(&spec, &ops, NULL);
		if (b != ERR_PTR(-EEXIST))
			return b;
		msleep(20);
	}
	return ERR_PTR(-EEXIST);
}

static bool is_enough(void)
{
	struct adeos_bridge *b;
	char name[16];

	snprintf(name, sizeof(name), "console.%u", adeos_vnode_id());
	b = adeos_bridge_open(0, name, false, NULL, NULL);
	if (!IS_ERR(b))
		adeos_bridge_close(b);
	return !IS_ERR(b);
}

static void close_own(void)
{
	adeos_bridge_destroy(bridge);
	adeos_bridge_close(bridge);
}

static void show(void)
{
	struct vcon_wire *wire;

	if (READ_ONCE(gone)) {
		close_own();
		gone = false;
		bridge = make();
	}
	wire = IS_ERR(bridge) ? NULL : adeos_bridge_addr(bridge);
	if (!wire)
		return;
	wire->version = VCON_VERSION;
	wire->channels = channels;
	smp_store_release(&wire->magic, VCON_MAGIC);	/* as in vcon_serve() */
	adeos_portal_ring(0, PORTAL_VCON);
}

static int work(void *unused)
{
	while (!kthread_should_stop() && !IS_ERR(bridge) && !is_enough()) {
		show();
		msleep(20);
	}
	if (!IS_ERR(bridge))
		close_own();
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static int __init other_init(void)
{
	bridge = make();
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	thread = kthread_run(work, NULL, "vcon_other");
	if (!IS_ERR(thread))
		return 0;
	close_own();
	return PTR_ERR(thread);
}
module_init(other_init);

static void __exit other_exit(void)
{
	kthread_stop(thread);
}
module_exit(other_exit);

MODULE_DESCRIPTION("A console bridge of another kind, for a test");
MODULE_LICENSE("GPL");
