// SPDX-License-Identifier: GPL-2.0
/* What all parts of the nanokernel share; see core.h. */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/sprintf.h>

#include "core.h"

DEFINE_MUTEX(adeos_lock);	/* core.h */
struct kobject *adeos_kobj;
static struct commons *commons;

/**
 * adeos_commons() - the memory that all vnodes share
 *
 * Context: any.
 * Return: where it is mapped, or NULL if this kernel has none.
 */
noinstr struct commons *adeos_commons(void)
{
	return READ_ONCE(commons);
}

/**
 * adeos_set_commons() - tell where that memory is mapped
 * @c: the address, or NULL
 *
 * Context: process, while the kernel boots.
 */
void adeos_set_commons(struct commons *c)
{
	WRITE_ONCE(commons, c);
}

/**
 * adeos_fail() - say what was wrong
 * @err: where to say it, or NULL
 * @code: negative errno
 * @fmt: one line, printf style, without newline
 *
 * Context: any.
 * Return: @code.
 */
int adeos_fail(struct adeos_error *err, int code, const char *fmt, ...)
{
	va_list args;

	if (err) {
		va_start(args, fmt);
		vscnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
	}
	return code;
}
EXPORT_SYMBOL_GPL(adeos_fail);

static int __init adeos_sysfs_top(void)
{
	adeos_kobj = kobject_create_and_add("adeos", kernel_kobj);
	return adeos_kobj ? 0 : -ENOMEM;
}
core_initcall(adeos_sysfs_top);
