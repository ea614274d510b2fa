// SPDX-License-Identifier: GPL-2.0
/*
 * In a vnode: as long as it is loaded, writes arbitrary values to the words and rings of
 * the bridge of the vnode's console, as a broken kernel might, and rings the root all the
 * time.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>

#include "../../vdev/portals.h"

#define HEADER	64	/* so that the root opens it at all */

static struct adeos_bridge *bridge;
static struct task_struct *thread;
static u32 written;
module_param(written, uint, 0444);

/* Mostly to positions and states, and mostly small numbers, which may look valid. */
static void scribble(u8 *at, size_t size)
{
	struct rnd_state rnd;
	unsigned int i;
	u32 where, what;

	prandom_seed_state(&rnd, get_random_u64());
	for (i = 0; i < 4096; i++) {
		where = prandom_u32_state(&rnd);
		what = prandom_u32_state(&rnd);
		where = HEADER + (where & 4 ? where >> 3 & 0x3fff : (where >> 3) % (size - HEADER));
		if (what & 1)
			what >>= prandom_u32_state(&rnd) % 32;
		WRITE_ONCE(*(u32 *)(at + min_t(u32, where & ~3u, size - 4)), what);
		WRITE_ONCE(written, written + 1);
	}
}

static int work(void *unused)
{
	while (!kthread_should_stop()) {
		scribble(adeos_bridge_addr(bridge), adeos_bridge_size(bridge));
		adeos_portal_ring(0, PORTAL_VCON);
		usleep_range(100, 1000);
	}
	return 0;
}

static int __init hostile_init(void)
{
	bridge = adeos_bridge_open(adeos_vnode_id(), "console", true, NULL, NULL);
	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	thread = kthread_run(work, NULL, "hostile");
	if (IS_ERR(thread)) {
		adeos_bridge_close(bridge);
		return PTR_ERR(thread);
	}
	return 0;
}
module_init(hostile_init);

static void __exit hostile_exit(void)
{
	kthread_stop(thread);
	adeos_bridge_close(bridge);
}
module_exit(hostile_exit);

MODULE_DESCRIPTION("Writes nonsense into its vnode's console bridge, for a test");
MODULE_LICENSE("GPL");
