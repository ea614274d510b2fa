/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commons: the memory that all vnodes share, and in which their nanokernels
 * talk (paper: "Distributed sharing protocol").  The root allocates it while it
 * boots; it outlives every vnode.  docs/dsp.md is the specification.
 *
 * Each cache line has one kind of writer.  Nothing hinders a broken vnode from
 * writing to all of it, so nobody believes what it finds: words are read once
 * and checked, and the root works from copies of its own.
 *
 * Words have 32 bits, for i386 loads and stores no more at once.  A mask of
 * vnodes is two words: bits stand for themselves, so it does no harm that the
 * two are not read at one time.
 */
#ifndef _ADEOS_COMMONS_H
#define _ADEOS_COMMONS_H

#ifdef __KERNEL__
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include "user.h"
#endif

#include "lock.h"

#define COMMONS_MAGIC		0x436f6d6d
#define COMMONS_NODES		ADEOS_MAX_VNODES
#define COMMONS_CPUS		256	/* CPU slots */
#define COMMONS_EXTENTS		7	/* of a vnode's memory */
#define COMMONS_PORTALS		ADEOS_PORTALS
#define COMMONS_SLOTS		8	/* messages in a ring, a power of two */
#define COMMONS_VIEWS		4	/* the newest views, a power of two */
#define COMMONS_BRIDGES		ADEOS_BRIDGES
#define COMMONS_NAME		32	/* a name and its terminating 0 */
#define COMMONS_NOBODY		ADEOS_GLOBAL	/* nor is it an ID */

/**
 * struct commons_header - what the commons are; written by the root, once
 * @magic: COMMONS_MAGIC, written last
 * @abi: ADEOS_ABI
 * @size: sizeof(struct commons), bytes
 */
struct commons_header {
	u32 magic;
	u32 abi;
	u32 size;
	u32 pad[13];
};

/**
 * struct commons_cpu - a CPU slot; written by the root
 * @apic_id: of the CPU, COMMONS_NOBODY if there is none
 * @dest: destination of interrupts for it: a logical APIC ID, or @apic_id once more
 * @owner: vnode ID, COMMONS_NOBODY if nobody has it
 *
 * The machine's CPUs are numbered once, by the root while it boots.  What speaks of
 * a CPU to other vnodes uses this number, the slot.
 */
struct commons_cpu {
	u32 apic_id;
	u32 dest;
	u32 owner;
	u32 pad;
};

/**
 * struct commons_extent - a range of physical memory
 * @pfn: its first page
 * @pages: size of it, 0 if there is none
 */
struct commons_extent {
	u32 pfn;
	u32 pages;
};

/**
 * struct commons_node - a vnode ID
 *
 * Written by the root:
 * @incarnation: grows with each start of a vnode of this ID; 0: there is none
 * @extent: its memory, from when it is taken until it is given back
 *
 * Written by the vnode:
 * @attached: the incarnation that wrote the words that follow
 * @heartbeat: grows while it runs
 * @slot: the CPU slot that takes its portals
 * @epoch: the membership view that it has adopted, when it has let go of what the last
 *	one had more
 *
 * Written by anyone, atomically:
 * @pending: the portals that somebody rang
 * @rang: for each of them, the vnodes that did
 */
struct commons_node {
	u32 incarnation;
	u32 pad_root;
	struct commons_extent extent[COMMONS_EXTENTS];

	u32 attached;
	u32 heartbeat;
	u32 slot;
	u32 epoch;
	u32 pad_owner[12];

	u32 pending;
	u32 pad_pending[15];
	u32 rang[COMMONS_PORTALS][2];
};

/**
 * struct commons_view - who is a member; written by the root
 * @epoch: number of the view; changes before and after all else
 * @mask: the members
 * @coordinator: the one of them that allocates for all, and writes the views
 * @incarnation: of each of them, 0 for others
 * @check: commons_check() of the above
 */
struct commons_view {
	u32 epoch;
	u32 mask[2];
	u32 coordinator;
	u32 incarnation[COMMONS_NODES];
	u32 check;
	u32 pad[11];
};

#define DSP_PAYLOAD	44	/* bytes */

/**
 * union dsp_msg - a message
 * @type: an enum dsp_type
 * @version: ADEOS_ABI
 * @length: bytes of @payload in use
 * @flags: 0
 * @seq: its position in the ring
 * @from: incarnation of the sender
 * @to: incarnation of the receiver
 * @txn: transaction
 * @payload: depends on @type
 * @w: the same as words, in which it is copied
 */
union dsp_msg {
	struct {
		u8 type;
		u8 version;
		u8 length;
		u8 flags;
		u32 seq;
		u32 from;
		u32 to;
		u32 txn;
		u8 payload[DSP_PAYLOAD];
	};
	u32 w[16];
};

/**
 * struct commons_ring - messages from one vnode to one other
 *
 * Written by the sender:
 * @head: number of messages ever put in, modulo 2^32
 * @stalled: it found the ring full, and waits to be rung
 *
 * Written by the receiver:
 * @tail: number of messages ever taken out
 *
 * Written by the sender:
 * @slot: message n is in @slot[n % COMMONS_SLOTS]
 */
struct commons_ring {
	u32 head;
	u32 stalled;
	u32 pad_head[14];
	u32 tail;
	u32 pad_tail[15];
	union dsp_msg slot[COMMONS_SLOTS];
};

