// SPDX-License-Identifier: GPL-2.0
/*
 * The virtual Ethernet between vnodes (paper: "Network device"): its interfaces,
 * and what happens when a portal is rung.  docs/vnet.md is its specification.
 */
#include <linux/ctype.h>
#include <linux/irq_work.h>
#include <linux/jhash.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../portals.h"
#include "vnet.h"

static char *networks = "Ethernet";
module_param(networks, charp, 0444);
MODULE_PARM_DESC(networks, "names of networks, with commas between");

static unsigned int ring_kib = 512;
module_param(ring_kib, uint, 0444);
MODULE_PARM_DESC(ring_kib, "KiB of memory for each receive queue, a power of two");

unsigned int vnet_ring_size;	/* bytes */

static char *names;	/* a copy of @networks, with zeros between */
static struct vnet *vnets[VNET_NETWORKS];
static unsigned int nr_vnets;

/* Has a queue polled on its CPU.  Hard interrupt context. */
static void schedule_queue(struct vnet_queue *q)
{
	if (q->cpu == smp_processor_id() || !cpu_online(q->cpu))
		napi_schedule(&q->napi);
	else
		/* -EBUSY: it is on its way there, and will look later than this. */
		smp_call_function_single_async(q->cpu, &q->kick);
}

static void queue_kicked(void *napi)
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
	/* Acquire: pairs with add_interface(). */
	unsigned int i, nr = smp_load_acquire(&nr_vnets);

	for (i = 0; i < nr; i++)
		kick_interface(vnets[i]);
}

static DEFINE_IRQ_WORK(kick_work, kicked);

/**
 * vnet_kick() - have all interfaces look for frames, and for room for frames
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
	/* Acquire: pairs with add_interface(). */
	unsigned int i, nr = smp_load_acquire(&nr_vnets);

	/* The greeter's area is there; one that is still down will see it in vnet_join(). */
	smp_mb();
	for (i = 0; i < nr; i++)
		if (READ_ONCE(vnets[i]->up))
			mod_delayed_work(system_wq, &vnets[i]->work, 0);
}

static DEFINE_IRQ_WORK(greet_work, greeted);

/* As in an NMI */
static void hello(unsigned int portal, u64 from, void *cookie)
{
	irq_work_queue(&greet_work);
}

static int vnet_open(struct net_device *dev)
{
	struct vnet *vn = netdev_priv(dev);
	struct vnet_queue *q;
	int ret;
	u32 i;

	vn->life = get_random_u32() & (WIRE_LIFE >> 8);
	for (i = 0; i < vn->nr_queues; i++) {
		q = &vn->queue[i];
		ret = vnet_rx_start(q);
		if (ret)
			goto undo;
		vnet_tx_start(q);
	}
	netif_tx_start_all_queues(dev);
	ret = vnet_join(vn);
	if (!ret)
		return 0;
undo:
	while (i--) {
		vnet_rx_stop(&vn->queue[i]);
		vnet_tx_stop(&vn->queue[i]);
	}
	return ret;
}

/* The stack has seen to it that nothing transmits any more. */
static int vnet_stop(struct net_device *dev)
{
	struct vnet *vn = netdev_priv(dev);
	u32 i;

	mutex_lock(&vn->lock);
	WRITE_ONCE(vn->up, false);
	WRITE_ONCE(vn->running, false);
	mutex_unlock(&vn->lock);
	irq_work_sync(&kick_work);
	irq_work_sync(&greet_work);
	for (i = 0; i < vn->nr_queues; i++) {
		vnet_rx_stop(&vn->queue[i]);
		vnet_tx_stop(&vn->queue[i]);
	}
	vnet_part(vn);
	/* It does nothing any more; now nobody is left, either, who could queue it. */
	cancel_delayed_work_sync(&vn->work);
	return 0;
}

/* What others send to groups comes in any case; without this, nobody could join one by hand. */
static void vnet_set_rx_mode(struct net_device *dev)
{
}

static const struct net_device_ops vnet_netdev_ops = {
	.ndo_open		= vnet_open,
	.ndo_stop		= vnet_stop,
	.ndo_start_xmit		= vnet_xmit,
	.ndo_set_rx_mode	= vnet_set_rx_mode,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_set_mac_address	= eth_mac_addr,
};

/* Locally administered, and always the same */
static void make_address(struct vnet *vn)
{
	u32 hash = jhash(vn->name, strlen(vn->name), 0);
	u8 mac[ETH_ALEN] = { 0x02, 0x76, hash >> 8, hash, 0, vn->id };

	eth_hw_addr_set(vn->dev, mac);
}

static void set_features(struct net_device *dev)
{
	dev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | NETIF_F_TSO |
			   NETIF_F_TSO6 | NETIF_F_TSO_ECN | NETIF_F_GSO_UDP_L4;
	dev->features = dev->hw_features | NETIF_F_HIGHDMA | NETIF_F_RXCSUM;
	dev->vlan_features = dev->features;
	dev->hw_enc_features = dev->features;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	dev->priv_flags |= IFF_UNICAST_FLT;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
}

