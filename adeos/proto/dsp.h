/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The distributed sharing protocol, as one vnode sees it (paper: section of
 * that name; docs/dsp.md is the specification).
 *
 * No clocks, no allocation, no locks: time comes in as an argument, and all
 * callers within one vnode exclude each other unless a function says otherwise.
 * Nothing here waits for another vnode.
 */
#ifndef _ADEOS_DSP_H
#define _ADEOS_DSP_H

#include "bridge_state.h"
#include "commons.h"
#include "member.h"
#include "portal_words.h"
#include "ring.h"

#define DSP_CALLS	16	/* requests under way in a vnode, a power of two */
#define DSP_CREATES	12	/* places of them that a DSP_CREATE may have */
#define DSP_RESEND	1000	/* a request without a reply is sent again, ms */
#define DSP_TRIES	15	/* and given up after so many times: later than a dead root is */
#define DSP_BUDGET	128	/* messages that the root hears of a vnode between two beats */

enum dsp_type {
	DSP_JOIN = 1,	/* to the root: make me a member */
	DSP_CREATE,	/* to the root: struct dsp_bridge_request */
	DSP_DESTROY,	/* to the root: struct dsp_result, @error unused */
	DSP_REPLY,	/* from the root: struct dsp_result */
	DSP_PING,	/* to anyone: answer with DSP_PONG, same transaction */
	DSP_PONG,
	DSP_CLEARED,	/* to the root: struct dsp_result of a bridge that others may see now */
	DSP_USER = 0x80,	/* this and up: for others than the nanokernel */
};

/**
 * struct dsp_result - payload of a reply
 * @error: 0 or a negative error code: docs/dsp.md
 * @index: number of the bridge
 * @generation: and its generation
 */
struct dsp_result {
	s32 error;
	u32 index;
	u32 generation;
};

/**
 * struct dsp_count - what happened, and what should not have
 * @sent: messages sent
 * @received: messages taken
 * @full: messages that found no room at once
 * @resent: requests that were sent again
 * @rang: interrupts sent
 * @coalesced: interrupts saved
 * @views: views adopted
 * @opens: bridges opened
 * @moves: bridges that the root has moved
 * @freeze_timeouts: moves given up since somebody did not freeze
 * @late: replies that nobody waited for
 * @duplicate: requests that came again
 * @bad_ring: positions or sequence numbers that cannot be
 * @bad_message: wrong version, length, type or payload
 * @bad_sender: messages by or for a vnode that is dead
 * @bad_view: damaged views
 * @bad_bridge: damaged tags or entries
 * @stray_user: own bits found in a bridge that is not open
 * @scrubbed: times that words of its own had to be repaired
 */
struct dsp_count {
	u32 sent;
	u32 received;
	u32 full;
	u32 resent;
	u32 rang;
	u32 coalesced;
	u32 views;
	u32 opens;
	u32 moves;
	u32 freeze_timeouts;
	u32 late;
	u32 duplicate;
	u32 bad_ring;
	u32 bad_message;
	u32 bad_sender;
	u32 bad_view;
	u32 bad_bridge;
	u32 stray_user;
	u32 scrubbed;
};

/**
 * struct dsp_ops - what the state machines need of the kernel
 * @ring: send @to the interrupt of its portals
 * @view: members have left, or joined; the new view is in dsp.member.  True: nobody in this
 *	vnode uses memory of those that left; otherwise dsp_settle() will say so
 * @message: a DSP_USER message has come; not trusted; NULL: refuse them
 * @freeze: nobody in this vnode may touch a bridge from now on: unmap it
 * @thaw: it may be used again, and lies at @pfn
 * @gone: it was destroyed: unmap it, tell its users, who must close it
 * @alloc: root: find memory for vnode @from; if there is none, others are only moved
 *	if @may_move; 0, -ENOMEM, or -EINPROGRESS if room is being made: the request is
 *	not answered, and will come again
 * @release: root: memory is free again
 * @copy: root: copy a bridge's memory, which may overlap; 0; -EINPROGRESS if
 *	dsp_bridge_root_copied() will be called; or nothing was copied
 *
 * They are called with @priv of dsp_attach(), in the caller's context, and
 * must call back nothing but dsp_send().
 */
