/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Membership: which vnodes there are, as the root decides and everybody sees it.
 *
 *             start            join               remove
 *   DEAD ------------> STARTED ------> MEMBER ----------------> DEAD
 *     ^   incarnation     |    view              view; the CPUs
 *     |   + 1             |    epoch + 1         were stopped before
 *     +-------------------+
 *            remove
 *
 * A view is an epoch, a mask, the members' incarnations, and the coordinator, which here is
 * called the root.  The root puts it
 * into the slot that is oldest, and then the epoch into the header: a root that
 * dies in between leaves the last view as it was.
 */
#ifndef _ADEOS_MEMBER_H
#define _ADEOS_MEMBER_H

#include "commons.h"

/* A root that does not beat for that long is dead, milliseconds. */
#define MEMBER_ROOT_TIMEOUT	10000

/* What the root leaves as it is for so many beats is the root's. */
#define MEMBER_RETURN		16

/**
 * struct dsp_member - what a vnode knows of the others
 * @epoch: of the view that it has adopted, 0 before the first one
 * @mask: members
 * @coordinator: who decides on that, the root
 * @incarnation: of each of them, 0 for others
 * @root_heartbeat: last seen
 * @root_heard: when it was seen to change, ms
 * @root_lost: it has not changed for MEMBER_ROOT_TIMEOUT
 * @other: epoch of a view that is not newer, and not ours
 * @other_root: coordinator that it names
 * @other_since: that one's heartbeat when it was first seen
 */
struct dsp_member {
	u32 epoch;
	u64 mask;
	u32 coordinator;
	u32 incarnation[COMMONS_NODES];
	u32 root_heartbeat;
	u32 root_heard;
	bool root_lost;
	u32 other;
	u32 other_root;
	u32 other_since;
};

/**
 * struct dsp_member_root - what the root decides
 * @id: its vnode ID
 * @epoch: of the newest view
 * @started: vnodes that may join, or have
 * @mask: those that have
 * @incarnation: last one of each ID, never taken back
 */
struct dsp_member_root {
	u32 id;
	u32 epoch;
	u64 started;
	u64 mask;
	u32 incarnation[COMMONS_NODES];
};

void dsp_member_init(struct dsp_member *m, struct commons *c, u32 now);
int dsp_member_poll(struct dsp_member *m, struct commons *c, u64 *left, u64 *joined);
bool dsp_member_watch_root(struct dsp_member *m, struct commons *c, u32 now);
void dsp_member_return(struct dsp_member *m, struct commons *c);

void dsp_member_root_init(struct dsp_member_root *r, struct commons *c, u32 id);
u32 dsp_member_start(struct dsp_member_root *r, struct commons *c, u32 id);
int dsp_member_join(struct dsp_member_root *r, struct commons *c, u32 id, u32 incarnation);
bool dsp_member_remove(struct dsp_member_root *r, struct commons *c, u32 id);
int dsp_member_poll_root(struct dsp_member *m, const struct dsp_member_root *r,
			 u64 *left, u64 *joined);
u64 dsp_member_unsettled(const struct dsp_member_root *r, const struct commons *c);
bool dsp_member_scrub(const struct dsp_member_root *r, struct commons *c);

#endif /* _ADEOS_MEMBER_H */
