// SPDX-License-Identifier: GPL-2.0
/*
 * What users may take from this kernel: bridges that they make, and open files.
 *
 * There is a limit for each user, and one for all programs together, because a vnode's
 * kernel also needs some of its 64 bridges and 128 MiB.  A third limit is for what a user
 * may make in a second, because that is work for the root.  The limits do not apply to
 * programs with CAP_SYS_RESOURCE, but what these have is counted.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "bridge.h"
#include "budget.h"

#define KIB_PAGES(kib)	((kib) >> (PAGE_SHIFT - 10))

static unsigned int max_bridges = 16;
module_param(max_bridges, uint, 0644);
MODULE_PARM_DESC(max_bridges, "bridges that a user may have");
static unsigned int max_kib = 32768;
module_param(max_kib, uint, 0644);
MODULE_PARM_DESC(max_kib, "size of all of them, KiB");
static unsigned int max_files = 256;
module_param(max_files, uint, 0644);
MODULE_PARM_DESC(max_files, "files of the device that a user may have open");
static unsigned int max_bridges_all = 48;
module_param(max_bridges_all, uint, 0644);
MODULE_PARM_DESC(max_bridges_all, "bridges of all programs together, above which users get no more");
static unsigned int max_kib_all = 98304;
module_param(max_kib_all, uint, 0644);
MODULE_PARM_DESC(max_kib_all, "size of all of them, KiB");
static unsigned int kib_per_s = 8192;
module_param(kib_per_s, uint, 0644);
MODULE_PARM_DESC(kib_per_s, "what a user may make in a second, KiB; each bridge counts 256 KiB more than its size");
static unsigned int burst_kib = 65536;
module_param(burst_kib, uint, 0644);
MODULE_PARM_DESC(burst_kib, "what a user may make at once after a pause, KiB");

/* What each bridge costs besides its size, for the root's time; in KiB */
#define COST_EACH	256

/**
 * struct vb_limit - a user who has bridges, files or a bucket that is not full
 * @list: all of them
 * @uid: the user
 * @bridges: number of bridges that it has made
 * @pages: size of them
 * @files: number of files that it has open
 * @budget: how much it may make now
 */
struct vb_limit {
	struct list_head list;
	kuid_t uid;
	u32 bridges;
	u32 pages;
	u32 files;
	struct vb_budget budget;
};

static DEFINE_MUTEX(limits_lock);	/* all that follows */
static LIST_HEAD(limits);
static u32 all_bridges, all_pages;

static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get_boottime());
}

/* A user is forgotten only when its bucket is full again. */
static void limit_tidy(struct vb_limit *l)
{
	if (l->bridges || l->files || !vb_budget_fill(&l->budget, now_ms(), kib_per_s, burst_kib))
		return;
	list_del(&l->list);
	kfree(l);
}

/* The caller's entry, which is made if there is none. */
static struct vb_limit *limit_of_current(void)
{
	kuid_t uid = vb_real_user(current_user_ns(), current_uid());
	struct vb_limit *l, *next, *found = NULL;

	list_for_each_entry_safe(l, next, &limits, list) {
		if (uid_eq(l->uid, uid))
			found = l;
		else
			limit_tidy(l);
	}
	if (found)
		return found;
	l = kzalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return NULL;
	l->uid = uid;
	list_add(&l->list, &limits);
	return l;
}

/* May the user have one more bridge of this size? */
static bool limit_allows(const struct vb_limit *l, u32 pages)
{
	return l->bridges < max_bridges && all_bridges < max_bridges_all &&
	       l->pages + pages <= KIB_PAGES(max_kib) &&
	       all_pages + pages <= KIB_PAGES(max_kib_all);
}

/* May the user make it now? Then the user pays, even if the root refuses it. */
static bool limit_pays(struct vb_limit *l, u32 pages)
{
	vb_budget_fill(&l->budget, now_ms(), kib_per_s, burst_kib);
	return vb_budget_spend(&l->budget, (pages << (PAGE_SHIFT - 10)) + COST_EACH, burst_kib);
}

/**
 * vb_charge() - count a bridge that the caller wants to make
 * @bytes: its size
 *
 * Context: process, sleeps.
 * Return: for vb_uncharge(), or ERR_PTR(-EDQUOT); ERR_PTR(-EAGAIN) if the user exceeds its
 * rate; ERR_PTR(-ENOMEM).
 */
struct vb_limit *vb_charge(u32 bytes)
{
	u32 pages = PFN_UP(bytes);
	struct vb_limit *l;
	int ret;

	mutex_lock(&limits_lock);
	l = limit_of_current();
	if (!l)
		ret = -ENOMEM;
	else if (!limit_allows(l, pages))
		ret = -EDQUOT;
	else
		ret = limit_pays(l, pages) ? 0 : -EAGAIN;
	if (l && ret && !capable(CAP_SYS_RESOURCE)) {
		limit_tidy(l);
		l = ERR_PTR(ret);
	} else if (!l) {
		l = ERR_PTR(ret);
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
 * vb_charge_file() - count a file that the caller wants to open
 *
 * A ring looks at all files of a bridge, with interrupts off.
 *
 * Context: process, sleeps.
 * Return: for vb_uncharge_file(), or ERR_PTR(-EDQUOT), ERR_PTR(-ENOMEM).
 */
struct vb_limit *vb_charge_file(void)
{
	struct vb_limit *l;

	mutex_lock(&limits_lock);
	l = limit_of_current();
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

/**
 * vb_limit_exit() - forget all users
 *
 * Context: process; there are no bridges and no files.
 */
void vb_limit_exit(void)
{
	struct vb_limit *l, *next;

	list_for_each_entry_safe(l, next, &limits, list)
		kfree(l);
}