struct dsp_ops {
	void (*ring)(void *priv, u32 to);
	bool (*view)(void *priv, u64 left, u64 joined);
	void (*message)(void *priv, u32 from, const union dsp_msg *msg);
	void (*freeze)(void *priv, u32 index);
	void (*thaw)(void *priv, u32 index, u32 pfn);
	void (*gone)(void *priv, u32 index);
	int (*alloc)(void *priv, u32 from, u32 pages, bool may_move, u32 *pfn);
	void (*release)(void *priv, u32 pfn, u32 pages);
	int (*copy)(void *priv, u32 index, u32 to, u32 from, u32 pages);
};

/*
 *           dsp_call     room in the ring     reply, or the root is lost
 *   IDLE ------------> QUEUED ------------> SENT -------------------> DONE
 *    ^                   ^                   |                         |
 *    |                   +-------------------+                         |
 *    |                      DSP_RESEND ms                              |
 *    +-----------------------------------------------------------------+
 *                               dsp_call_result
 */
enum dsp_call_state {
	DSP_CALL_IDLE,
	DSP_CALL_QUEUED,
	DSP_CALL_SENT,
	DSP_CALL_DONE,
};

/**
 * struct dsp_call - a request to the root
 * @state: an enum dsp_call_state
 * @tries: how often it was sent
 * @when: last time, ms
 * @msg: the request; its number in the array is @msg.txn % DSP_CALLS
 * @result: in DONE
 */
struct dsp_call {
	u8 state;
	u8 tries;
	u32 when;
	union dsp_msg msg;
	struct dsp_result result;
};

/**
 * struct dsp_done - a request that the root has carried out
 * @txn: its transaction, 0 if there was none
 * @result: what it answered, and answers again
 */
struct dsp_done {
	u32 txn;
	struct dsp_result result;
};

/**
 * struct dsp_root - what only the root has
 * @member: membership
 * @done: the last requests of each vnode, by @txn % DSP_CALLS
 * @unsent: replies that found no room, a bit each
 * @heard: messages of each vnode since the last beat
 * @entry: the bridges
 * @nr: number of bridges that each vnode owns
 * @pages: size of them
 * @busy: number of bridges that are in motion, not cleared, or wait for their users to go
 * @scrub: the next entry to check
 * @changes: number of bridges ever made and freed, modulo 2^32
 * @cpu: as in struct commons
 * @extent: as in struct commons_node
 */
struct dsp_root {
	struct dsp_member_root member;
	struct dsp_done done[COMMONS_NODES][DSP_CALLS];
	u16 unsent[COMMONS_NODES];
	u16 heard[COMMONS_NODES];
	struct dsp_bridge_entry entry[COMMONS_BRIDGES];
	u32 nr[COMMONS_NODES];
	u32 pages[COMMONS_NODES];
	u32 busy;
	u32 scrub;
	u32 changes;
	struct commons_cpu cpu[COMMONS_CPUS];
	struct commons_extent extent[COMMONS_NODES][COMMONS_EXTENTS];
};

/**
 * struct dsp - a vnode's half of the protocol
 * @c: the commons
 * @id: vnode ID
 * @incarnation: of this vnode
 * @slot: the CPU slot that takes its portals; any context may change it
 * @ops: the kernel
 * @priv: for @ops
 * @member: who else there is
 * @settled: epoch of the last view for which dsp_settle() was called
 * @head: position in the ring to each vnode
 * @tail: position in the ring from each vnode
 * @call: requests to the root
 * @open: bridges in use
 * @count: counters, may be read at any time
 * @root: the root's, NULL in others
 */
