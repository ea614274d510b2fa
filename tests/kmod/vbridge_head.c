// SPDX-License-Identifier: GPL-2.0
/*
 * Bridges "head0" and up as programs make them, but with damaged first pages, except the
 * last one.
 */
#include <linux/adeos.h>
#include <linux/err.h>
#include <linux/module.h>

#include "../../vdev/vbridge/bridge.h"

/* Magic, version, bytes, flags, user, group, mode, vnode */
static const u32 heads[][8] = {
	{ VB_MAGIC, VB_VERSION + 1, PAGE_SIZE, 0, 0, 0, 0600, 0 },
	{ VB_MAGIC, VB_VERSION, 0, 0, 0, 0, 0600, 0 },
	{ VB_MAGIC, VB_VERSION, PAGE_SIZE + 1, 0, 0, 0, 0600, 0 },
	{ VB_MAGIC, VB_VERSION, U32_MAX, 0, 0, 0, 0600, 0 },
	{ VB_MAGIC, VB_VERSION, PAGE_SIZE, VBRIDGE_FLAGS + 1, 0, 0, 0600, 0 },
	{ VB_MAGIC, VB_VERSION, PAGE_SIZE, 0, -1, 0, 0600, 0 },
	{ VB_MAGIC, VB_VERSION, PAGE_SIZE, 0, 0, -1, 0600, 0 },
	{ VB_MAGIC, VB_VERSION, PAGE_SIZE, 0, 0, 0, 01600, 0 },
	{ VB_MAGIC, VB_VERSION, PAGE_SIZE, 0, 0, 0, 0600, ADEOS_MAX_VNODES },
	{ VB_MAGIC, VB_VERSION, PAGE_SIZE, 0, 0, 0, 0600, 0 },
};

static struct adeos_bridge *bridges[ARRAY_SIZE(heads)];

static void nothing(struct adeos_bridge *b, void *priv)
{
}

static const struct adeos_bridge_ops ops = {
	.freeze	= nothing,
	.thaw	= nothing,
	.gone	= nothing,
};

static void end(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bridges) && bridges[i]; i++) {
		adeos_bridge_destroy(bridges[i]);
		adeos_bridge_close(bridges[i]);
	}
}

static int __init head_init(void)
{
	char name[16];
	struct adeos_bridge_spec spec = {
		.name = name, .size = 2 * PAGE_SIZE, .allowed = ~0ULL,
		.flags = ADEOS_BRIDGE_PINNED,
	};
	struct adeos_bridge *b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(heads); i++) {
		snprintf(name, sizeof(name), "%chead%u", VB_PREFIX, i);
		b = adeos_bridge_make(&spec, &ops, NULL);
		if (IS_ERR(b)) {
			end();
			return PTR_ERR(b);
		}
		memcpy(adeos_bridge_addr(b), heads[i], sizeof(heads[i]));
		bridges[i] = b;
	}
	return 0;
}
module_init(head_init);

static void __exit head_exit(void)
{
	end();
}
module_exit(head_exit);

MODULE_DESCRIPTION("Programs' bridges with damaged first pages");
MODULE_LICENSE("GPL");
