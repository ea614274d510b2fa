/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all parts of the nanokernel share: one lock, one way to say what was
 * wrong, the memory in which the vnodes talk, and the folder in sysfs.
 */
#ifndef _ADEOS_CORE_H
#define _ADEOS_CORE_H

#include <linux/adeos.h>
#include <linux/kobject.h>
#include <linux/mutex.h>

struct commons;

/*
 * Protects the pools, the vnodes, and this kernel's half of the sharing
 * protocol.  It is never held while another vnode, or a CPU of one, is awaited.
 */
extern struct mutex adeos_lock;

/* /sys/kernel/adeos */
extern struct kobject *adeos_kobj;

struct commons *adeos_commons(void);
void adeos_set_commons(struct commons *c);

#endif /* _ADEOS_CORE_H */
