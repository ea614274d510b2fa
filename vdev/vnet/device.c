// SPDX-License-Identifier: GPL-2.0
/*
 * An interface as a network device.  All of this runs under RTNL, so it must not wait for
 * the root or for a peer.
 */
#include <linux/ethtool.h>
#include <linux/jhash.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>

#include "vnet.h"

LIST_HEAD(vnet_interfaces);

/* Devices that were removed, but whose areas have not ended yet */
static atomic_t nr_ending = ATOMIC_INIT(0);

static int vnet_open(struct net_device *dev)
{
	struct vnet *vn = netdev_priv(dev);
	struct vnet_queue *q;
	int ret;
	u32 i;

	for (i = 0; i < vn->nr_queues; i++) {
		q = &vn->queue[i];
		ret = vnet_rx_start(q);
		if (ret)
			goto undo;
		vnet_tx_start(q);
	}
	netif_tx_start_all_queues(dev);
	spin_lock(&vn->state_lock);
	WRITE_ONCE(vn->up, true);
	if (!++vn->session)
		vn->session = 1;
	spin_unlock(&vn->state_lock);
	mod_delayed_work(vnet_wq, &vn->work, 0);
	return 0;
undo:
	while (i--) {
		vnet_rx_stop(&vn->queue[i]);
		vnet_tx_stop(&vn->queue[i]);
	}
	return ret;
}

/* The stack has stopped all transmission. */
static int vnet_stop(struct net_device *dev)
{
	struct vnet *vn = netdev_priv(dev);
	u32 i;

	spin_lock(&vn->state_lock);
	WRITE_ONCE(vn->up, false);
	spin_unlock(&vn->state_lock);
	vnet_hide(vn, false);
	for (i = 0; i < vn->nr_queues; i++) {
		vnet_rx_stop(&vn->queue[i]);
		vnet_tx_stop(&vn->queue[i]);
	}
	/* The work item ends the area, and closes those of others. */
	mod_delayed_work(vnet_wq, &vn->work, 0);
	return 0;
}

/* Frames to groups arrive in any case; without this, nobody could join a group by hand. */
static void vnet_set_rx_mode(struct net_device *dev)
{
}

/* Portals are already bound, so a handler may look at the device at any time. */
static int vnet_init_device(struct net_device *dev)
{
	struct vnet *other, *vn = netdev_priv(dev);
	int nr = atomic_read(&nr_ending);

	list_for_each_entry(other, &vnet_interfaces, list) {
		if (!strcmp(other->name, vn->name))
			return -ENOTUNIQ;	/* modprobe treats EEXIST as success */
		nr++;
	}
	if (nr >= VNET_NETWORKS)
		return -ENOSPC;
	list_add_rcu(&vn->list, &vnet_interfaces);
	return 0;
}

static void vnet_uninit_device(struct net_device *dev)
{
	struct vnet *vn = netdev_priv(dev);

	list_del_rcu(&vn->list);
}

static const struct net_device_ops vnet_netdev_ops = {
	.ndo_init		= vnet_init_device,
	.ndo_uninit		= vnet_uninit_device,
	.ndo_open		= vnet_open,
	.ndo_stop		= vnet_stop,
	.ndo_start_xmit		= vnet_xmit,
	.ndo_set_rx_mode	= vnet_set_rx_mode,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_set_mac_address	= eth_mac_addr,
};

/* The device was removed, except its memory. Here it no longer waits for the root. */
static void end_interface(struct work_struct *work)
{
	struct vnet *vn = container_of(work, struct vnet, end);

	/* It is disabled already, but may be running. */
	disable_delayed_work_sync(&vn->work);
	vnet_part(vn, true);
	/* A kick that is under way to another CPU arrives before this, or with it. */
	kick_all_cpus_sync();
	free_netdev(vn->dev);
	atomic_dec(&nr_ending);
}

/* Instead of free_netdev(), so that unregistering and the end of a namespace do not wait. */
static void free_interface(struct net_device *dev)
{
	struct vnet *vn = netdev_priv(dev);

	atomic_inc(&nr_ending);
	/* Nothing queues it any more, as destroy_workqueue() requires. */
	disable_delayed_work(&vn->work);
	queue_work(vnet_wq, &vn->end);
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
		INIT_CSD(&q->kick, vnet_queue_kicked, &q->napi);
		netif_napi_add(vn->dev, &q->napi, vnet_poll);
	}
}

/* Locally administered, and always the same */
static void make_address(struct vnet *vn)
{
	u32 hash = jhash(vn->name, strlen(vn->name), 0);
	u8 mac[ETH_ALEN] = { 0x02, 0x76, hash >> 8, hash, 0, vn->id };

	eth_hw_addr_set(vn->dev, mac);
}

/**
 * vnet_setup() - make a network device one of these
 * @dev: allocated for a struct vnet
 *
 * Context: process.
 */
void vnet_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | NETIF_F_TSO |
			   NETIF_F_TSO6 | NETIF_F_TSO_ECN | NETIF_F_GSO_UDP_L4;
	dev->features = dev->hw_features | NETIF_F_HIGHDMA | NETIF_F_RXCSUM;
	dev->vlan_features = dev->features;
	dev->hw_enc_features = dev->features;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	dev->priv_flags |= IFF_UNICAST_FLT;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	dev->netdev_ops = &vnet_netdev_ops;
	dev->ethtool_ops = &vnet_ethtool_ops;
}

/**
 * vnet_register() - register an interface in a network
 * @dev: set up by vnet_setup(), with a name of its own, or a pattern for one
 * @name: of the network, checked
 *
 * Context: process, RTNL held.
 * Return: 0; -ENOTUNIQ if this vnode already has one in that network; -ENOSPC if it has too
 * many; negative errno.  On error, the caller frees @dev.
 */
int vnet_register(struct net_device *dev, const char *name)
{
	struct vnet *vn = netdev_priv(dev);
	int ret;

	vn->dev = dev;
	strscpy(vn->name, name, sizeof(vn->name));
	vn->id = adeos_vnode_id();
	vn->speed = SPEED_10000;
	vn->duplex = DUPLEX_FULL;
	vn->looked = jiffies;
	vn->nr_queues = min3(dev->num_tx_queues, dev->num_rx_queues, (unsigned int)VNET_QUEUES);
	spin_lock_init(&vn->state_lock);
	mutex_init(&vn->map_lock);
	seqlock_init(&vn->learned_lock);
	INIT_DELAYED_WORK(&vn->work, vnet_look_around);
	INIT_WORK(&vn->end, end_interface);
	init_queues(vn);
	if (dev->addr_assign_type != NET_ADDR_SET)
		make_address(vn);
	ret = netif_set_real_num_queues(dev, vn->nr_queues, vn->nr_queues);
	if (ret)
		return ret;
	netif_carrier_off(dev);
	ret = register_netdevice(dev);
	if (ret)
		return ret;
	/* Not earlier, because register_netdevice() also calls it if it fails. */
	dev->priv_destructor = free_interface;
	/* Only a label, for people. */
	dev_set_alias(dev, vn->name, strlen(vn->name));
	return 0;
}
