/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A channel: two byte streams between two kernels, one for each direction, for one session
 * after the other (docs/vcon.md).
 *
 *  client   IDLE --begin--> OPEN --close--> CLOSED --server not OPEN in it--> IDLE
 *  server   IDLE --accept, when the client is OPEN--> OPEN --close--> CLOSED
 *           --client not OPEN in it--> IDLE
 *
 * The other side is not trusted: each of its words is read once and checked.
 */
#ifndef _VCON_STREAM_H
#define _VCON_STREAM_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "proto/user.h"
#endif

enum stream_state {
	STREAM_IDLE,
	STREAM_OPEN,
	STREAM_CLOSED,
};

#define STREAM_STATE		3u	/* the rest of the word is the session's number */
#define STREAM_SESSION		4u	/* one session */

#define STREAM_WANTS_DATA	1
#define STREAM_WANTS_ROOM	2

/**
 * struct stream_side - one side's words, in a cache line of its own
 * @state: session and enum stream_state
 * @head: position after what this side has written, bytes modulo 2^32
 * @tail: position after what this side has read
 * @wants: STREAM_WANTS_* that this side waits for; this side sets them, the other one
 *	clears them, both atomically
 */
struct stream_side {
	u32 state;
	u32 head;
	u32 tail;
	atomic_t wants;
	u32 pad[12];
};

/**
 * struct stream - one side's view of a channel, private to it
 * @own: the words that it writes
 * @peer: the words that the other side writes
 * @tx: ring that it writes
 * @rx: ring that it reads
 * @tx_size: a power of two, bytes
 * @rx_size: likewise
 * @state: what @own->state should be
 * @head: what @own->head should be
 * @tail: what @own->tail should be
 * @accepted: the server has accepted this session
 * @bad: how often the other side stored an impossible position
 * @broken: it did so in this session
 */
struct stream {
	struct stream_side *own;
	struct stream_side *peer;
	u8 *tx;
	u8 *rx;
	u32 tx_size;
	u32 rx_size;
	u32 state;
	u32 head;
	u32 tail;
	bool accepted;
	bool broken;
	u32 bad;
};

/* The other side's state in this session */
enum stream_peer {
	STREAM_PEER_PENDING,	/* has not accepted it yet */
	STREAM_PEER_OPEN,
	STREAM_PEER_CLOSED,
};

void stream_attach(struct stream *s);
int stream_begin(struct stream *s);
int stream_accept(struct stream *s);
void stream_close(struct stream *s);
bool stream_reap(struct stream *s);
enum stream_peer stream_peer(struct stream *s);

int stream_rx(struct stream *s, u8 **data, u32 *len);
bool stream_rx_done(struct stream *s, u32 len);
void stream_rx_reset(struct stream *s);
int stream_tx(struct stream *s, u8 **data, u32 *len);
bool stream_tx_done(struct stream *s, u32 len);
void stream_want(struct stream *s, int wants);
bool stream_readable(const struct stream *s);
bool stream_writable(const struct stream *s);

#endif /* _VCON_STREAM_H */
