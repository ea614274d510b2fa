/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Internals of /dev/bridge, see docs/bridge-device.md.
 *
 * Locks, outermost first: vb_file.attach, vb_table, vb.use, the nanokernel's (it
 * holds it while it calls vb_freeze() and the like), vb.sem, vb_lock.  mmap_lock is also
 * taken before vb.sem, so programs' memory must not be accessed under vb.sem.
 */
#ifndef _VDEV_BRIDGE_H
#define _VDEV_BRIDGE_H

#include <linux/adeos.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "vbridge.h"

#define VB_MAGIC	0x67726276	/* "vbrg" */
#define VB_VERSION	1
#define VB_PREFIX	'@'		/* first character of programs' names in the nanokernel */

/**
 * struct vb_head - the first page of a bridge, which programs cannot map
 * @magic: VB_MAGIC, written last
 * @version: VB_VERSION
 * @bytes: what programs may map
 * @flags: VBRIDGE_*
 * @uid: user who made it
 * @gid: and its group
 * @mode: permission bits
 * @vnode: ID of the vnode that made it
 * @pad: keeps @rung on cache lines of its own
 * @rung: for each vnode, how often it was rung, modulo 2^32; every vnode adds to it
 *
 * Every kernel that has the bridge open can write all of it.
 */
struct vb_head {
	u32 magic;
	u32 version;
	u32 bytes;
	u32 flags;
	u32 uid;
	u32 gid;
	u32 mode;
	u32 vnode;
	u32 pad[8];
	atomic_t rung[ADEOS_MAX_VNODES];
};

/*
 *            freeze             gone, destroyed
 *   live <------------> frozen -----------------> gone, closed
 *     |      thaw                                  ^
 *     +--------------------------------------------+
 */

/**
 * struct vb - a bridge that programs of this kernel use
 * @list: all of them, under vb_table and vb_lock
 * @refs: files, @kept, and work under way
 * @kept: it has a reference of its own, because this kernel has made it with VBRIDGE_KEEP
 * @use: protects @bridge from being closed
 * @bridge: the nanokernel's, NULL when it is closed
 * @sem: protects @frozen, @gone, @pfn, @head and @files: the nanokernel's callbacks hold it
 *	for writing, code that uses the bridge for reading
 * @frozen: it is being moved
 * @gone: it was destroyed
 * @pfn: its first page while it is live
 * @head: the same, mapped; NULL if it is not live; under vb_lock, too
 * @files: files that are attached
 * @listeners: those of them that have an eventfd; under vb_lock
 * @seen: last value of @head->rung[own]; under vb_lock
 * @rings: how often it was rung; under vb_lock
 * @wait: woken when it is rung, thawed or gone
 * @close_work: closes it when it is gone
 * @end_work: asks the root again to end it
 * @limit: whose limits it counts for, or NULL
 * @info: for VBRIDGE_INFO; constant except @info.state and @info.users
 */
struct vb {
	struct list_head list;
	refcount_t refs;
	unsigned long kept;
	struct mutex use;		/* see above */
	struct adeos_bridge *bridge;
	struct rw_semaphore sem;	/* see above */
	bool frozen;
	bool gone;
	unsigned long pfn;
	struct vb_head *head;
	struct list_head files;
	struct list_head listeners;
	u32 seen;
	u64 rings;
	wait_queue_head_t wait;
	struct work_struct close_work;
	struct delayed_work end_work;
	struct vb_limit *limit;
	struct vbridge_info info;
};

/**
 * struct vb_file - an open file of the device
 * @attach: protects attaching
 * @vb: what it is attached to, or NULL; stored once
 * @list: vb.files
 * @inode: its mapping is the file's, so that the pages of this file alone can be unmapped
 * @limit: whose limits it counts for
 * @creator: the bridge ends with this file
 * @seen: vb.rings that were read; under vb_lock
 * @event: the eventfd to signal when it may be read, or NULL; under vb_lock
 * @listener: entry in vb.listeners, if there is an @event
 */
struct vb_file {
	struct mutex attach;		/* see above */
	struct vb *vb;
	struct list_head list;
	struct inode *inode;
	struct vb_limit *limit;
	bool creator;
	u64 seen;
	struct eventfd_ctx *event;
	struct list_head listener;
};

extern struct mutex vb_table;
extern spinlock_t vb_lock;
extern struct list_head vb_list;

/* The bridge that a file is attached to, or NULL. */
static inline struct vb *vb_of(const struct vb_file *f)
{
	return smp_load_acquire(&f->vb);	/* pairs with vb_attach() */
}

/* Is it not being moved? The answer may be outdated without vb->sem. */
static inline bool vb_settled(const struct vb *vb)
{
	return !READ_ONCE(vb->frozen) || READ_ONCE(vb->gone);
}

/* bridge.c */
int vb_create(struct vb_file *f, const struct vbridge_create *req);
int vb_open(struct vb_file *f, const struct vbridge_open *req, fmode_t mode);
int vb_hold(struct vb *vb);
void vb_release(struct vb *vb);
int vb_destroy(struct vb *vb);
void vb_detach(struct vb_file *f);
int vb_init(void);
void vb_exit(void);

/* map.c */
int vb_mmap(struct file *file, struct vm_area_struct *vma);
void vb_unmap(struct vb *vb);

/* ring.c */
void vb_wake(struct vb *vb, const struct vb_file *but);
void vb_collect(struct vb *vb);
int vb_listen(struct vb_file *f, struct vb *vb, int fd);
int vb_ring(struct vb_file *f, struct vb *vb);
bool vb_pending(struct vb_file *f, struct vb *vb, u64 *count);
int vb_ring_init(void);
void vb_ring_exit(void);

/* limit.c */
struct vb_limit *vb_charge(u32 bytes);
void vb_uncharge(struct vb_limit *limit, u32 bytes);
struct vb_limit *vb_charge_file(void);
void vb_uncharge_file(struct vb_limit *limit);
void vb_limit_exit(void);

#endif /* _VDEV_BRIDGE_H */
