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

static unsigned int allow[ADEOS_MAX_VNODES];
static unsigned int nr_allow;
module_param_array(allow, uint, &nr_allow, 0444);
MODULE_PARM_DESC(allow, "Vnodes that may have the root's own console (in the root)");

static struct dentry *vcon_debugfs;

/* Those whose bridges are still to be made */
static DECLARE_BITMAP(clients, ADEOS_MAX_VNODES);

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
		if (!ret)
			continue;
		set_bit(client, clients);
		again = true;
		/* It takes a moment until a vnode is a member, and until an old bridge is gone. */
		if (ret != -ENOTCONN && ret != -EEXIST)
			pr_warn_ratelimited("vcon: no console for vnode %u: error %d\n",
					    client, ret);
	}
	if (again)
		queue_delayed_work(system_unbound_wq, &serve, HZ / 10);
}

/**
 * vcon_serve_later() - have the bridge of a console made anew
 * @client: for whom; the one there was is gone
 *
 * Context: process.
 */
void vcon_serve_later(u32 client)
{
	set_bit(client, clients);
	queue_delayed_work(system_unbound_wq, &serve, HZ / 10);
}

static int vcon_show(struct seq_file *m, void *unused)
{
	vcon_links_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vcon);

static int __init choose_clients(void)
{
	unsigned int i;

	if (adeos_vnode_id())
		__set_bit(0, clients);
	for (i = 0; !adeos_vnode_id() && i < nr_allow; i++) {
		if (!allow[i] || allow[i] >= ADEOS_MAX_VNODES) {
			pr_err("vcon: allow=%u: expected IDs of vnodes, 1 to %u\n", allow[i],
			       ADEOS_MAX_VNODES - 1);
			return -EINVAL;
		}
		__set_bit(allow[i], clients);
	}
	return 0;
}

static int __init vcon_init(void)
{
	unsigned int i;
	int ret = choose_clients();

	if (ret)
		return ret;
	ret = vcon_ttys_init();
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
	queue_delayed_work(system_unbound_wq, &serve, 0);
	/* Bridges that were there before; a vnode may only have the root's. */
	for (i = 0; i < (adeos_vnode_id() ? 1 : ADEOS_MAX_VNODES); i++)
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
