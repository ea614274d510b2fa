/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Portals of the virtual devices.  A portal has the same meaning in all vnodes.  The
 * nanokernel uses 0 and 1, tests use 16 and above.
 */
#ifndef _VDEV_PORTALS_H
#define _VDEV_PORTALS_H

#define PORTAL_VCON		2	/* streams have moved, or a window has changed */
#define PORTAL_VNET		3	/* frames, or room for frames */
#define PORTAL_VNET_HELLO	4	/* the ringer's interface has come up */
#define PORTAL_VBRIDGE		5	/* a program has rung a bridge */

#endif /* _VDEV_PORTALS_H */
