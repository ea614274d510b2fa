// SPDX-License-Identifier: GPL-2.0
/*
 * How long it takes to ring another vnode and be rung back; the other one has
 * loaded tests/kmod/peer.c.  Then the same while its Linux has interrupts disabled.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/module.h>

#include "../../tests/kmod/peer.h"

static unsigned int id = 1, rounds = 5000, stall_ms = 3000;
module_param(id, uint, 0444);
module_param(rounds, uint, 0444);
module_param(stall_ms, uint, 0444);

static u32 pongs;

static void pong(unsigned int portal, u64 from, void *cookie)
{
	WRITE_ONCE(pongs, pongs + 1);
}

static int ping(unsigned int nr)
{
	u32 before;
	int ret;

	while (nr--) {
		before = READ_ONCE(pongs);
		ret = adeos_portal_ring(id, PEER_PING);
		if (ret)
			return ret;
		while (READ_ONCE(pongs) == before)
			cpu_relax();
	}
	return 0;
}

static int measure(const char *what)
{
	u64 start;
	int ret = ping(rounds / 10);

	start = ktime_get_ns();
	ret = ret ?: ping(rounds);
	if (!ret)
		pr_info("bench: %s %llu ns\n", what, div_u64(ktime_get_ns() - start, rounds));
	return ret;
}

static int measure_stalled(struct peer_box *box)
{
	u32 seq = box->seq + 1;
	int ret;

	box->command = PEER_STALL;
	box->arg = stall_ms;
	/* Pairs with peer_work() in peer.c. */
	smp_store_release(&box->seq, seq);
	adeos_portal_ring(id, PEER_PORTAL);
	msleep(200);
	ret = measure("stalled");
	/* It was so to the end, or it counts for nothing. */
	if (READ_ONCE(box->ack) == seq)
		pr_err("bench: the stall was over too early\n");
	WRITE_ONCE(box->release, 1);
	return ret;
}

static int __init portal_init(void)
{
	struct adeos_bridge *bridge = adeos_bridge_open(id, PEER_BRIDGE, true, NULL, NULL);
	int ret;

	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	ret = adeos_portal_bind(PEER_PONG, pong, NULL);
	if (!ret) {
		ret = measure("portal") ?: measure_stalled(adeos_bridge_addr(bridge));
		adeos_portal_unbind(PEER_PONG);
	}
	adeos_bridge_close(bridge);
	return ret;
}
module_init(portal_init);

static void __exit portal_exit(void)
{
}
module_exit(portal_exit);

MODULE_DESCRIPTION("Benchmark of portals");
MODULE_LICENSE("GPL");
