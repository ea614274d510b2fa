// SPDX-License-Identifier: GPL-2.0
/* The operations for ethtool. */
#include <linux/ethtool.h>

#include "vnet.h"

static const char interface_names[][ETH_GSTRING_LEN] = {
	"peers", "recovered", "looks", "area_asked", "area_answered", "area_lost",
};

/* As in struct vnet_counts, then those of struct wire_sender */
static const char queue_names[][ETH_GSTRING_LEN] = {
	"rx_frames", "rx_bad", "rx_bad_meta", "rx_no_memory", "rx_sleeps", "tx_full", "tx_aside",
	"tx_late", "tx_unheard", "tx_bad", "tx_rings", "tx_collisions", "tx_deferred", "tx_passed",
};

#define COUNTS	(sizeof(struct vnet_counts) / sizeof(unsigned long))

static_assert(ARRAY_SIZE(queue_names) == COUNTS + 3);

static void get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct vnet *vn = netdev_priv(dev);

	strscpy(info->driver, "vnet", sizeof(info->driver));
	snprintf(info->bus_info, sizeof(info->bus_info), "%u:%s", vn->id, vn->name);
}

/*
 * No line has a speed, but bridges and bonds compare speeds, so there is a number that can
 * be set.
 */
static int get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *settings)
{
	struct vnet *vn = netdev_priv(dev);

	settings->base.speed = vn->speed;
	settings->base.duplex = vn->duplex;
	settings->base.port = PORT_OTHER;
	return 0;
}

static int set_link_ksettings(struct net_device *dev,
			      const struct ethtool_link_ksettings *settings)
{
	struct vnet *vn = netdev_priv(dev);

	return ethtool_virtdev_set_link_ksettings(dev, settings, &vn->speed, &vn->duplex);
}

static void get_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	struct vnet *vn = netdev_priv(dev);

	channels->max_combined = vn->nr_queues;
	channels->combined_count = vn->nr_queues;
}

static int get_sset_count(struct net_device *dev, int set)
{
	struct vnet *vn = netdev_priv(dev);

	if (set != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return ARRAY_SIZE(interface_names) + vn->nr_queues * ARRAY_SIZE(queue_names);
}

static void get_strings(struct net_device *dev, u32 set, u8 *data)
{
	struct vnet *vn = netdev_priv(dev);
	u32 i, j;

	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < ARRAY_SIZE(interface_names); i++)
		ethtool_puts(&data, interface_names[i]);
	for (i = 0; i < vn->nr_queues; i++)
		for (j = 0; j < ARRAY_SIZE(queue_names); j++)
			ethtool_sprintf(&data, "queue%u_%s", i, queue_names[j]);
}

static void get_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data)
{
	struct vnet *vn = netdev_priv(dev);
	const unsigned long *counts;
	struct vnet_queue *q;
	u32 i, j;

	*data++ = hweight64(vnet_members(vn));
	*data++ = READ_ONCE(vn->recovered);
	*data++ = READ_ONCE(vn->looks);
	*data++ = READ_ONCE(vn->asked);
	*data++ = READ_ONCE(vn->answered);
	*data++ = READ_ONCE(vn->losses);
	for (i = 0; i < vn->nr_queues; i++) {
		q = &vn->queue[i];
		counts = (const unsigned long *)&q->counts;
		for (j = 0; j < COUNTS; j++)
			*data++ = READ_ONCE(counts[j]);
		*data++ = READ_ONCE(q->sender.collisions);
		*data++ = READ_ONCE(q->sender.deferred);
		*data++ = READ_ONCE(q->sender.passed);
	}
}

const struct ethtool_ops vnet_ethtool_ops = {
	.get_drvinfo		= get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= get_link_ksettings,
	.set_link_ksettings	= set_link_ksettings,
	.get_channels		= get_channels,
	.get_sset_count		= get_sset_count,
	.get_strings		= get_strings,
	.get_ethtool_stats	= get_stats,
	.get_ts_info		= ethtool_op_get_ts_info,
};
