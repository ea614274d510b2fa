// SPDX-License-Identifier: GPL-2.0
/*
 * In a vnode that may use the root's console: as long as it is loaded, types there without
 * end, faster than the root can read, changes the size of the window each time, and rings
 * the root all the time.
 */
#include <linux/adeos.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "../../vdev/portals.h"
#include "../../vdev/vcon/link.h"

static struct adeos_bridge *bridge;
static struct task_struct *thread;
static unsigned long long typed;	/* bytes that the root has read */
module_param(typed, ullong, 0444);

static int work(void *unused)
{
	struct vcon_wire *wire = adeos_bridge_addr(bridge);
	struct stream_side *side = wire->side[0];
	u32 size = 0;

	while (!kthread_should_stop()) {
		/* The rings are full again whenever the root has read something. */
		typed += READ_ONCE(side[VCON_SERVER].tail) + VCON_CONSOLE_IN -
			 READ_ONCE(side[VCON_CLIENT].head);
		WRITE_ONCE(side[VCON_CLIENT].head,
			   READ_ONCE(side[VCON_SERVER].tail) + VCON_CONSOLE_IN);
		WRITE_ONCE(wire->winsize, 0x180050 + (++size & 0xff));
		atomic_or(1, &wire->kick[VCON_SERVER].word[0]);
		if (!(size % 64))
			adeos_portal_ring(0, PORTAL_VCON);
		cond_resched();
	}
	return 0;
}

static int __init typist_init(void)
{
	char name[16];

	snprintf(name, sizeof(name), "console.%u", adeos_vnode_id());
	bridge = adeos_bridge_open(0, name, true, NULL, NULL);
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	thread = kthread_run(work, NULL, "typist");
	if (!IS_ERR(thread))
		return 0;
	adeos_bridge_close(bridge);
	return PTR_ERR(thread);
}
module_init(typist_init);

static void __exit typist_exit(void)
{
	kthread_stop(thread);
	adeos_bridge_close(bridge);
}
module_exit(typist_exit);

MODULE_DESCRIPTION("Types at the root's console without end, for a test");
MODULE_LICENSE("GPL");
