/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ADEOS_SYSFS_H
#define _ADEOS_SYSFS_H

#include <linux/kobject.h>

/* /sys/kernel/adeos, from postcore_initcall()s on */
extern struct kobject *adeos_kobj;

#endif /* _ADEOS_SYSFS_H */