/**
 * struct commons_bridge - what is known of a bridge besides its tag
 *
 * Written by the root, and constant while the tag has one generation:
 * @name: 1 to 31 printable characters, padded with 0
 * @scope: vnode ID whose name this is, or COMMONS_NOBODY: a global name
 * @pfn: first page of its memory
 * @pages: size of it
 * @allowed: who may open it
 * @flags: BRIDGE_* flags
 * @generation: as in the tag
 * @check: commons_check() of the above
 *
 * Written by the root, and not covered by @check:
 * @owner: vnode ID of its creator, COMMONS_NOBODY when that has died
 *
 * Written by anyone, atomically, its own bit only:
 * @users: vnodes that have it open
 * @frozen: vnodes that do not touch it until it has been moved
 */
struct commons_bridge {
	char name[COMMONS_NAME];
	u32 scope;
	u32 pfn;
	u32 pages;
	u32 allowed[2];
	u32 flags;
	u32 generation;
	u32 check;
	u32 owner;
	u32 pad_root[15];

	u32 users[2];
	u32 frozen[2];
	u32 pad_users[12];
};

#define COMMONS_BRIDGE_WORDS	16	/* from @name to @check */

/* What the machine has one of */
enum commons_lock {
	COMMONS_LOCK_IOAPIC,	/* index and data of the I/O APICs */
	COMMONS_LOCK_PCI,	/* CF8 and CFC */
	COMMONS_LOCKS
};

/**
 * struct commons - all of it
 * @header: what this is
 * @epoch: the newest view is in @view[@epoch % COMMONS_VIEWS]
 * @pad: keeps it on a line of its own
 * @view: the newest views
 * @node: by vnode ID
 * @cpu: the CPU slots
 * @tag: state and generation of each bridge: all in few lines, to be looked
 *	through at once
 * @hash: hash of each bridge's scope and name, 0 if it is free
 * @bridge: the bridges
 * @ring: by receiver, then sender
 * @lock: inter-vnode locks, by enum commons_lock
 */
struct commons {
	struct commons_header header;
	u32 epoch;
	u32 pad[15];
	struct commons_view view[COMMONS_VIEWS];
	struct commons_node node[COMMONS_NODES];
	struct commons_cpu cpu[COMMONS_CPUS];
	u32 tag[COMMONS_BRIDGES];
	u32 hash[COMMONS_BRIDGES];
	struct commons_bridge bridge[COMMONS_BRIDGES];
	struct commons_ring ring[COMMONS_NODES][COMMONS_NODES];
	struct adeos_lock lock[COMMONS_LOCKS];
};

/* The layout is the ABI. */
_Static_assert(sizeof(struct commons_header) == 64, "header");
_Static_assert(sizeof(struct commons_view) == 5 * 64, "view");
_Static_assert(sizeof(struct commons_cpu) == 16, "CPU slot");
_Static_assert(sizeof(struct commons_node) == 7 * 64, "node");
_Static_assert(sizeof(union dsp_msg) == 64, "message");
_Static_assert(sizeof(struct commons_ring) == 10 * 64, "ring");
_Static_assert(sizeof(struct commons_bridge) == 3 * 64, "bridge");
_Static_assert(sizeof(struct adeos_lock) == 64, "lock");
_Static_assert(offsetof(struct commons_bridge, owner) == 4 * COMMONS_BRIDGE_WORDS, "check");

/* Atomic, and a full memory barrier, as are all that return a value. */
#ifdef __KERNEL__
static inline u32 commons_or(u32 *word, u32 bits)
{
	return atomic_fetch_or(bits, (atomic_t *)word);
}

static inline u32 commons_and(u32 *word, u32 bits)
{
	return atomic_fetch_and(bits, (atomic_t *)word);
}
#elif !defined(COMMONS_ATOMICS)
static inline u32 commons_or(u32 *word, u32 bits)
{
	return __atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
}

static inline u32 commons_and(u32 *word, u32 bits)
{
	return __atomic_fetch_and(word, bits, __ATOMIC_SEQ_CST);
}
#endif

/* Reads a mask; what others did before they set a bit that it has is seen. */
static inline u64 commons_mask(const u32 *mask)
{
	u64 low = smp_load_acquire(&mask[0]);	/* pairs with commons_set() */
	u64 high = smp_load_acquire(&mask[1]);	/* likewise */

	return low | high << 32;
}

static inline bool commons_set(u32 *mask, u32 id)
{
	return commons_or(&mask[id / 32], 1u << id % 32) & 1u << id % 32;
}

static inline bool commons_clear(u32 *mask, u32 id)
{
	return commons_and(&mask[id / 32], ~(1u << id % 32)) & 1u << id % 32;
}

static inline u64 commons_bit(u32 id)
{
	return 1ULL << id;
}

/* The lowest vnode in a mask that is not empty. */
static inline u32 commons_first(u64 mask)
{
	return __builtin_ctzll(mask);
}

/* FNV-1a by words: finds a stray write, not malice. */
static inline u32 commons_check(const u32 *w, u32 nr)
{
	u32 hash = 0x811c9dc5;

	while (nr--)
		hash = (hash ^ *w++) * 0x01000193;
	return hash;
}

/* Copies words out of the commons, each read once. */
static inline void commons_read(u32 *to, const u32 *from, u32 nr)
{
	while (nr--)
		*to++ = READ_ONCE(*from++);
}

static inline void commons_write(u32 *to, const u32 *from, u32 nr)
{
	while (nr--)
		WRITE_ONCE(*to++, *from++);
}

#endif /* _ADEOS_COMMONS_H */
