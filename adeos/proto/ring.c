// SPDX-License-Identifier: GPL-2.0
/* Rings of messages. */
#include "ring.h"

/**
 * dsp_ring_attach_sender() - begin to send
 * @r: the ring
 * @head: where to store the sender's position
 *
 * Context: once in an incarnation, before all else.
 */
void dsp_ring_attach_sender(struct commons_ring *r, u32 *head)
{
	*head = READ_ONCE(r->head);
	WRITE_ONCE(r->stalled, 0);
}

/**
 * dsp_ring_attach_receiver() - begin to receive
 * @r: the ring
 * @tail: where to store the receiver's position
 *
 * What was sent to an earlier incarnation is skipped.
 *
 * Context: once in an incarnation, before the sender can know of it.
 */
void dsp_ring_attach_receiver(struct commons_ring *r, u32 *tail)
{
	*tail = READ_ONCE(r->head);
	smp_store_release(&r->tail, *tail);	/* pairs with dsp_ring_put() */
}

/**
 * dsp_ring_resume() - the receiver has rung: there may be room
 * @r: the ring
 *
 * To be called before what waits for room is tried again.  If the word stayed
 * set on both sides, two vnodes would ring each other for ever.
 *
 * Context: the sender.
 */
void dsp_ring_resume(struct commons_ring *r)
{
	if (READ_ONCE(r->stalled))
		WRITE_ONCE(r->stalled, 0);
}

/**
 * dsp_ring_put() - send a message
 * @r: the ring
 * @head: the sender's position
 * @msg: the message; its sequence number is filled in
 *
 * Context: any, but senders of one vnode exclude each other.
 * Return: 0; -EAGAIN if the ring is full: the receiver will ring when there is
 * room; -EPROTO if the receiver's position is impossible: likewise.
 */
int dsp_ring_put(struct commons_ring *r, u32 *head, union dsp_msg *msg)
{
	u32 used = *head - smp_load_acquire(&r->tail);	/* pairs with dsp_ring_get() */

	if (used >= COMMONS_SLOTS) {
		WRITE_ONCE(r->stalled, 1);
		/* Pairs with dsp_ring_stalled(): one of both sees the other's store. */
		smp_mb();
		used = *head - smp_load_acquire(&r->tail);	/* likewise */
		if (used > COMMONS_SLOTS) {
			/* Somebody overwrote a position: the receiver repairs its. */
			WRITE_ONCE(r->head, *head);
			return -EPROTO;
		}
		if (used == COMMONS_SLOTS)
			return -EAGAIN;
	}
	dsp_ring_resume(r);
	msg->seq = *head;
	commons_write(r->slot[*head % COMMONS_SLOTS].w, msg->w, ARRAY_SIZE(msg->w));
	++*head;
	/* The message before the position that covers it: dsp_ring_get(). */
	smp_store_release(&r->head, *head);	/* pairs with dsp_ring_get() */
	return 0;
}

/**
 * dsp_ring_get() - receive a message
 * @r: the ring
 * @tail: the receiver's position
 * @msg: where to store the message
 *
 * Context: any, but receivers of one vnode exclude each other.
 * Return: 1; 0 if there is none; -EPROTO if the sender's position or the
 * message's is impossible: something was skipped, and the next call goes on.
 */
int dsp_ring_get(struct commons_ring *r, u32 *tail, union dsp_msg *msg)
{
	u32 head = smp_load_acquire(&r->head);	/* pairs with dsp_ring_put() */
	u32 used = head - *tail;

	if (!used) {
		/* Somebody overwrote our position, and the sender waits. */
		if (READ_ONCE(r->tail) != *tail)
			smp_store_release(&r->tail, *tail);	/* pairs with dsp_ring_put() */
		return 0;
	}
	if (used > COMMONS_SLOTS) {
		*tail = head;
		smp_store_release(&r->tail, *tail);	/* likewise */
		return -EPROTO;
	}
	commons_read(msg->w, r->slot[*tail % COMMONS_SLOTS].w, ARRAY_SIZE(msg->w));
	++*tail;
	/* The copy before the sender may overwrite it. */
	smp_store_release(&r->tail, *tail);	/* pairs with dsp_ring_put() */
	return msg->seq == *tail - 1 ? 1 : -EPROTO;
}

/**
 * dsp_ring_stalled() - does the sender wait to be rung?
 * @r: the ring
 *
 * Context: the receiver, after it has received.
 */
bool dsp_ring_stalled(struct commons_ring *r)
{
	smp_mb();	/* our position before this look; pairs with dsp_ring_put() */
	return READ_ONCE(r->stalled);
}
