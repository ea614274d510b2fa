/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vnode, as the root knows it.
 */
#ifndef _ADEOS_VNODE_H
#define _ADEOS_VNODE_H

#include <linux/kobject.h>
#include <linux/workqueue.h>

#include "proto/page.h"

struct adeos_counters;

/*
 *            create            report UP           stop
 *   (none) ---------> LOADING -----------> RUNNING ------> STOPPING
 *                        |                  |   ^             |
 *                        |      no heartbeat|   |heartbeat    |
 *                        |                  v   |             |
 *                        |                  HUNG              |
 *                        |                   |                |
 *    kill, reports OFF and REBOOT -----------+----------------+--> STOPPED
 *    report CRASHED    ----------------------+----------------+--> CRASHED
 *
 * LOADING becomes HUNG, too, if nothing is heard of the vnode for minutes.  A
 * vnode has CPUs and memory in all states but STOPPED and CRASHED; from
 * those, "create" leads to LOADING again.
 */
enum adeos_state {
	ADEOS_LOADING,
	ADEOS_RUNNING,
	ADEOS_STOPPING,
	ADEOS_HUNG,
	ADEOS_STOPPED,
	ADEOS_CRASHED,
};

/*
 * The end of a vnode, in end.c, whatever it was that ended it:
 *
 *   create        kill, or a report of OFF, REBOOT or CRASHED
 *   -------> LIVES -------------------------------------------> PARKING <--+ kill
 *     ^                                                          |   |     |
 *     |                all CPUs answer from the parking page     |   +-> STUCK
 *     |                                                          v   one does not
 *     +---- GONE <-------------------------------------------- LEAVING
 *                 the members have adopted a view without it, and closed what
 *                 bridges died with it, or did not within LET_GO: its CPUs and
 *                 memory are the pools' again
 *
 * Memory and CPUs are given to others after the last phase only.
 */
enum adeos_phase {
	ADEOS_GONE,
	ADEOS_LIVES,
	ADEOS_PARKING,
	ADEOS_LEAVING,
	ADEOS_STUCK,
};

/**
 * struct adeos_vnode - a vnode ID that was used at least once
 * @kobj: vnodes/ID in sysfs
 * @id: the ID
 * @state: only adeos_set_state() writes it
 * @phase: how far it has come with its end
 * @next: in PARKING and LEAVING, the state that it ends in
 * @itself: it ends by itself, and may be restarted
 * @kept: bridges of it that others still used when it had gone
 * @end: does the work of its end
 * @booted: its first CPU was started
 * @up: its kernel has reported that it is up
 * @restarting: it has ended by itself, and KMB has yet to say whether it starts
 *	it again
 * @name: its name
 * @cmdline: its kernel command line
 * @config: path of its configuration, or ""
 * @restart: what to do when it ends by itself
 * @nr_cpus: how many CPUs it has, 0 in STOPPED and CRASHED
 * @cpus: their APIC IDs
 * @dests: destinations of interrupts for them
 * @low_page: number of its trampoline's page
 * @extent: its memory; the kernel is in the first one
 * @slot: its page and log ring
 * @slot_phys: their physical address
 * @log_end: end of its log, in 64 bits
 * @heartbeat: last seen
 * @heard: when it was seen to change, jiffies
 *
 * Protected by adeos_lock.  It is never freed: its log can be read later.
 */
struct adeos_vnode {
	struct kobject kobj;
	u32 id;
	enum adeos_state state;
	enum adeos_phase phase;
	enum adeos_state next;
	bool itself;
	unsigned int kept;
	struct work_struct end;
	bool booted;
	bool up;
	bool restarting;
	char name[32];
	const char *cmdline;
	const char *config;
	const char *restart;
	u32 nr_cpus;
	u32 cpus[ADEOS_MAX_CPUS];
	u32 dests[ADEOS_MAX_CPUS];
	unsigned int low_page;
	struct adeos_extent extent[ADEOS_EXTENTS];
	struct adeos_slot *slot;
	phys_addr_t slot_phys;
	u64 log_end;
	u32 heartbeat;
	unsigned long heard;
};

/* vnode.c; the table, and what changes it, with adeos_lock held */
extern struct adeos_vnode *adeos_vnodes[ADEOS_MAX_VNODES];
const char *adeos_state_name(enum adeos_state state);
void adeos_set_state(struct adeos_vnode *vn, enum adeos_state state);
int adeos_vnode_init(void);

/* watch.c */
void adeos_watch(void);
void adeos_watch_init(void);

/**
 * struct adeos_resource - a kind of thing that a vnode can own
 * @name: what it is called
 * @take: take it, as the specification says, from the pools; or nothing, and say why
 * @tell: tell the vnode, in its page, and all others, in the commons; NULL: nothing to tell
 * @quiesce: bring it to rest, when the vnode's CPUs stand still; NULL: it always is
 * @give: give it back
 *
 * To create a vnode, its kinds are walked; to end it, they are walked backwards.
 * All are called in process context, with adeos_lock held.
 */
struct adeos_resource {
	const char *name;
	int (*take)(struct adeos_vnode *vn, const struct adeos_spec *spec,
		    struct adeos_error *err);
	void (*tell)(struct adeos_vnode *vn);
	void (*quiesce)(struct adeos_vnode *vn);
	void (*give)(struct adeos_vnode *vn);
};

/* resources.c, with adeos_lock held */
int adeos_resources_take(struct adeos_vnode *vn, const struct adeos_spec *spec,
			 struct adeos_error *err);
void adeos_resources_tell(struct adeos_vnode *vn);
void adeos_resources_quiesce(struct adeos_vnode *vn);
void adeos_resources_give(struct adeos_vnode *vn);

/* end.c, with adeos_lock held */
void adeos_vnode_end_init(struct adeos_vnode *vn);
void adeos_vnode_end(struct adeos_vnode *vn, enum adeos_state next, bool itself);
void adeos_vnode_await_end(struct adeos_vnode *vn);

/* counters.c */
void adeos_counters_collect(struct adeos_counters *to);

/* What this asks of sysfs/vnodes.c: show a vnode */
int adeos_sysfs_add(struct adeos_vnode *vn);

static inline bool adeos_alive(const struct adeos_vnode *vn)
{
	return vn && vn->state != ADEOS_STOPPED && vn->state != ADEOS_CRASHED;
}

static inline u64 adeos_extents_size(const struct adeos_extent extent[ADEOS_EXTENTS])
{
	u64 size = 0;
	unsigned int i;

	for (i = 0; i < ADEOS_EXTENTS; i++)
		size += extent[i].size;
	return size;
}

#endif /* _ADEOS_VNODE_H */
