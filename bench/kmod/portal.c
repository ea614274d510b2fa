// SPDX-License-Identifier: GPL-2.0
/*
 * How long it takes until a portal's handler in another vnode has answered, in
 * a bridge or by a portal; the other one has loaded tests/kmod/peer.c.  Its CPU sleeps, is
 * just idle, then busy, then its Linux has interrupts disabled.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/module.h>

#include "../../tests/kmod/peer.h"
#include "best.h"

static unsigned int id = 1, busy_ms = 60000;
module_param(id, uint, 0444);
module_param(busy_ms, uint, 0444);

static struct peer_box *box;
static u32 pongs;

static void pong(unsigned int portal, u64 from, void *cookie)
{
	WRITE_ONCE(pongs, pongs + 1);
}

static int ring_and_await(unsigned int portal, const u32 *answers)
{
	u32 before = READ_ONCE(*answers);
	int ret = adeos_portal_ring(id, portal);

	while (!ret && READ_ONCE(*answers) == before)
		cpu_relax();
	return ret;
}

static int echo(void)
{
	return ring_and_await(PEER_ECHO, &box->echoes);
}

static int ping(void)
{
	return ring_and_await(PEER_PING, &pongs);
}

static void measure(const char *state, unsigned int rest_us)
{
	pr_info("bench: echo%s %llu ns\n", state, best_ns(echo, rest_us));
	pr_info("bench: ping%s %llu ns\n", state, best_ns(ping, rest_us));
}

/* Makes the other vnode do that during the measurement. */
static void measure_while(u32 command, const char *state)
{
	u32 seq = box->seq + 1;

	WRITE_ONCE(box->stalled, 0);
	WRITE_ONCE(box->release, 0);
	box->command = command;
	box->arg = busy_ms;
	/* Pairs with peer_work() in peer.c. */
	smp_store_release(&box->seq, seq);
	adeos_portal_ring(id, PEER_PORTAL);
	while (!READ_ONCE(box->stalled))
		msleep(20);
	measure(state, 0);
	/* It must have lasted to the end, otherwise the measurement is not valid. */
	if (READ_ONCE(box->ack) == seq)
		pr_err("bench: it was over too early\n");
	WRITE_ONCE(box->release, 1);
	while (READ_ONCE(box->ack) != seq)
		msleep(20);
}

static int __init portal_init(void)
{
	struct adeos_bridge *bridge = adeos_bridge_open(id, PEER_BRIDGE, true, NULL, NULL);
	int ret;

	if (IS_ERR(bridge))
		return PTR_ERR(bridge);
	ret = adeos_portal_bind(PEER_PONG, pong, NULL);
	if (!ret) {
		box = adeos_bridge_addr(bridge);
		measure("_asleep", BEST_REST);
		measure("_idle", 0);
		measure_while(PEER_BUSY, "_busy");
		measure_while(PEER_STALL, "_stalled");
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
