// SPDX-License-Identifier: GPL-2.0
/*
 * The streams and sessions of a channel.  This also compiles in user space, for its test.
 *
 * Callers serialize readers, and serialize writers, and exclude both from opening, closing
 * and reaping.
 */
#ifdef __KERNEL__
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <asm/barrier.h>
#else
#include "proto/user.h"
#endif

#include "stream.h"

static u32 word(const struct stream *s, enum stream_state state)
{
	return (s->state & ~STREAM_STATE) | state;
}

static void set_state(struct stream *s, u32 state)
{
	s->state = state;
	/* Release: after all earlier reads and writes; pairs with the loads of the state. */
	smp_store_release(&s->own->state, state);
}

static void clear_positions(struct stream *s)
{
	s->head = 0;
	s->tail = 0;
	s->accepted = false;
	s->broken = false;
	WRITE_ONCE(s->own->head, 0);
	WRITE_ONCE(s->own->tail, 0);
	atomic_set(&s->own->wants, 0);
}

/**
 * stream_attach() - begin to use a channel
 * @s: the channel, with @own, @peer and the rings set
 *
 * What an earlier user of this side left open is closed.
 */
void stream_attach(struct stream *s)
{
	s->state = READ_ONCE(s->own->state);
	if ((s->state & STREAM_STATE) == STREAM_OPEN)
		stream_close(s);
	else
		stream_reap(s);
}

/**
 * stream_begin() - begin a session, as the client
 * @s: the channel
 *
 * Return: 0, or -EBUSY if an earlier one has not ended on both sides.
 */
int stream_begin(struct stream *s)
{
	/* Pairs with set_state(): the server's positions are 0. */
	u32 peer = smp_load_acquire(&s->peer->state);

	if ((s->state & STREAM_STATE) != STREAM_IDLE || (peer & STREAM_STATE) != STREAM_IDLE)
		return -EBUSY;
	clear_positions(s);
	set_state(s, word(s, STREAM_OPEN) + STREAM_SESSION);
	return 0;
}

/**
 * stream_accept() - join the session that the client has begun, as the server
 * @s: the channel
 *
 * Return: 0, or -EAGAIN if there is none.
 */
int stream_accept(struct stream *s)
{
	u32 peer = READ_ONCE(s->peer->state);

	if ((s->state & STREAM_STATE) != STREAM_IDLE || (peer & STREAM_STATE) != STREAM_OPEN)
		return -EAGAIN;
	clear_positions(s);
	set_state(s, peer);
	/* Pairs with stream_close(): at least one of them sees the other's store. */
	smp_mb();
	/* Pairs with set_state(): the client's positions belong to this session. */
	if (smp_load_acquire(&s->peer->state) == peer)
		return 0;
	set_state(s, word(s, STREAM_IDLE));
	return -EAGAIN;
}

/**
 * stream_close() - end a session
 * @s: the channel; nobody reads or writes it any more
 *
 * The caller must kick the other side.
 */
void stream_close(struct stream *s)
{
	set_state(s, word(s, STREAM_CLOSED));
	/* Pairs with stream_accept(): at least one of them sees the other's store. */
	smp_mb();
	stream_reap(s);
}

/**
 * stream_reap() - make a channel ready for the next session, if that is possible
 * @s: the channel
 *
 * Return: true if the other side may be waiting for this change.
 */
bool stream_reap(struct stream *s)
{
	/* Pairs with set_state(): the other side is done with this one's words. */
	u32 peer = smp_load_acquire(&s->peer->state);

	if ((s->state & STREAM_STATE) == STREAM_IDLE || (s->state & STREAM_STATE) == STREAM_OPEN)
		return false;
	if (peer == word(s, STREAM_OPEN))
		return false;
	clear_positions(s);
	set_state(s, word(s, STREAM_IDLE));
	return true;
}

/**
 * stream_peer() - the other side's state in this session
 * @s: the channel, open
 *
 * What it had written before it closed can still be read.
 *
 * Return: an enum stream_peer.
 */
enum stream_peer stream_peer(struct stream *s)
{
	/* Pairs with set_state(): its last head is visible, too. */
	u32 peer = smp_load_acquire(&s->peer->state);

	if (peer == s->state) {
		s->accepted = true;
		return STREAM_PEER_OPEN;
	}
	if (peer == word(s, STREAM_CLOSED) || s->accepted)
		return STREAM_PEER_CLOSED;
	return STREAM_PEER_PENDING;
}

