/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Portals of the virtual devices.  A portal is the same for all vnodes; 0 and 1
 * are the nanokernel's.
 */
#ifndef _VDEV_PORTALS_H
#define _VDEV_PORTALS_H

#define VCON_PORTAL	2
#define VNET_PORTAL	3

#endif /* _VDEV_PORTALS_H */
