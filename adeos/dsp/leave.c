// SPDX-License-Identifier: GPL-2.0
/*
 * Members that leave: the users of their memory in this kernel are told, and when all
 * have let go, the coordinator is (docs/dsp.md, "Membership").
 *
 *             a view without some members       the chain has been called,
 *   SETTLED -------------------------------> LEAVING        and no more have left
 *      ^                                      |   ^ |
 *      |                                      |   +-+ more have left: called again
 *      +--------------------------------------+
 *                    dsp_settle()
 */
#include <linux/export.h>
#include <linux/notifier.h>
#include <linux/workqueue.h>

#include "core.h"
#include "drive.h"
#include "proto/dsp.h"

static BLOCKING_NOTIFIER_HEAD(chain);

/* With adeos_lock */
static u64 left;	/* members of whom the chain has not heard yet */
static bool leaving;

static void tell_users(struct work_struct *work)
{
	u64 told;

	mutex_lock(&adeos_lock);
	while (left) {
		told = left;
		left = 0;
		/* What they wait for may need the lock. */
		mutex_unlock(&adeos_lock);
		blocking_notifier_call_chain(&chain, ADEOS_LEFT, &told);
		mutex_lock(&adeos_lock);
	}
	leaving = false;
	dsp_settle(adeos_node());
	mutex_unlock(&adeos_lock);
}

static DECLARE_WORK(tell_work, tell_users);

/**
 * adeos_members_leave() - have users of memory let go of what was some members'
 * @mask: those members
 *
 * Context: process, adeos_lock held.
 * Return: true if the view is settled later; false if nobody has anything to let go of.
 */
bool adeos_members_leave(u64 mask)
{
	left |= mask;
	if (left && !leaving) {
		leaving = true;
		queue_work(system_unbound_wq, &tell_work);
	}
	return leaving;
}

/**
 * adeos_members_register() - be told of members that leave
 * @nb: called with ADEOS_LEFT and a pointer to a u64, a bit for each of them; in process
 *	context, without locks.  When it returns, its owner touches no memory any more
 *	that was theirs, and keeps none of it mapped.
 *
 * That memory is given to others when all callbacks in all vnodes have returned, or
 * after five seconds: who takes longer may destroy what is others' by then.  Users of
 * bridges are told by struct adeos_bridge_ops, and need not register.
 *
 * Context: process, may sleep.
 * Return: 0, or -EEXIST if it is registered.
 */
int adeos_members_register(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&chain, nb);
}
EXPORT_SYMBOL_GPL(adeos_members_register);

/**
 * adeos_members_unregister() - undo adeos_members_register()
 * @nb: as there
 *
 * Context: process, may sleep; on return, it does not run any more.
 * Return: 0, or -ENOENT if it was not registered.
 */
int adeos_members_unregister(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&chain, nb);
}
EXPORT_SYMBOL_GPL(adeos_members_unregister);
