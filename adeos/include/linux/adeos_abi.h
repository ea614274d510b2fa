/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The number of the ABI, and the limits that are part of it: plain numbers, for the
 * kernel, assembly, and programs.  Nothing else defines them.
 */
#ifndef _LINUX_ADEOS_ABI_H
#define _LINUX_ADEOS_ABI_H

/*
 * What root and vnode must agree on: the vnode page, the commons and the messages.  An
 * image tells it by an ELF note; it has 8 bits in a message.
 */
#define ADEOS_ABI		6

#define ADEOS_MAX_VNODES	64	/* IDs 0 (the root) to 63 */
#define ADEOS_MAX_CPUS		255	/* of the machine: an ID of an xAPIC has 8 bits */
#define ADEOS_PORTALS		32	/* of each vnode */
#define ADEOS_BRIDGES		1024	/* in the machine, a power of two */

#endif /* _LINUX_ADEOS_ABI_H */
