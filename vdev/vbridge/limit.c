// SPDX-License-Identifier: GPL-2.0
/*
 * What users may take of this kernel: bridges that they have made, and open files.
 *
 * Each user may have so much; and when all programs together have so much, users
 * get no more: of a vnode's 64 bridges and 128 MiB, its kernel needs some, too.
 * CAP_SYS_RESOURCE ignores both, but what such programs have is counted.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "bridge.h"

#define KIB_PAGES(kib)	((kib) >> (PAGE_SHIFT - 10))

static unsigned int max_bridges = 16;
module_param(max_bridges, uint, 0644);
MODULE_PARM_DESC(max_bridges, "bridges that a user may have made");
static unsigned int max_kib = 32768;
module_param(max_kib, uint, 0644);
MODULE_PARM_DESC(max_kib, "size of all of them, KiB");
static unsigned int max_files = 256;
module_param(max_files, uint, 0644);
MODULE_PARM_DESC(max_files, "files of the device that a user may have open");
static unsigned int max_bridges_all = 48;
module_param(max_bridges_all, uint, 0644);
MODULE_PARM_DESC(max_bridges_all, "bridges that all programs have, before users get no more");
static unsigned int max_kib_all = 98304;
module_param(max_kib_all, uint, 0644);
MODULE_PARM_DESC(max_kib_all, "size of all of them, KiB");

/**
 * struct vb_limit - a user who has something
 * @list: all of them
 * @uid: the user
 * @bridges: number of bridges that it has made
 * @pages: size of them
 * @files: number of files that it has open
 */
struct vb_limit {
	struct list_head list;
	kuid_t uid;
	u32 bridges;
	u32 pages;
	u32 files;
};

static DEFINE_MUTEX(limits_lock);	/* all that follows */
static LIST_HEAD(limits);
static u32 all_bridges, all_pages;

/* Of an entry that is there, or is made. */
static struct vb_limit *limit_of(kuid_t uid)
{
	struct vb_limit *l;

	list_for_each_entry(l, &limits, list)
		if (uid_eq(l->uid, uid))
			return l;
	l = kzalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return NULL;
	l->uid = uid;
	list_add(&l->list, &limits);
	return l;
}

static void limit_tidy(struct vb_limit *l)
{
	if (l->bridges || l->files)
		return;
	list_del(&l->list);
	kfree(l);
}

/* May that user have one more, of so many pages? */
static bool limit_allows(const struct vb_limit *l, u32 pages)
{
	return l->bridges < max_bridges && all_bridges < max_bridges_all &&
	       l->pages + pages <= KIB_PAGES(max_kib) &&
	       all_pages + pages <= KIB_PAGES(max_kib_all);
}

/**
 * vb_charge() - count a bridge that is to be made
 * @uid: who makes it
 * @bytes: its size
 *
 * Context: process, sleeps.
 * Return: for vb_uncharge(), or ERR_PTR(-EDQUOT), ERR_PTR(-ENOMEM).
 */
struct vb_limit *vb_charge(kuid_t uid, u32 bytes)
{
	u32 pages = PFN_UP(bytes);
	struct vb_limit *l;

	mutex_lock(&limits_lock);
	l = limit_of(uid);
	if (!l) {
		l = ERR_PTR(-ENOMEM);
	} else if (!limit_allows(l, pages) && !capable(CAP_SYS_RESOURCE)) {
		limit_tidy(l);
		l = ERR_PTR(-EDQUOT);
	} else {
		l->bridges++;
		l->pages += pages;
		all_bridges++;
		all_pages += pages;
	}
	mutex_unlock(&limits_lock);
	return l;
}

/**
 * vb_uncharge() - undo vb_charge()
 * @l: what it returned, or NULL
 * @bytes: the same as there
 *
 * Context: process, sleeps.
 */
void vb_uncharge(struct vb_limit *l, u32 bytes)
{
	if (!l)
		return;
	mutex_lock(&limits_lock);
	l->bridges--;
	l->pages -= PFN_UP(bytes);
	all_bridges--;
	all_pages -= PFN_UP(bytes);
	limit_tidy(l);
	mutex_unlock(&limits_lock);
}

/**
 * vb_charge_file() - count a file that is to be opened
 * @uid: who opens it
 *
 * A ring looks at all files of a bridge, with interrupts off.
 *
 * Context: process, sleeps.
 * Return: for vb_uncharge_file(), or ERR_PTR(-EDQUOT), ERR_PTR(-ENOMEM).
 */
struct vb_limit *vb_charge_file(kuid_t uid)
{
	struct vb_limit *l;

	mutex_lock(&limits_lock);
	l = limit_of(uid);
	if (!l) {
		l = ERR_PTR(-ENOMEM);
	} else if (l->files >= max_files && !capable(CAP_SYS_RESOURCE)) {
		limit_tidy(l);
		l = ERR_PTR(-EDQUOT);
	} else {
		l->files++;
	}
	mutex_unlock(&limits_lock);
	return l;
}

/**
 * vb_uncharge_file() - undo vb_charge_file()
 * @l: what it returned
 *
 * Context: process, sleeps.
 */
void vb_uncharge_file(struct vb_limit *l)
{
	mutex_lock(&limits_lock);
	l->files--;
	limit_tidy(l);
	mutex_unlock(&limits_lock);
}