static void init_queues(struct vnet *vn)
{
	struct vnet_queue *q;
	int cpu = -1;
	u32 i;

	for (i = 0; i < vn->nr_queues; i++) {
		q = &vn->queue[i];
		q->vn = vn;
		q->index = i;
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		q->cpu = cpu;
		INIT_CSD(&q->kick, queue_kicked, &q->napi);
		netif_napi_add(vn->dev, &q->napi, vnet_poll);
	}
}

/* Portals are bound already: kicked() and greeted() may look at any time. */
static void add_interface(struct vnet *vn)
{
	vnets[nr_vnets] = vn;
	smp_store_release(&nr_vnets, nr_vnets + 1);	/* pairs with both */
}

/* On return, only the caller has the last @nr of them. */
static void remove_interfaces(unsigned int nr)
{
	WRITE_ONCE(nr_vnets, nr_vnets - nr);
	irq_work_sync(&kick_work);
	irq_work_sync(&greet_work);
	/* A kick that is on its way to another CPU comes before this, or with it. */
	kick_all_cpus_sync();
	synchronize_rcu();
}

static int create_interface(const char *name)
{
	u32 i, nr = min_t(u32, num_online_cpus(), VNET_QUEUES);
	struct net_device *dev;
	struct vnet *vn;
	int ret;

	for (i = 0; i < nr_vnets; i++)
		if (!strcmp(vnets[i]->name, name))
			return -ENOTUNIQ;	/* modprobe takes EEXIST for success */
	if (nr_vnets == VNET_NETWORKS)
		return -ENOSPC;
	dev = alloc_netdev_mqs(sizeof(*vn), "vnet%d", NET_NAME_ENUM, ether_setup, nr, nr);
	if (!dev)
		return -ENOMEM;
	vn = netdev_priv(dev);
	vn->dev = dev;
	vn->name = name;
	vn->id = adeos_vnode_id();
	vn->nr_queues = nr;
	mutex_init(&vn->lock);
	mutex_init(&vn->map_lock);
	seqlock_init(&vn->learned_lock);
	INIT_DELAYED_WORK(&vn->work, vnet_look_around);
	init_queues(vn);
	make_address(vn);
	set_features(dev);
	dev->netdev_ops = &vnet_netdev_ops;
	dev->ethtool_ops = &vnet_ethtool_ops;
	netif_carrier_off(dev);
	/* Before it is registered: somebody may bring it up at once. */
	add_interface(vn);
	ret = register_netdev(dev);
	if (ret) {
		remove_interfaces(1);
		free_netdev(dev);
	}
	return ret;
}

static void destroy_interfaces(void)
{
	unsigned int i, nr = nr_vnets;

	for (i = nr; i--;)
		unregister_netdev(vnets[i]->dev);
	remove_interfaces(nr);
	while (nr)
		free_netdev(vnets[--nr]->dev);
	kfree(names);
}

/* An area bears the network's name; there are programs' bridges and consoles beside it. */
static int check_name(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (!isascii(*c) || !isgraph(*c) || *c == '/')
			return -EINVAL;
	if (c == name || c - name > VNET_NAME || *name == '@' || str_has_prefix(name, "console"))
		return -EINVAL;
	return 0;
}

static int create_interfaces(void)
{
	char *rest, *name;
	int ret;

	names = kstrdup(networks, GFP_KERNEL);
	if (!names)
		return -ENOMEM;
	rest = names;
	while ((name = strsep(&rest, ","))) {
		ret = check_name(name);
		if (ret) {
			pr_err("vnet: networks: \"%s\": expected 1 to %u characters without blanks and '/', not '@...', not 'console...'\n",
			       name, VNET_NAME);
			return ret;
		}
		ret = create_interface(name);
		if (ret) {
			pr_err("vnet: network \"%s\": %pe\n", name, ERR_PTR(ret));
			return ret;
		}
	}
	return 0;
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
	ret = adeos_portal_bind(PORTAL_VNET, rung, NULL);
	if (ret)
		return ret;
	ret = adeos_portal_bind(PORTAL_VNET_HELLO, hello, NULL);
	if (ret)
		goto unbind;
	ret = create_interfaces();
	if (!ret)
		return 0;
	adeos_portal_unbind(PORTAL_VNET_HELLO);
unbind:
	adeos_portal_unbind(PORTAL_VNET);
	destroy_interfaces();
	return ret;
}
module_init(vnet_init);

static void __exit vnet_exit(void)
{
	adeos_portal_unbind(PORTAL_VNET);
	adeos_portal_unbind(PORTAL_VNET_HELLO);
	destroy_interfaces();
}
module_exit(vnet_exit);

MODULE_DESCRIPTION("Virtual Ethernet between vnodes");
MODULE_LICENSE("GPL");
