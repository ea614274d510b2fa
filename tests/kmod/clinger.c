// SPDX-License-Identifier: GPL-2.0
/* A user of other vnodes' memory that lets go of it late. */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/notifier.h>

static unsigned int ms;
module_param(ms, uint, 0644);
MODULE_PARM_DESC(ms, "how long it takes to let go, milliseconds");

static int clinger_left(struct notifier_block *nb, unsigned long event, void *data)
{
	pr_info("adeos: clinger: event %lu, vnodes %#llx\n", event, *(u64 *)data);
	msleep(ms);
	pr_info("adeos: clinger: lets go\n");
	return NOTIFY_OK;
}

static struct notifier_block clinger = { .notifier_call = clinger_left };

static int __init clinger_init(void)
{
	return adeos_members_register(&clinger);
}
module_init(clinger_init);

static void __exit clinger_exit(void)
{
	adeos_members_unregister(&clinger);
}
module_exit(clinger_exit);

MODULE_DESCRIPTION("Lets go late of what was a dead vnode's");
MODULE_LICENSE("GPL");
