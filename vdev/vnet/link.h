/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Attributes of a link of the kind "vnet", in IFLA_INFO_DATA. */
#ifndef _VNET_LINK_H
#define _VNET_LINK_H

enum {
	IFLA_VNET_UNSPEC,
	IFLA_VNET_NETWORK,	/* the network's name, a string that ends with 0 */
	__IFLA_VNET_MAX,
};

#define IFLA_VNET_MAX	(__IFLA_VNET_MAX - 1)

#endif /* _VNET_LINK_H */
