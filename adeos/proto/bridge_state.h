/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bridges: named pieces of physical memory that vnodes share.  The root decides
 * over them (bridge_root.c); to open, close, freeze and leave one needs only
 * the commons (bridge_user.c).  docs/dsp.md tells the whole protocol.
 *
 *        create             cleared         move               all users frozen
 *   FREE ------> CLEARING ---------> LIVE ------------> FREEZING ----------------> MOVING
 *    ^ generation    |                | ^ ^                |                          |
 *    | + 1           | destroy,       | | +----------------+                          |
 *    |               | owner died     | |     timeout: old place    copied: new place |
 *    |               |       destroy, | +---------------------------------------------+
 *    |               |     owner died |                             generation + 1
 *    |               v                v
 *    +------------ DYING <----------- + <-- from FREEZING, too, and from MOVING when it is copied
 *      no users
 *
 * The owner clears the memory, so that this costs nobody else: in CLEARING, it uses the
 * bridge (its bit in users is set), and nobody else may open it.  If the bridge is
 * destroyed meanwhile, the memory stays the owner's until it lets go, as that of any
 * user.  If the owner dies, its CPUs stand still, and the root takes its bit back.  If the
 * owner has never heard that the bridge was made, the root ends it after a while.
 *
 * State and generation are one word, the tag.  The root writes the tag, then
 * (full barrier) looks at the users; a user sets its bit in users or frozen,
 * then (full barrier) looks at the tag.  So one of them always sees the other.
 */
#ifndef _ADEOS_BRIDGE_STATE_H
#define _ADEOS_BRIDGE_STATE_H

#include "commons.h"

enum bridge_state {
	BRIDGE_FREE,
	BRIDGE_LIVE,		/* may be opened */
	BRIDGE_FREEZING,	/* users are asked to stop touching it */
	BRIDGE_MOVING,		/* nobody touches it, the root copies */
	BRIDGE_DYING,		/* users are asked to close it */
	BRIDGE_CLEARING,	/* its owner clears it, nobody else may open it */
};

#define BRIDGE_TAG(generation, state)	((generation) << 3 | (state))
#define BRIDGE_STATE(tag)		((tag) & 7)
#define BRIDGE_GENERATION(tag)		((tag) >> 3)
#define BRIDGE_GENERATION_MASK		(~0u >> 3)

/* commons_bridge.flags are ADEOS_BRIDGE_*; BRIDGE_GLOBAL and BRIDGE_MAY_MOVE only in a request */
#define BRIDGE_KIND		3	/* mask of an enum bridge_kind */
#define BRIDGE_READ_ONLY	ADEOS_BRIDGE_READ_ONLY
#define BRIDGE_GLOBAL		ADEOS_BRIDGE_GLOBAL
#define BRIDGE_MAY_MOVE		ADEOS_BRIDGE_MAY_MOVE
#define BRIDGE_FLAGS		(BRIDGE_KIND | BRIDGE_READ_ONLY | BRIDGE_GLOBAL | BRIDGE_MAY_MOVE)

enum bridge_kind {
	BRIDGE_PINNED = ADEOS_BRIDGE_PINNED,
	BRIDGE_MOVABLE = ADEOS_BRIDGE_MOVABLE,
	BRIDGE_TRANSIENT = ADEOS_BRIDGE_TRANSIENT,
};

/* Limits. */
#define BRIDGE_MAX_PER_VNODE	64	/* bridges that a vnode owns */
#define BRIDGE_MAX_PAGES	((u32)(ADEOS_BRIDGE_MAX >> 12))	/* pages in one */
#define BRIDGE_MAX_TOTAL	0x8000	/* pages in all that a vnode owns: 128 MiB */
#define BRIDGE_END_PFN		0x100000	/* behind the last page of 4 GiB */

/* Users that have not frozen after that long keep it where it is, ms. */
#define BRIDGE_FREEZE_TIMEOUT	1000

/* One that is not cleared ends if nobody uses it after that long, ms: nobody waits for it. */
#define BRIDGE_CLAIM_TIMEOUT	20000

/**
 * struct dsp_bridge_request - what a bridge shall be; payload of DSP_CREATE
 * @name: 1 to 31 printable characters without '/', padded with 0
 * @flags: BRIDGE_* flags and an enum bridge_kind
 * @pages: its size
 * @allowed: who may open it, besides the owner
 */
struct dsp_bridge_request {
	char name[COMMONS_NAME - 1];
	u8 flags;
	u32 pages;
	u32 allowed[2];
};

/**
 * struct dsp_bridge_entry - the root's own record of a bridge
 * @pub: what it has published, its users not
 * @tag: likewise
 * @hash: likewise
 * @born: its first generation; each move is one more
 * @new_pfn: in FREEZING and MOVING, where it goes
 * @doomed: in MOVING: it ends when it has been copied
 * @deadline: in FREEZING, when to give up, in CLEARING, when its owner must have begun, ms
 * @maker: who made it, also when that has died
 */
struct dsp_bridge_entry {
	struct commons_bridge pub;
	u32 tag;
	u32 hash;
	u32 born;
	u32 new_pfn;
	bool doomed;
	u32 deadline;
	u32 maker;
};

/**
 * struct dsp_bridge_open - what a vnode knows of a bridge that it uses
 * @tag: LIVE, with the generation that it knows; 0 if it is not open
 * @pfn: first page
 * @pages: size
 * @refs: how often it is open
 * @state: an enum bridge_use
 * @kind: an enum bridge_kind
 */
struct dsp_bridge_open {
	u32 tag;
	u32 pfn;
	u32 pages;
	u16 refs;
	u8 state;
	u8 kind;
};

/*
 *            open            FREEZING             DYING
 *   CLOSED -----------> USED <--------> FROZEN ----------> GONE
 *     ^ |                ^ | LIVE again    |                |
 *     | |  claim   LIVE  | |               |                |
 *     | +------> CLAIMED-+ |               |                |
 *     |             |      |               |                |
 *     +-------------+------+---------------+----------------+
 *                        last close
 *
 * From CLAIMED and from USED, DYING leads to GONE, too.
 */
enum bridge_use {
	BRIDGE_CLOSED,
	BRIDGE_USED,
	BRIDGE_FROZEN,
	BRIDGE_GONE,
	BRIDGE_CLAIMED,		/* by its owner, which clears it */
};

int dsp_bridge_check_name(const char *name);
u32 dsp_bridge_hash(u32 scope, const char name[COMMONS_NAME]);

#endif /* _ADEOS_BRIDGE_STATE_H */
