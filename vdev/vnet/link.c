// SPDX-License-Identifier: GPL-2.0
/*
 * How interfaces are made and removed: from the module's parameter, or by ip(8).
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/rtnetlink.h>
#include <net/rtnetlink.h>

#include "link.h"
#include "vnet.h"

#define DEFAULT_NETWORK	"Ethernet"

#define NAME_RULE "expected 1 to 31 characters without blanks, ',' and '/', not '@...', not 'console...'"

static_assert(VNET_NAME == 31);	/* as it says */

/*
 * An area has the network's name, which must differ from names of programs' bridges and
 * consoles.
 */
static int check_name(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (!isascii(*c) || !isgraph(*c) || *c == '/' || *c == ',')
			return -EINVAL;
	if (c == name || c - name > VNET_NAME || *name == '@' || str_has_prefix(name, "console"))
		return -EINVAL;
	return 0;
}

static unsigned int nr_queues(void)
{
	return min_t(unsigned int, num_online_cpus(), VNET_QUEUES);
}

static const struct nla_policy policy[IFLA_VNET_MAX + 1] = {
	[IFLA_VNET_NETWORK] = { .type = NLA_NUL_STRING, .len = VNET_NAME },
};

static int validate(struct nlattr *tb[], struct nlattr *data[], struct netlink_ext_ack *extack)
{
	struct nlattr *address = tb[IFLA_ADDRESS];

	if (!address || (nla_len(address) == ETH_ALEN && is_valid_ether_addr(nla_data(address))))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, address, "expected an Ethernet address of one station");
	return -EADDRNOTAVAIL;
}

/*
 * Which network?  In this order: the attribute; the alias, which ip(8) can set for any kind
 * of link; the link's own name; the default.
 */
static int find_name(char name[VNET_NAME + 1], struct nlattr *tb[], struct nlattr *data[])
{
	struct nlattr *said = data ? data[IFLA_VNET_NETWORK] : NULL;

	said = said ?: tb[IFLA_IFALIAS] ?: tb[IFLA_IFNAME];
	if (!said)
		return strscpy(name, DEFAULT_NETWORK, VNET_NAME + 1);
	return nla_strscpy(name, said, VNET_NAME + 1);
}

static int newlink(struct net *net, struct net_device *dev, struct nlattr *tb[],
		   struct nlattr *data[], struct netlink_ext_ack *extack)
{
	char name[VNET_NAME + 1];
	int ret;

	/* Networks belong to the machine, so rights in a namespace are not enough. */
	if (!capable(CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(extack, "networks of vnodes are for the vnode's administrator");
		return -EPERM;
	}
	if (find_name(name, tb, data) < 0 || check_name(name)) {
		NL_SET_ERR_MSG(extack, "name of the network: " NAME_RULE);
		return -EINVAL;
	}
	ret = vnet_register(dev, name);
	if (ret == -ENOTUNIQ)
		NL_SET_ERR_MSG(extack, "this vnode has an interface in that network");
	else if (ret == -ENOSPC)
		NL_SET_ERR_MSG(extack, "this vnode has as many interfaces as it may");
	return ret;
}

static void dellink(struct net_device *dev, struct list_head *head)
{
	unregister_netdevice_queue(dev, head);
}

static size_t get_size(const struct net_device *dev)
{
	return nla_total_size(VNET_NAME + 1);	/* IFLA_VNET_NETWORK */
}

static int fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct vnet *vn = netdev_priv(dev);

	return nla_put_string(skb, IFLA_VNET_NETWORK, vn->name);
}

struct rtnl_link_ops vnet_link_ops = {
	.kind			= "vnet",
	.priv_size		= sizeof(struct vnet),
	.setup			= vnet_setup,
	.maxtype		= IFLA_VNET_MAX,
	.policy			= policy,
	.validate		= validate,
	.newlink		= newlink,
	.dellink		= dellink,
	.get_size		= get_size,
	.fill_info		= fill_info,
	.get_num_tx_queues	= nr_queues,
	.get_num_rx_queues	= nr_queues,
};

/*
 * For the links that the module's parameter makes; never registered.  Such links belong to
 * the machine, and return to the first namespace when the namespace ends that somebody has
 * moved them to.
 */
static struct rtnl_link_ops own_link_ops = {
	.kind			= "vnet",
	.netns_refund		= true,
	.maxtype		= IFLA_VNET_MAX,
	.dellink		= dellink,
	.get_size		= get_size,
	.fill_info		= fill_info,
};

/**
 * vnet_create() - make an interface in a network, for the module's parameter
 * @name: of the network
 *
 * Context: process; takes RTNL.
 * Return: 0 or negative errno, with a message.
 */
int vnet_create(const char *name)
{
	struct net_device *dev;
	int ret = check_name(name);

	if (ret) {
		pr_err("vnet: networks: \"%s\": " NAME_RULE "\n", name);
		return ret;
	}
	dev = alloc_netdev_mqs(sizeof(struct vnet), "vnet%d", NET_NAME_ENUM, vnet_setup,
			       nr_queues(), nr_queues());
	if (!dev)
		return -ENOMEM;
	dev->rtnl_link_ops = &own_link_ops;
	rtnl_lock();
	ret = vnet_register(dev, name);
	rtnl_unlock();
	if (!ret)
		return 0;
	free_netdev(dev);
	pr_err("vnet: network \"%s\": %pe\n", name, ERR_PTR(ret));
	return ret;
}
