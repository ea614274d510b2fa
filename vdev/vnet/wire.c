// SPDX-License-Identifier: GPL-2.0
/*
 * The wire between vnodes: how senders take turns, and how frames get in and
 * out (paper: "Network device").  wire.h has the states, docs/vnet.md the rest.
 *
 * This also compiles in user space, for its test.
 */
#ifdef __KERNEL__
#include <linux/bitops.h>
#endif

#include "wire.h"

#define MAX_BACKOFF	6	/* log2 of slots */
#define GIVE_UP		512	/* slots: about as long as the longest frame takes */

/*
 * After so many slots, the owner of a turn counts as gone.  This is longer than the longest
 * backoff, so a sender that still looks cannot miss its turn.
 */
#define PATIENCE	(2u << MAX_BACKOFF)

#ifndef WIRE_SLOT
#define WIRE_SLOT()	cpu_relax()
#endif

/**
 * wire_sender_init() - prepare to transmit
 * @s: the sender
 * @id: its vnode's ID
 * @life: any number that no earlier sender of this vnode has had; its lower 24 bits count
 * @seed: any number
 *
 * Context: any.
 */
void wire_sender_init(struct wire_sender *s, u32 id, u32 life, u32 seed)
{
	memset(s, 0, sizeof(*s));
	wire_sender_live(s, id, life);
	s->seed = seed | 1;
}

/**
 * wire_sender_live() - begin another life, with the same counters
 * @s: the sender, which does not transmit
 * @id: its vnode's ID
 * @life: as for wire_sender_init()
 *
 * Words of an earlier life on a wire do not belong to the new one.
 *
 * Context: any.
 */
void wire_sender_live(struct wire_sender *s, u32 id, u32 life)
{
	s->self = (life << 8) | (id + 1);
}

/* Xorshift: random enough that two senders do not wait equally long again and again */
static u32 sender_random(struct wire_sender *s)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 17;
	s->seed ^= s->seed << 5;
	return s->seed;
}

static bool has_bit_of(const u32 *mask, u32 id)
{
	return READ_ONCE(mask[id / 32]) >> id % 32 & 1;
}

static u64 read_mask(const u32 *mask)
{
	u64 high = READ_ONCE(mask[1]);

	return high << 32 | READ_ONCE(mask[0]);
}

/* The word that leaves the wire to the next vnode after @id that claims it */
static u32 next_word(const struct wire *w, u32 id)
{
	u64 claims = read_mask(w->claims) & ~(1ULL << id);
	u64 behind = claims & (~1ULL << id);

	if (!claims)
		return 0;
	return (__ffs64(behind ? behind : claims) + 1) | WIRE_TURN;
}

/* Waits a random time; the more attempts have failed, the longer. */
static u32 back_off(struct wire_sender *s, u32 attempt)
{
	u32 bits = min_t(u32, attempt, MAX_BACKOFF);
	u32 slots = 1 + (sender_random(s) >> (32 - bits));
	u32 i;

	for (i = 0; i < slots; i++)
		WIRE_SLOT();
	return slots;
}

/* Takes a wire on which nobody transmits, if its word is unchanged. */
static bool seize(struct wire *w, struct wire_sender *s, u32 word)
{
	u32 self = wire_id(s->self), other = wire_id(word);

	WIRE_STEP();
	/* A full barrier, as in wire_enter(). */
	if (!wire_exchange(&w->carrier, &word, s->self)) {
		s->collisions++;
		return false;
	}
	if (word && other != self) {
		s->passed++;
		if (other < WIRE_IDS)
			wire_clear_bit(other, w->claims);
	}
	return true;
}

/**
 * wire_contend() - the part of wire_enter() for a wire that is not idle
 * @port: the wire
 * @s: the sender that wants it
 *
 * Context: that of wire_enter().
 * Return: 0 or -EBUSY.
 */
int wire_contend(struct wire_port *port, struct wire_sender *s)
{
	u32 word, last = 0, patient = 0, slots, waited = 0, attempt = 0;
	u32 id = wire_id(s->self);
	struct wire *w = port->wire;
	int ret = -EBUSY;

	while (waited < GIVE_UP) {
		WIRE_STEP();
		/* The first time, or if another sender has cleared the claim. */
		if (!has_bit_of(w->claims, id))
			wire_set_bit(id, w->claims);
		WIRE_STEP();
		word = READ_ONCE(w->carrier);
		if (word != last) {
			last = word;
			patient = 0;
		}
		if (!word || (word & WIRE_TURN && (wire_id(word) == id || patient >= PATIENCE))) {
			if (seize(w, s, word)) {
				ret = 0;
				break;
			}
		} else {
			s->deferred++;
		}
		slots = back_off(s, ++attempt);
		waited += slots;
		patient += slots;
	}
	WIRE_STEP();
	wire_clear_bit(id, w->claims);
	return ret;
}

/**
 * wire_leave() - release the wire
 * @port: the wire
 * @s: the sender that has it
 *
 * Context: that of wire_enter().
 */
