/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire: a ring of frames in shared memory that has one receiver and any
 * number of senders, in several kernels, which take turns by CSMA/CD.
 * docs/vnet.md is its specification.
 *
 * The carrier word, by who changes it:
 *
 *                      cmpxchg, by s
 *     idle ------------------------------------> s transmits
 *      ^                                           | |  ^
 *      +-- s is done, nobody claims (release) -----+ |  | cmpxchg, by w, or by
 *      |                                             |  | x, if w did not come
 *      |   s is done, w is next (release)            v  |
 *      |                                           w's turn
 *      |                                             ^
 *      +--- the receiver: s has died (cmpxchg) ------+ from "s transmits"
 *
 * Only s makes s transmit.  A turn owns nothing, so wrong turns or claims cost time, but
 * never make two transmit at once.
 *
 * All of it is hostile input: words are read once and checked, offsets are masked by the
 * reader's own size.
 */
#ifndef _VNET_WIRE_H
#define _VNET_WIRE_H

#ifdef __KERNEL__
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/processor.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/sync_bitops.h>

/*
 * A kernel that has one CPU removes the lock prefixes from its atomic operations, but not
 * from these, because other kernels run on the machine.  xchg() and smp_mb() have no prefix
 * that could be removed.
 */
#define wire_exchange(p, old, new)	sync_try_cmpxchg(p, old, new)

static inline void wire_set_bit(u32 id, u32 *mask)
{
	sync_set_bit(id % 32, (unsigned long *)&mask[id / 32]);
}

static inline void wire_clear_bit(u32 id, u32 *mask)
{
	sync_clear_bit(id % 32, (unsigned long *)&mask[id / 32]);
}
#else
#include "proto/user.h"

#define wire_exchange(p, old, new)	try_cmpxchg(p, old, new)

static inline void wire_set_bit(u32 id, u32 *mask)
{
	atomic_or((int)(1u << id % 32), (atomic_t *)&mask[id / 32]);
}

static inline void wire_clear_bit(u32 id, u32 *mask)
{
	atomic_andnot((int)(1u << id % 32), (atomic_t *)&mask[id / 32]);
}
#endif

#define WIRE_ALIGN	8u
#define WIRE_FRAME_MIN	14u		/* an Ethernet header */
#define WIRE_FRAME_MAX	(65536u + 32)	/* 64 KiB, an Ethernet header, VLAN tags */
#define WIRE_RING_MIN	(256u << 10)
#define WIRE_RING_MAX	(8u << 20)
#define WIRE_IDS	64u

/* The carrier word: 0 is idle */
#define WIRE_ID		0x0000007f	/* vnode ID + 1 */
#define WIRE_TURN	0x00000080	/* idle, and this vnode's turn */
#define WIRE_LIFE	0xffffff00	/* of the sender that transmits */

/**
 * struct wire - the shared words of a wire, without the ring
 * @carrier: the carrier word
 * @claims: a bit for each vnode that wants to transmit, 32 in a word
 * @head: number of bytes put in so far; written by the sender that transmits
 * @tail: number of bytes taken out so far; written by the receiver
 * @asleep: not 0: the receiver wants to be rung
 * @wanted: a bit for each vnode that wants to be rung when there is room
 *
 * Zeros are an idle and empty wire, with a receiver that does not sleep.
 */
struct wire {
	u32 carrier;
	u32 claims[2];
	u32 pad_carrier[13];
	u32 head;
	u32 pad_head[15];
	u32 tail;
	u32 asleep;
	u32 wanted[2];
	u32 pad_tail[12];
};

/**
 * struct wire_frame - the description before a frame in the ring
 * @at: its position, as in @head
 * @length: of the frame that follows, bytes
 * @from: vnode ID of the sender, as it says
 * @meta: the user's
 */
struct wire_frame {
	u32 at;
	u32 length;
	u32 from;
	u32 meta[3];
};

_Static_assert(sizeof(struct wire) == 3 * 64, "the layout is the ABI");
_Static_assert(sizeof(struct wire_frame) == 24, "the layout is the ABI");

/**
 * struct wire_port - a wire as a user has it mapped
 * @wire: its words
 * @ring: its frames
 * @size: bytes in @ring, a power of two
 */
struct wire_port {
	struct wire *wire;
	u8 *ring;
	u32 size;
};

/**
 * struct wire_sender - a sender, on any number of wires
 * @self: the carrier word with which it transmits
 * @seed: of its random numbers
 * @collisions: how often another sender was quicker
 * @deferred: how often it found a wire busy
 * @passed: how often it took the turn of a sender that did not come
 *
 * Calls with one sender exclude each other.
 */
struct wire_sender {
	u32 self;
	u32 seed;
	u32 collisions;
	u32 deferred;
	u32 passed;
};

/**
 * struct wire_receiver - the receiver of a wire
 * @port: its wire
 * @tail: its position; the shared one is a copy
 */
struct wire_receiver {
	struct wire_port port;
	u32 tail;
};

/* One for each access at which a sender can die, for tests. */
#ifndef WIRE_STEP
#define WIRE_STEP()	((void)0)
#endif

void wire_sender_init(struct wire_sender *s, u32 id, u32 life, u32 seed);
void wire_sender_live(struct wire_sender *s, u32 id, u32 life);
int wire_contend(struct wire_port *port, struct wire_sender *s);
void wire_leave(struct wire_port *port, struct wire_sender *s);
int wire_room(const struct wire_port *port, u32 length, u32 *at);
u32 wire_span(const struct wire_port *port, u32 at, u32 length, u8 **addr);
void wire_describe(const struct wire_port *port, const struct wire_frame *frame);
void wire_publish(struct wire_port *port, const struct wire_frame *frame);
bool wire_must_ring(struct wire_port *port);
bool wire_want_room(struct wire_port *port, u32 id, u32 length);

int wire_look(struct wire_receiver *r, struct wire_frame *frame);
void wire_copy(const struct wire_port *port, u32 at, void *to, u32 length);
void wire_take(struct wire_receiver *r, const struct wire_frame *frame);
bool wire_is_empty(const struct wire_receiver *r);
bool wire_must_poll(const struct wire_receiver *r);
bool wire_sleep(struct wire_receiver *r);
u64 wire_make_room(struct wire_receiver *r);
u32 wire_transmits(const struct wire_port *port);
bool wire_recover(struct wire_port *port, u32 word);

/* Bytes that a frame takes in the ring */
static inline u32 wire_need(u32 length)
{
	return (sizeof(struct wire_frame) + length + WIRE_ALIGN - 1) & ~(WIRE_ALIGN - 1);
}

/* The vnode ID in a carrier word, or a value not below WIRE_IDS */
static inline u32 wire_id(u32 word)
{
	return (word & WIRE_ID) - 1;
}

/* Where the frame itself begins */
static inline u32 wire_body(const struct wire_frame *frame)
{
	return frame->at + sizeof(*frame);
}

/**
 * wire_enter() - take the wire, to transmit a frame
 * @port: the wire
 * @s: the sender
 *
 * Context: not to be interrupted by what could want the same, until
 * wire_leave(); that is, bottom halves off.
 * Return: 0, or -EBUSY after a bounded time.
 */
static inline int wire_enter(struct wire_port *port, struct wire_sender *s)
{
	u32 word = 0;

	WIRE_STEP();
	/* A full barrier; pairs with wire_leave() and wire_recover(): their head is seen. */
	if (likely(wire_exchange(&port->wire->carrier, &word, s->self)))
		return 0;
	return wire_contend(port, s);
}

#endif /* _VNET_WIRE_H */
