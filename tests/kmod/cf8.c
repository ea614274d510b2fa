// SPDX-License-Identifier: GPL-2.0
/*
 * The address register of PCI's configuration space, as a parameter. A test writes a mark
 * there; configuration cycles overwrite it.
 */
#include <linux/io.h>
#include <linux/module.h>

static int address_set(const char *val, const struct kernel_param *param)
{
	u32 address;
	int ret = kstrtou32(val, 0, &address);

	if (ret)
		return ret;
	outl(address, 0xcf8);
	return 0;
}

static int address_get(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%#x\n", inl(0xcf8));
}

static const struct kernel_param_ops address_ops = {
	.set = address_set,
	.get = address_get,
};

module_param_cb(address, &address_ops, NULL, 0600);

MODULE_DESCRIPTION("PCI's configuration address register");
MODULE_LICENSE("GPL");