void wire_leave(struct wire_port *port, struct wire_sender *s)
{
	u32 word = next_word(port->wire, wire_id(s->self));

	WIRE_STEP();
	/*
	 * Release: the frame and the head were written before.  A sender that claims
	 * between the look at the claims and this store goes on looking, and finds the wire
	 * idle.
	 */
	smp_store_release(&port->wire->carrier, word);
}

/* Bytes in the ring, or more than fit if the words are impossible */
static u32 used(const struct wire *w, u32 *head)
{
	/* Acquire: what was taken out is not overwritten earlier; wire_take(). */
	u32 tail = smp_load_acquire(&w->tail);

	*head = READ_ONCE(w->head) & ~(WIRE_ALIGN - 1);
	return *head - (tail & ~(WIRE_ALIGN - 1));
}

/**
 * wire_room() - is there room for a frame?
 * @port: the wire
 * @length: of the frame, bytes, up to WIRE_FRAME_MAX
 * @at: where to store its position
 *
 * Context: between wire_enter() and wire_leave().
 * Return: 0; -ENOSPC; -EIO if the words are impossible, when the caller must ring the receiver.
 */
int wire_room(const struct wire_port *port, u32 length, u32 *at)
{
	u32 bytes = used(port->wire, at);

	if (bytes > port->size)
		return -EIO;
	return port->size - bytes < wire_need(length) ? -ENOSPC : 0;
}

/**
 * wire_span() - find the memory of a position
 * @port: the wire
 * @at: the position
 * @length: how many bytes are wanted
 * @addr: where to store the address
 *
 * Context: any.
 * Return: how many of them are at @addr; the others are at the ring's start.
 */
u32 wire_span(const struct wire_port *port, u32 at, u32 length, u8 **addr)
{
	u32 offset = at & (port->size - 1);

	*addr = port->ring + offset;
	return min_t(u32, length, port->size - offset);
}

/*
 * A word of the description before a frame: frames are aligned, so no word crosses the
 * ring's end.
 */
static u32 *word_at(const struct wire_port *port, u32 at)
{
	return (u32 *)(port->ring + (at & (port->size - sizeof(u32))));
}

/**
 * wire_describe() - write the description before a frame
 * @port: the wire
 * @frame: the description, with the position of wire_room()
 *
 * Context: between wire_enter() and wire_leave().
 */
void wire_describe(const struct wire_port *port, const struct wire_frame *frame)
{
	const u32 *words = (const u32 *)frame;
	u32 i;

	WIRE_STEP();
	for (i = 0; i < sizeof(*frame) / sizeof(u32); i++)
		*word_at(port, frame->at + i * sizeof(u32)) = words[i];
}

/**
 * wire_publish() - pass a complete frame to the receiver
 * @port: the wire
 * @frame: its description
 *
 * Context: between wire_enter() and wire_leave().
 */
void wire_publish(struct wire_port *port, const struct wire_frame *frame)
{
	WIRE_STEP();
	/* Release: the frame was written before; pairs with wire_look(). */
	smp_store_release(&port->wire->head, frame->at + wire_need(frame->length));
	WIRE_STEP();
}

/**
 * wire_must_ring() - must the receiver be rung?
 * @port: the wire, in which a frame was published
 *
 * Context: any.
 * Return: true, for one of the callers.
 */
bool wire_must_ring(struct wire_port *port)
{
	/* The head comes before the look at @asleep; pairs with wire_sleep(). */
	smp_mb();
	return READ_ONCE(port->wire->asleep) && xchg(&port->wire->asleep, 0);
}

/**
 * wire_want_room() - ask to be rung when there is room
 * @port: the wire
 * @id: the sender's vnode ID
 * @length: of the frame that found none, bytes
 *
 * Context: any.
 * Return: true if there is room now, and the sender should try again.
 */
bool wire_want_room(struct wire_port *port, u32 id, u32 length)
{
	u32 head, bytes;

	wire_set_bit(id, port->wire->wanted);
	/* The bit comes before the look at the tail; pairs with wire_make_room(). */
	smp_mb();
	bytes = used(port->wire, &head);
	return bytes > port->size || port->size - bytes >= wire_need(length);
}

/**
 * wire_look() - is there a frame?
 * @r: the receiver
 * @frame: where to store its description: position and length are in bounds
 *
 * Context: any, one at a time, like all that has a receiver.
 * Return: 1 if there is; 0 if not; -EBADMSG if a description was impossible; it was skipped
 * with all that follows.
 */
