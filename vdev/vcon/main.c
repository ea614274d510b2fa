// SPDX-License-Identifier: GPL-2.0
/*
 * vcon: consoles of vnodes, and byte streams for commands, over bridges (paper:
 * "Virtual devices"; docs/vcon.md).
 */
#include <linux/bitmap.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "link.h"

/* Vnodes that may have the root's own console, and those that may also do sysrq there */
static DECLARE_BITMAP(allowed, ADEOS_MAX_VNODES);
static DECLARE_BITMAP(sysrq_allowed, ADEOS_MAX_VNODES);
static bool serving;	/* protected by the parameters' lock, like allowed */

static struct dentry *vcon_debugfs;

/* Vnodes whose bridges must still be made */
static DECLARE_BITMAP(clients, ADEOS_MAX_VNODES);

static bool may_have(unsigned int client)
{
	return adeos_vnode_id() || test_bit(client, allowed);
}

static void serve_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(serve, serve_work);

static void serve_work(struct work_struct *work)
{
	bool again = false;
	unsigned int client;
	int ret;

	for_each_set_bit(client, clients, ADEOS_MAX_VNODES) {
		clear_bit(client, clients);
		ret = vcon_serve(client);
		/* change_clients() may have run before there was a bridge to destroy. */
		if (!may_have(client))
			vcon_withdraw(client);
		if (!ret || !may_have(client))
			continue;
		set_bit(client, clients);
		again = true;
		/* It takes some time until a vnode is a member, and until an old bridge is gone. */
		if (ret != -ENOTCONN && ret != -EEXIST)
			pr_warn_ratelimited("vcon: no console for vnode %u: error %d\n",
					    client, ret);
	}
	if (again)
		queue_delayed_work(system_unbound_wq, &serve, HZ / 10);
}

/**
 * vcon_serve_later() - make the bridge of a console again, later
 * @client: the vnode that it is for; the earlier bridge is gone
 *
 * Context: process.
 */
void vcon_serve_later(u32 client)
{
	if (!may_have(client))
		return;
	set_bit(client, clients);
	queue_delayed_work(system_unbound_wq, &serve, HZ / 10);
}

static void change_clients(const unsigned long *before)
{
	unsigned int client;

	for (client = 1; client < ADEOS_MAX_VNODES; client++) {
		if (test_bit(client, allowed) == test_bit(client, before))
			continue;
		if (test_bit(client, before)) {
			clear_bit(client, clients);
			vcon_withdraw(client);
		} else {
			vcon_serve_later(client);
		}
	}
}

static int parse_ids(const char *value, const struct kernel_param *kp, unsigned long *ids)
{
	if (bitmap_parselist(value, ids, ADEOS_MAX_VNODES) || test_bit(0, ids)) {
		pr_err("vcon: %s=%.40s: expected IDs of vnodes, 1 to %u\n", kp->name, value,
		       ADEOS_MAX_VNODES - 1);
		return -EINVAL;
	}
	if (serving && adeos_vnode_id())
		return -EPERM;	/* only in the root */
	return 0;
}

static int ids_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%*pbl\n", ADEOS_MAX_VNODES, (unsigned long *)kp->arg);
}

static int allow_set(const char *value, const struct kernel_param *kp)
{
	DECLARE_BITMAP(before, ADEOS_MAX_VNODES);
	DECLARE_BITMAP(ids, ADEOS_MAX_VNODES);
	int ret = parse_ids(value, kp, ids);

	if (ret)
		return ret;
	bitmap_copy(before, allowed, ADEOS_MAX_VNODES);
	bitmap_copy(allowed, ids, ADEOS_MAX_VNODES);
	if (serving)
		change_clients(before);
	return 0;
}

static const struct kernel_param_ops allow_ops = {
	.set = allow_set,
	.get = ids_get,
};

module_param_cb(allow, &allow_ops, allowed, 0644);
MODULE_PARM_DESC(allow, "Vnodes that may have the root's own console (in the root)");

static int allow_sysrq_set(const char *value, const struct kernel_param *kp)
{
	DECLARE_BITMAP(ids, ADEOS_MAX_VNODES);
	int ret = parse_ids(value, kp, ids);

	if (!ret)
		bitmap_copy(sysrq_allowed, ids, ADEOS_MAX_VNODES);
	return ret;
}

static const struct kernel_param_ops allow_sysrq_ops = {
	.set = allow_sysrq_set,
	.get = ids_get,
};

module_param_cb(allow_sysrq, &allow_sysrq_ops, sysrq_allowed, 0644);
MODULE_PARM_DESC(allow_sysrq,
		 "Vnodes among these that may also use the magic SysRq key there (none)");

/**
 * vcon_may_sysrq() - may the user of a console of this vnode do sysrq here?
 * @client: the console's vnode
 *
 * Context: any.
 * Return: true for the root, and for vnodes that the root's administrator names.
 */
bool vcon_may_sysrq(u32 client)
{
	return adeos_vnode_id() ? !client : test_bit(client, sysrq_allowed);
}

static int vcon_show(struct seq_file *m, void *unused)
{
	vcon_links_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vcon);

static void __init begin_to_serve(void)
{
	kernel_param_lock(THIS_MODULE);
	if (adeos_vnode_id())
		__set_bit(0, clients);
	else
		bitmap_copy(clients, allowed, ADEOS_MAX_VNODES);
	serving = true;
	kernel_param_unlock(THIS_MODULE);
	queue_delayed_work(system_unbound_wq, &serve, 0);
}

static int __init vcon_init(void)
{
	unsigned int i;
	int ret = vcon_ttys_init();

	if (ret)
		return ret;
	ret = vcon_views_init();
	if (ret)
		goto no_views;
	ret = adeos_vnode_id() ? vcon_agent_init() : 0;
	if (ret)
		goto no_agent;
	ret = vcon_links_init();
	if (ret)
		goto no_links;
	vcon_debugfs = debugfs_create_file("vcon", 0444, NULL, NULL, &vcon_fops);
	begin_to_serve();
	/* Bridges that existed before */
	for (i = 0; i < ADEOS_MAX_VNODES; i++)
		vcon_look(i);
	return 0;

no_links:
	if (adeos_vnode_id())
		vcon_agent_exit();
no_agent:
	vcon_views_exit();
no_views:
	vcon_ttys_exit();
	return ret;
}
module_init(vcon_init);

static void __exit vcon_exit(void)
{
	/* The parameters exist until this returns. */
	kernel_param_lock(THIS_MODULE);
	serving = false;
	kernel_param_unlock(THIS_MODULE);
	debugfs_remove(vcon_debugfs);
	if (adeos_vnode_id())
		vcon_agent_exit();
	disable_delayed_work_sync(&serve);
	vcon_links_exit();
	vcon_views_exit();
	vcon_ttys_exit();
}
module_exit(vcon_exit);

MODULE_DESCRIPTION("Consoles of vnodes, and streams for commands");
MODULE_LICENSE("GPL");
