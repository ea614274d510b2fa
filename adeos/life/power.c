// SPDX-License-Identifier: GPL-2.0
/*
 * What does not go together with vnodes and is refused at run time: sleep.  In the
 * root it would take memory and CPUs from vnodes that run; a vnode has no firmware
 * that could wake it.
 */
#include <linux/init.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/suspend.h>

#include <linux/adeos.h>

static int refuse_sleep(struct notifier_block *nb, unsigned long action, void *data)
{
	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		pr_err("adeos: %s is refused: %s\n",
		       action == PM_SUSPEND_PREPARE ? "suspend" : "hibernation",
		       adeos_is_root() ? "the machine's other kernels would not survive it" :
		       "a vnode cannot sleep, for nothing could wake it");
		return notifier_from_errno(-EBUSY);
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block power_nb = {
	.notifier_call = refuse_sleep,
};

static int __init power_init(void)
{
	return adeos_is_root() || adeos_is_vnode() ? register_pm_notifier(&power_nb) : 0;
}
late_initcall(power_init);
