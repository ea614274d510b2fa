// SPDX-License-Identifier: GPL-2.0
/*
 * The virtual Ethernet between vnodes (paper: "Network device"): its interfaces, and the
 * handlers of its portals.  docs/vnet.md is its specification.
 */
#include <linux/irq_work.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/rtnetlink.h>

#include "../portals.h"
#include "vnet.h"

static char *networks = "Ethernet";
module_param(networks, charp, 0444);
MODULE_PARM_DESC(networks, "networks to make interfaces for at once, separated by commas; may be empty");

static unsigned int ring_kib = 512;
module_param(ring_kib, uint, 0444);
MODULE_PARM_DESC(ring_kib, "KiB of memory for each receive queue, a power of two");

unsigned int vnet_ring_size;	/* bytes */

/* For work that may wait for the root */
struct workqueue_struct *vnet_wq;

/* Schedules a queue's poll on its CPU. Hard interrupt context. */
static void schedule_queue(struct vnet_queue *q)
{
	if (q->cpu == smp_processor_id() || !cpu_online(q->cpu))
		napi_schedule(&q->napi);
	else
		/* -EBUSY: a kick is already under way there, and looks after this. */
		smp_call_function_single_async(q->cpu, &q->kick);
}

/**
 * vnet_queue_kicked() - schedule a queue's poll on this CPU
 * @napi: its NAPI
 *
 * Context: hard interrupt; for @kick of a struct vnet_queue.
 */
void vnet_queue_kicked(void *napi)
{
	napi_schedule(napi);
}

static void kick_interface(struct vnet *vn)
{
	bool running = vnet_running(vn);
	struct vnet_queue *q;
	u32 i;

	for (i = 0; i < vn->nr_queues; i++) {
		q = &vn->queue[i];
		if (READ_ONCE(q->aside) || (running && wire_must_poll(&q->receiver)))
			schedule_queue(q);
	}
}

static void kicked(struct irq_work *work)
{
	struct vnet *vn;

	rcu_read_lock();
	list_for_each_entry_rcu(vn, &vnet_interfaces, list)
		kick_interface(vn);
	rcu_read_unlock();
}

static DEFINE_IRQ_WORK(kick_work, kicked);

/**
 * vnet_kick() - make all interfaces look for frames, and for room for frames
 *
 * Context: any.
 */
void vnet_kick(void)
{
	irq_work_queue(&kick_work);
}

/* As in an NMI */
static void rung(unsigned int portal, u64 from, void *cookie)
{
	irq_work_queue(&kick_work);
}

static void greeted(struct irq_work *work)
{
	struct vnet *vn;

	/* The greeter's area exists; an interface that is still down will see it in join(). */
	smp_mb();
	rcu_read_lock();
	list_for_each_entry_rcu(vn, &vnet_interfaces, list)
		vnet_look_soon(vn);
	rcu_read_unlock();
}

static DEFINE_IRQ_WORK(greet_work, greeted);

/* As in an NMI */
static void hello(unsigned int portal, u64 from, void *cookie)
{
	irq_work_queue(&greet_work);
}

static int create_interfaces(void)
{
	char *names, *rest, *name;
	int ret = 0;

	if (!*networks)
		return 0;
	names = kstrdup(networks, GFP_KERNEL);
	if (!names)
		return -ENOMEM;
	rest = names;
	while (!ret && (name = strsep(&rest, ",")))
		ret = vnet_create(name);
	kfree(names);
	return ret;
}

/* Also interfaces that ip(8) has made; no more can be made. Their work items may still run. */
static void remove_interfaces(void)
{
	struct vnet *vn;
	LIST_HEAD(devices);

	rtnl_lock();
	list_for_each_entry(vn, &vnet_interfaces, list)
		unregister_netdevice_queue(vn->dev, &devices);
	unregister_netdevice_many(&devices);
	rtnl_unlock();
	/* Also waits for the end of devices that others have removed. */
	rtnl_link_unregister(&vnet_link_ops);
}

/* Areas end: after half a minute at the latest, if the root does not answer. */
static void destroy_vnet_wq(void)
{
	destroy_workqueue(vnet_wq);
	/* The work items may have called vnet_kick(). */
	irq_work_sync(&kick_work);
}

static int bind_portals(void)
{
	int ret = adeos_portal_bind(PORTAL_VNET, rung, NULL);

	if (ret)
		return ret;
	ret = adeos_portal_bind(PORTAL_VNET_HELLO, hello, NULL);
	if (ret)
		adeos_portal_unbind(PORTAL_VNET);
	return ret;
}

/* On return, only vnet_kick() still looks at interfaces. */
static void unbind_portals(void)
{
	adeos_portal_unbind(PORTAL_VNET);
	adeos_portal_unbind(PORTAL_VNET_HELLO);
	irq_work_sync(&greet_work);
}

static int __init vnet_init(void)
{
	int ret;

	vnet_ring_size = ring_kib << 10;
	if (!is_power_of_2(ring_kib) || vnet_ring_size < WIRE_RING_MIN ||
	    vnet_ring_size > WIRE_RING_MAX) {
		pr_err("vnet: ring_kib: a power of two, %u to %u\n", WIRE_RING_MIN >> 10,
		       WIRE_RING_MAX >> 10);
		return -EINVAL;
	}
	vnet_wq = alloc_workqueue("vnet", WQ_UNBOUND, 0);
	if (!vnet_wq)
		return -ENOMEM;
	ret = bind_portals();
	if (ret)
		goto destroy_wq;
	ret = rtnl_link_register(&vnet_link_ops);
	if (ret)
		goto unbind;
	ret = create_interfaces();
	if (!ret)
		return 0;
	remove_interfaces();
unbind:
	unbind_portals();
destroy_wq:
	destroy_vnet_wq();
	return ret;
}
module_init(vnet_init);

static void __exit vnet_exit(void)
{
	remove_interfaces();
	unbind_portals();
	destroy_vnet_wq();
}
module_exit(vnet_exit);

MODULE_DESCRIPTION("Virtual Ethernet between vnodes");
MODULE_ALIAS_RTNL_LINK("vnet");
MODULE_LICENSE("GPL");
