// SPDX-License-Identifier: GPL-2.0
/*
 * Destroys another vnode's bridge, as only the root may.
 */
#include <linux/adeos.h>
#include <linux/err.h>
#include <linux/module.h>

static unsigned int vnode;
module_param(vnode, uint, 0444);
MODULE_PARM_DESC(vnode, "whose bridge it is");

static char *name = "";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "its name");

static void nothing(struct adeos_bridge *b, void *priv)
{
}

/* It may be of any kind. */
static const struct adeos_bridge_ops ops = {
	.freeze	= nothing,
	.thaw	= nothing,
	.gone	= nothing,
};

static int __init destroy_init(void)
{
	struct adeos_bridge *b = adeos_bridge_open(vnode, name, false, &ops, NULL);
	int ret = PTR_ERR_OR_ZERO(b);

	if (ret)
		return ret;
	ret = adeos_bridge_destroy(b);
	adeos_bridge_close(b);
	return ret;
}
module_init(destroy_init);

static void __exit destroy_exit(void)
{
}
module_exit(destroy_exit);

MODULE_DESCRIPTION("Destroys another vnode's bridge");
MODULE_LICENSE("GPL");