int wire_look(struct wire_receiver *r, struct wire_frame *frame)
{
	struct wire *w = r->port.wire;
	/* Acquire: pairs with wire_publish(). */
	u32 head = smp_load_acquire(&w->head) & ~(WIRE_ALIGN - 1);
	u32 bytes = head - r->tail, *words = (u32 *)frame, i;

	if (!bytes)
		return 0;
	if (bytes <= r->port.size) {
		/* Read once, so that the checked value is the one used. */
		for (i = 0; i < sizeof(*frame) / sizeof(u32); i++)
			words[i] = READ_ONCE(*word_at(&r->port, r->tail + i * sizeof(u32)));
		if (frame->at == r->tail && frame->length >= WIRE_FRAME_MIN &&
		    frame->length <= WIRE_FRAME_MAX && wire_need(frame->length) <= bytes)
			return 1;
	}
	WRITE_ONCE(r->tail, head);
	smp_store_release(&w->tail, head);	/* pairs with used() */
	return -EBADMSG;
}

/**
 * wire_copy() - copy out of the ring
 * @port: the wire
 * @at: position
 * @to: where to
 * @length: bytes, not more than the ring has
 *
 * Context: any.
 */
void wire_copy(const struct wire_port *port, u32 at, void *to, u32 length)
{
	u32 bytes;
	u8 *addr;

	bytes = wire_span(port, at, length, &addr);
	memcpy(to, addr, bytes);
	memcpy((u8 *)to + bytes, port->ring, length - bytes);
}

/**
 * wire_take() - free the place of a frame that was copied
 * @r: the receiver
 * @frame: from wire_look()
 *
 * Context: as wire_look().
 */
void wire_take(struct wire_receiver *r, const struct wire_frame *frame)
{
	WRITE_ONCE(r->tail, r->tail + wire_need(frame->length));
	/* Release: the frame was read before; pairs with used(). */
	smp_store_release(&r->port.wire->tail, r->tail);
}

/**
 * wire_is_empty() - is there no frame?
 * @r: the receiver
 *
 * Context: any.
 */
bool wire_is_empty(const struct wire_receiver *r)
{
	return (READ_ONCE(r->port.wire->head) & ~(WIRE_ALIGN - 1)) == READ_ONCE(r->tail);
}

/**
 * wire_must_poll() - after a ring: is there anything to do?
 * @r: the receiver
 *
 * A ring may arrive when a poll has already taken its frame:
 *
 *	sender			receiver
 *	puts the frame in
 *				takes it, finds nothing more, and sets @asleep
 *	clears @asleep, rings
 *
 * Then the ring is empty, but the receiver must set @asleep again, or nobody would ever
 * ring it.
 *
 * Context: any; a later ring causes another call.
 * Return: true if the receiver must look for frames until wire_sleep() succeeds.
 */
bool wire_must_poll(const struct wire_receiver *r)
{
	return !wire_is_empty(r) || !READ_ONCE(r->port.wire->asleep);
}

/**
 * wire_sleep() - ask to be rung when there is a frame
 * @r: the receiver
 *
 * Context: as wire_look().
 * Return: false if there is one already.
 */
bool wire_sleep(struct wire_receiver *r)
{
	/* Senders read the shared one, which may have been overwritten. */
	WRITE_ONCE(r->port.wire->tail, r->tail);
	WRITE_ONCE(r->port.wire->asleep, 1);
	/* @asleep comes before the look at the head; pairs with wire_must_ring(). */
	smp_mb();
	if (wire_is_empty(r))
		return true;
	WRITE_ONCE(r->port.wire->asleep, 0);
	return false;
}

/**
 * wire_make_room() - find out whom to ring because there is room
 * @r: the receiver, which has taken frames
 *
 * Nobody as long as the ring is more than half full.
 *
 * Context: as wire_look().
 * Return: a set of vnode IDs, which may be anything.
 */
u64 wire_make_room(struct wire_receiver *r)
{
	struct wire *w = r->port.wire;
	u64 low;

	/* The tail comes before the look at the bits; pairs with wire_want_room(). */
	smp_mb();
	if (likely(!read_mask(w->wanted)))
		return 0;
	if ((READ_ONCE(w->head) & ~(WIRE_ALIGN - 1)) - r->tail > r->port.size / 2)
		return 0;
	low = xchg(&w->wanted[0], 0);
	return low | (u64)xchg(&w->wanted[1], 0) << 32;
}

/**
 * wire_transmits() - who transmits?
 * @port: the wire
 *
 * Context: any.
 * Return: the carrier word; 0 if nobody does.
 */
u32 wire_transmits(const struct wire_port *port)
{
	u32 word = READ_ONCE(port->wire->carrier);

	return word & WIRE_TURN ? 0 : word;
}

/**
 * wire_recover() - take the wire from a dead sender
 * @port: the wire
 * @word: the carrier word with which it transmits
 *
 * The caller knows that the sender named there will not write any more, or does not exist.
 *
 * Context: any.
 * Return: true if it was taken.
 */
bool wire_recover(struct wire_port *port, u32 word)
{
	u32 id = wire_id(word);

	/* A full barrier: all stores of the dead sender were seen before. */
	return wire_exchange(&port->wire->carrier, &word,
			     next_word(port->wire, id < WIRE_IDS ? id : 0));
}