struct dsp {
	struct commons *c;
	u32 id;
	u32 incarnation;
	u32 slot;
	const struct dsp_ops *ops;
	void *priv;
	struct dsp_member member;
	u32 settled;
	u32 head[COMMONS_NODES];
	u32 tail[COMMONS_NODES];
	struct dsp_call call[DSP_CALLS];
	struct dsp_bridge_open open[COMMONS_BRIDGES];
	struct dsp_count count;
	struct dsp_root *root;
};

/* dsp.c: for everybody */
int dsp_attach(struct dsp *d, struct commons *c, u32 id, u32 slot,
	       const struct dsp_ops *ops, void *priv, u32 now);
void dsp_init(struct dsp *d, struct commons *c, u32 id, u32 incarnation, u32 slot,
	      const struct dsp_ops *ops, void *priv, u32 now);
void dsp_view(struct dsp *d);
void dsp_settle(struct dsp *d);
bool dsp_joined(const struct dsp *d);
bool dsp_poll(struct dsp *d, u32 now);
void dsp_beat(struct dsp *d);
bool dsp_tick(struct dsp *d, u32 now);
void dsp_ring(struct dsp *d, u32 to, u32 portal);
void dsp_move_portals(struct dsp *d, u32 slot);
int dsp_send(struct dsp *d, u32 to, union dsp_msg *msg);
bool dsp_call_fits(const struct dsp *d, u8 type);
int dsp_call(struct dsp *d, u8 type, const void *payload, u8 length, u32 now);
int dsp_call_result(struct dsp *d, int call, struct dsp_result *result);

/* dsp_root.c: for the root */
void dsp_root_init(struct dsp *d, struct dsp_root *root, struct commons *c, u32 id, u32 slot,
		   const struct dsp_ops *ops, void *priv, u32 now);
void dsp_root_set_cpu(struct dsp *d, u32 slot, u32 apic_id, u32 dest, u32 owner);
void dsp_root_set_extent(struct dsp *d, u32 id, u32 n, u32 pfn, u32 pages);
u32 dsp_root_start(struct dsp *d, u32 id);
void dsp_root_died(struct dsp *d, u32 id, u32 now);
void dsp_root_do(struct dsp *d, u32 from, const union dsp_msg *msg, struct dsp_result *result,
		 u32 now);
bool dsp_root_request(struct dsp *d, u32 from, const union dsp_msg *msg, u32 now);
void dsp_root_flush(struct dsp *d, u32 to);
void dsp_root_tick(struct dsp *d, u32 now);

/* bridge_user.c: for everybody */
int dsp_bridge_create(struct dsp *d, const struct dsp_bridge_request *req, u32 now);
int dsp_bridge_destroy(struct dsp *d, u32 index, u32 generation, u32 now);
int dsp_bridge_claim(struct dsp *d, u32 index, u32 generation);
int dsp_bridge_cleared(struct dsp *d, u32 index, u32 now);
int dsp_bridge_begin(struct dsp *d, u32 index);
int dsp_bridge_open(struct dsp *d, u32 scope, const char *name, bool write, u32 *index);
int dsp_bridge_close(struct dsp *d, u32 index);
int dsp_bridge_where(const struct dsp *d, u32 index, u32 *pfn, u32 *pages);
void dsp_bridge_scan(struct dsp *d);

/* bridge_root.c: for the root */
void dsp_bridge_root_create(struct dsp *d, u32 from, const struct dsp_bridge_request *req,
			    struct dsp_result *result, u32 now);
int dsp_bridge_root_cleared(struct dsp *d, u32 from, u32 index, u32 generation);
int dsp_bridge_root_destroy(struct dsp *d, u32 from, u32 index, u32 generation, u32 now);
int dsp_bridge_root_move(struct dsp *d, u32 index, u32 pfn, u32 now);
void dsp_bridge_root_copied(struct dsp *d, u32 index, int err);
void dsp_bridge_root_died(struct dsp *d, u32 id, u32 now);
u32 dsp_bridge_root_kept(const struct dsp *d, u32 id);
void dsp_bridge_root_step(struct dsp *d, u32 now);
void dsp_bridge_root_scrub(struct dsp *d);

#endif /* _ADEOS_DSP_H */
