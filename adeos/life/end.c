// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a vnode, by phases; vnode.h draws them.  This runs in the root only.
 *
 * Each vnode has a work item of its own, so that neither a CPU that does not
 * answer nor a member that does not let go delays others, and adeos_lock is not
 * held while one of them is waited for.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/wait.h>

#include "arch.h"
#include "core.h"
#include "dsp/drive.h"
#include "vnode.h"

/* So long the members have to let go of what was the vnode's. */
#define LET_GO		(5 * HZ)

static const struct adeos_restart_ops *restart_ops;
static DEFINE_MUTEX(restart_lock);
static DECLARE_WAIT_QUEUE_HEAD(ended);

/* LEAVING: its CPUs stand still. */
static void vnode_leave(struct adeos_vnode *vn)
{
	unsigned long end = jiffies + LET_GO;

	adeos_resources_quiesce(vn);
	adeos_node_died(vn->id);
	while (!adeos_node_let_go(vn->id) && time_before(jiffies, end))
		adeos_node_wait(HZ / 10);
	vn->kept = adeos_node_kept(vn->id);
	if (vn->kept)
		pr_warn("adeos: vnode %u has ended, but %u of its bridges are still in use\n",
			vn->id, vn->kept);
}

/**
 * adeos_vnode_restarted() - a vnode that has ended by itself was started again, or is not
 * @id: its ID
 *
 * Until then, its state is not its last word; sysfs says so.
 *
 * Context: any.
 */
void adeos_vnode_restarted(u32 id)
{
	WRITE_ONCE(adeos_vnodes[id]->restarting, false);
}
EXPORT_SYMBOL_GPL(adeos_vnode_restarted);

static void vnode_ended(const struct adeos_vnode *vn)
{
	mutex_lock(&restart_lock);
	if (restart_ops)
		restart_ops->ended(vn->id, READ_ONCE(vn->state) == ADEOS_CRASHED, vn->up);
	else
		adeos_vnode_restarted(vn->id);
	mutex_unlock(&restart_lock);
}

static void vnode_end(struct work_struct *work)
{
	struct adeos_vnode *vn = container_of(work, struct adeos_vnode, end);
	bool itself = false;
	int ret = 0;

	/* What this reads is constant while the vnode is PARKING. */
	if (vn->booted)
		ret = adeos_cpu_park(vn->cpus, vn->nr_cpus);

	mutex_lock(&adeos_lock);
	if (ret) {
		vn->phase = ADEOS_STUCK;
		adeos_set_state(vn, ADEOS_HUNG);
	} else {
		vn->phase = ADEOS_LEAVING;
		vn->kept = 0;
		if (vn->booted)
			vnode_leave(vn);
		adeos_resources_give(vn);
		vn->booted = false;
		itself = vn->itself;
		/* Before the state that it may leave again */
		WRITE_ONCE(vn->restarting, itself);
		adeos_set_state(vn, vn->next);
		vn->phase = ADEOS_GONE;
	}
	mutex_unlock(&adeos_lock);
	wake_up_all(&ended);
	if (itself)
		vnode_ended(vn);
}

/**
 * adeos_vnode_end_init() - prepare for the end of a vnode
 * @vn: the vnode
 */
void adeos_vnode_end_init(struct adeos_vnode *vn)
{
	INIT_WORK(&vn->end, vnode_end);
}

/**
 * adeos_vnode_end() - begin to end a vnode
 * @vn: the vnode, LIVES or STUCK
 * @next: the state that it ends in
 * @itself: it ends by itself, so that it may be restarted
 *
 * Context: process, adeos_lock held.
 */
void adeos_vnode_end(struct adeos_vnode *vn, enum adeos_state next, bool itself)
{
	lockdep_assert_held(&adeos_lock);
	vn->phase = ADEOS_PARKING;
	vn->next = next;
	vn->itself = itself;
	queue_work(system_unbound_wq, &vn->end);
}

static bool is_ending(const struct adeos_vnode *vn)
{
	enum adeos_phase phase = READ_ONCE(vn->phase);

	return phase == ADEOS_PARKING || phase == ADEOS_LEAVING;
}

/**
 * adeos_vnode_await_end() - wait for a vnode that is ending
 * @vn: the vnode, in any phase
 *
 * Context: process, sleeps; adeos_lock held, and released meanwhile.
 */
void adeos_vnode_await_end(struct adeos_vnode *vn)
{
	while (is_ending(vn)) {
		mutex_unlock(&adeos_lock);
		wait_event(ended, !is_ending(vn));
		mutex_lock(&adeos_lock);
	}
}

/**
 * adeos_set_restart_ops() - choose who starts vnodes again
 * @ops: the operations, or NULL
 *
 * Context: process, may sleep; on return, the old ones are not in use.
 */
void adeos_set_restart_ops(const struct adeos_restart_ops *ops)
{
	mutex_lock(&restart_lock);
	restart_ops = ops;
	mutex_unlock(&restart_lock);
}
EXPORT_SYMBOL_GPL(adeos_set_restart_ops);