static int spoil(struct stream *s)
{
	if (!s->broken)
		s->bad++;
	s->broken = true;
	return -EIO;
}

/**
 * stream_rx() - where to read
 * @s: the channel
 * @data: where the next bytes are; the other side may change them meanwhile
 * @len: how many are there in one piece, 0 if none
 *
 * Return: 0, or -EIO if the other side's position is or was impossible.
 */
int stream_rx(struct stream *s, u8 **data, u32 *len)
{
	/* Pairs with stream_tx_done(): the data were written. */
	u32 ready = smp_load_acquire(&s->peer->head) - s->tail;
	u32 at = s->tail & (s->rx_size - 1);

	*len = 0;
	if (s->broken || ready > s->rx_size)
		return spoil(s);
	*data = s->rx + at;
	*len = min_t(u32, ready, s->rx_size - at);
	return 0;
}

/* Clears the other side's bit if it is set; then the caller must kick the other side. */
static bool granted(struct stream *s, int wants)
{
	/* Pairs with stream_want(): at least one of them sees the other's store. */
	smp_mb();
	if (!(atomic_read(&s->peer->wants) & wants))
		return false;
	atomic_andnot(wants, &s->peer->wants);
	return true;
}

/**
 * stream_rx_done() - free what was read
 * @s: the channel
 * @len: bytes, at most as many as were found
 *
 * Return: true if the other side is to be kicked.
 */
bool stream_rx_done(struct stream *s, u32 len)
{
	WRITE_ONCE(s->tail, s->tail + len);
	/* The data were read before; pairs with stream_tx(). */
	smp_store_release(&s->own->tail, s->tail);
	/* The reader announces room only when half of the ring is free. */
	if (READ_ONCE(s->peer->head) - s->tail > s->rx_size / 2)
		return false;
	return granted(s, STREAM_WANTS_ROOM);
}

/**
 * stream_rx_reset() - go on after an impossible position
 * @s: the channel; unread data is lost
 */
void stream_rx_reset(struct stream *s)
{
	s->broken = false;
	s->tail = READ_ONCE(s->peer->head);
	smp_store_release(&s->own->tail, s->tail);	/* as in stream_rx_done() */
}

/**
 * stream_tx() - where to write
 * @s: the channel
 * @data: where the next bytes go
 * @len: how much room there is in one piece, 0 if none
 *
 * Return: 0, or -EIO if the other side's position is or was impossible.
 */
int stream_tx(struct stream *s, u8 **data, u32 *len)
{
	/* Pairs with stream_rx_done(): the old data were read. */
	u32 used = s->head - smp_load_acquire(&s->peer->tail);
	u32 at = s->head & (s->tx_size - 1);

	*len = 0;
	if (s->broken || used > s->tx_size)
		return spoil(s);
	*data = s->tx + at;
	*len = min_t(u32, s->tx_size - used, s->tx_size - at);
	return 0;
}

/**
 * stream_tx_done() - send what was written
 * @s: the channel
 * @len: bytes, at most as many as were found
 *
 * Return: true if the other side is to be kicked.
 */
bool stream_tx_done(struct stream *s, u32 len)
{
	WRITE_ONCE(s->head, s->head + len);
	/* After the data; pairs with stream_rx(). */
	smp_store_release(&s->own->head, s->head);
	return granted(s, STREAM_WANTS_DATA);
}

/**
 * stream_want() - ask to be kicked when there is something to do
 * @s: the channel
 * @wants: STREAM_WANTS_*
 *
 * The caller must look once more afterwards, before it sleeps.
 */
void stream_want(struct stream *s, int wants)
{
	atomic_or(wants, &s->own->wants);
	/* Pairs with granted(). */
	smp_mb();
}

/**
 * stream_readable() - check whether stream_rx() would find data or an error
 * @s: the channel
 *
 * Context: any, also while others read.
 * Return: true if there is data, or an impossible position.
 */
bool stream_readable(const struct stream *s)
{
	return READ_ONCE(s->broken) || READ_ONCE(s->peer->head) != READ_ONCE(s->tail);
}

/**
 * stream_writable() - check whether stream_tx() would find room or an error
 * @s: the channel
 *
 * Context: any, also while others write.
 * Return: true if there is room, or an impossible position.
 */
bool stream_writable(const struct stream *s)
{
	return READ_ONCE(s->broken) ||
	       READ_ONCE(s->head) - READ_ONCE(s->peer->tail) != s->tx_size;
}
