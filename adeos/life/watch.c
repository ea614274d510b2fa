// SPDX-License-Identifier: GPL-2.0
/*
 * The root watches its vnodes: what they report, whether their hearts beat.
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/workqueue.h>

#include "arch.h"
#include "clock.h"
#include "core.h"
#include "vnode.h"

/* How often to look, if nobody rings */
#define LOOK		(HZ / 4)

/* How long a vnode may be silent; emulated CPUs wait for their host's. */
#define SILENCE		(30 * HZ)

/* The same, for a kernel that has not reported yet: it may have much to probe. */
#define BOOT_SILENCE	(300 * HZ)

static void vnodes_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(look, vnodes_look);

/* Hung is a guess, made when there is no other sign of the vnode's end. */
static void vnode_listen(struct adeos_vnode *vn, u32 heartbeat)
{
	if (heartbeat != vn->heartbeat) {
		vn->heartbeat = heartbeat;
		vn->heard = jiffies;
		if (vn->state == ADEOS_HUNG)
			adeos_set_state(vn, ADEOS_RUNNING);
	} else if ((vn->state == ADEOS_RUNNING && time_after(jiffies, vn->heard + SILENCE)) ||
		   (vn->state == ADEOS_LOADING && time_after(jiffies, vn->heard + BOOT_SILENCE))) {
		adeos_set_state(vn, ADEOS_HUNG);
	}
}

/* It ends by itself, unless it was asked to. */
static void vnode_ends(struct adeos_vnode *vn, enum adeos_state next)
{
	adeos_vnode_end(vn, next, vn->state != ADEOS_STOPPING);
}

static void vnode_look(struct adeos_vnode *vn)
{
	struct adeos_page *page = &vn->slot->page;

	switch (READ_ONCE(page->report)) {
	case ADEOS_REPORT_UP:
		vn->up = true;
		if (vn->state == ADEOS_LOADING) {
			vn->heard = jiffies;
			adeos_set_state(vn, ADEOS_RUNNING);
		}
		break;
	case ADEOS_REPORT_OFF:
	case ADEOS_REPORT_REBOOT:
		vnode_ends(vn, ADEOS_STOPPED);
		return;
	case ADEOS_REPORT_CRASHED:
		vnode_ends(vn, ADEOS_CRASHED);
		return;
	case ADEOS_REPORT_NONE:
		break;
	default:
		pr_warn_once("adeos: vnode %u reports nonsense\n", vn->id);
	}
	adeos_clock_publish(page);
	vnode_listen(vn, READ_ONCE(page->heartbeat));
}

static void vnodes_look(struct work_struct *work)
{
	bool any = false;
	unsigned int i;

	mutex_lock(&adeos_lock);
	for (i = 1; i < ADEOS_MAX_VNODES; i++) {
		if (!adeos_vnodes[i] || adeos_vnodes[i]->phase != ADEOS_LIVES ||
		    !adeos_vnodes[i]->booted)
			continue;
		vnode_look(adeos_vnodes[i]);
		any = true;
	}
	mutex_unlock(&adeos_lock);
	if (any)
		queue_delayed_work(system_wq, &look, LOOK);
}

/**
 * adeos_watch() - look at the vnodes now, and from time to time
 *
 * Context: any.
 */
void adeos_watch(void)
{
	mod_delayed_work(system_wq, &look, 0);
}

/**
 * adeos_watch_init() - look when a vnode rings
 *
 * Context: __init.
 */
void __init adeos_watch_init(void)
{
	adeos_listen(adeos_watch);
}
