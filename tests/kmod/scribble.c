// SPDX-License-Identifier: GPL-2.0
/*
 * Writes nonsense into the wires of another vnode's network interface, and greets it very
 * often.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/random.h>

#include "../../vdev/portals.h"
#include "../../vdev/vnet/vnet.h"

static uint victim = 1;
module_param(victim, uint, 0444);
static char *network = "Ethernet";
module_param(network, charp, 0444);
static uint rounds = 1000;
module_param(rounds, uint, 0444);
static uint hellos;
module_param(hellos, uint, 0444);

/* As a sender would, but with a wrong description. */
static void publish_lie(struct wire_port *port, struct wire_sender *s)
{
	struct wire_frame frame = { .length = 2000 };

	if (wire_enter(port, s))
		return;
	if (!wire_room(port, frame.length, &frame.at)) {
		struct wire_frame lie = frame;
		u32 *words = (u32 *)&lie, i = get_random_u32_below(6);

		words[i] = get_random_u32() >> get_random_u32_below(32);
		if (i > 2)	/* metadata that may be accepted */
			lie.meta[0] = 0x0401 + get_random_u32_below(6) * 0x100;
		wire_describe(port, &lie);
		wire_publish(port, &frame);
	}
	wire_leave(port, s);
	wire_must_ring(port);
	adeos_portal_ring(victim, PORTAL_VNET);
}

/* Any word of the wire except the carrier, which would only keep others out. */
static void scribble_word(struct wire_port *port)
{
	u32 *words = (u32 *)port->wire, i = 16 + get_random_u32_below(32);

	WRITE_ONCE(words[i], get_random_u32() >> get_random_u32_below(32));
	adeos_portal_ring(victim, PORTAL_VNET);
}

static void scribble_ring(struct wire_port *port)
{
	u32 i;

	for (i = 0; i < 64; i++)
		WRITE_ONCE(((u32 *)port->ring)[get_random_u32_below(port->size / 4)],
			   get_random_u32());
}

/* The area may be moved, though not by its owner. */
static DEFINE_MUTEX(in_place);
static bool frozen, ended;

static void freeze(struct adeos_bridge *b, void *priv)
{
	mutex_lock(&in_place);
	frozen = true;
	mutex_unlock(&in_place);
}

static void thaw(struct adeos_bridge *b, void *priv)
{
	mutex_lock(&in_place);
	frozen = false;
	mutex_unlock(&in_place);
}

static void gone(struct adeos_bridge *b, void *priv)
{
	WRITE_ONCE(ended, true);
}

static const struct adeos_bridge_ops ops = {
	.freeze	= freeze,
	.thaw	= thaw,
	.gone	= gone,
};

static void scribble(struct adeos_bridge *b, struct wire_sender *s, u32 round)
{
	struct vnet_header *h = adeos_bridge_addr(b);
	u32 queue = round % h->nr_queues;
	struct wire_port port = {
		.wire = &h->wire[queue],
		.ring = (u8 *)h + PAGE_SIZE + queue * h->ring_size,
		.size = h->ring_size,
	};

	local_bh_disable();
	publish_lie(&port, s);
	/* Odd numbers, so that all queues have their turn */
	if (round % 5 == 1)
		scribble_ring(&port);
	if (round % 17 == 3)
		scribble_word(&port);
	/* At the end, a word that names nobody */
	if (round == rounds)
		WRITE_ONCE(port.wire->carrier, 0xffffffff);
	local_bh_enable();
}

static int __init scribble_init(void)
{
	struct adeos_bridge *b = adeos_bridge_open(victim, network, true, &ops, NULL);
	struct wire_sender s;
	u32 round = 0;

	if (IS_ERR(b))
		return PTR_ERR(b);
	wire_sender_init(&s, adeos_vnode_id(), 0x777777, get_random_u32());
	while (round < rounds && !READ_ONCE(ended)) {
		mutex_lock(&in_place);
		if (!frozen)
			scribble(b, &s, ++round);
		mutex_unlock(&in_place);
		if (READ_ONCE(frozen) || round % 16 == 0)
			usleep_range(1000, 2000);
	}
	adeos_bridge_close(b);
	for (round = 0; round < hellos; round++) {
		adeos_portal_ring(victim, PORTAL_VNET_HELLO);
		usleep_range(100, 200);
	}
	pr_info("adeos: scribbled over vnode %u\n", victim);
	return 0;
}
module_init(scribble_init);

static void __exit scribble_exit(void)
{
}
module_exit(scribble_exit);

MODULE_DESCRIPTION("Writes nonsense into another vnode's network");
MODULE_LICENSE("GPL");
