/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What modules say of a bridge, as it is in the commons, too.
 */
#ifndef _LINUX_ADEOS_BRIDGE_H
#define _LINUX_ADEOS_BRIDGE_H

#define ADEOS_GLOBAL		(~0u)		/* the scope of global names */
#define ADEOS_BRIDGE_MAX	(64UL << 20)	/* bytes in one */

/* How the root may move it, to make room for others */
#define ADEOS_BRIDGE_PINNED	0	/* not at all */
#define ADEOS_BRIDGE_MOVABLE	1	/* its users are frozen meanwhile */
#define ADEOS_BRIDGE_TRANSIENT	2	/* its users let go of it when they are told */
#define ADEOS_BRIDGE_READ_ONLY	4	/* for all but its owner */
#define ADEOS_BRIDGE_GLOBAL	8	/* its name is global, not the vnode's */
#define ADEOS_BRIDGE_MAY_MOVE	16	/* others may be moved to make room for it */

#endif /* _LINUX_ADEOS_BRIDGE_H */
