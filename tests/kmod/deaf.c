// SPDX-License-Identifier: GPL-2.0
/*
 * While this is loaded in the root, no CPU that INIT resets answers from the parking page,
 * as if it were broken: the page only halts CPUs.
 *
 * The page is below 1 MiB; it is recognized by the jump and the table of descriptors at its
 * beginning.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "../../adeos/x86/park.h"

static u8 *page;
static u8 saved[4];

static const u8 stay[4] = { 0xfa, 0xf4, 0xeb, 0xfd };	/* cli; 1: hlt; jmp 1b */

static bool is_parking_page(const u8 *p)
{
	return p[0] == 0xeb && *(const u32 *)(p + PARK_IDT_BASE) == __pa(p) + PARK_IDT &&
	       *(const u32 *)(p + PARK_GDT_BASE) == __pa(p) + PARK_GDT;
}

static int __init deaf_init(void)
{
	u8 *p;

	for (p = __va(PAGE_SIZE); p < (u8 *)__va(SZ_1M - SZ_256K); p += PAGE_SIZE) {
		if (!is_parking_page(p))
			continue;
		page = p;
		memcpy(saved, page, sizeof(saved));
		memcpy(page, stay, sizeof(stay));
		pr_info("adeos: deaf: no CPU answers\n");
		return 0;
	}
	return -ENODEV;
}
module_init(deaf_init);

static void __exit deaf_exit(void)
{
	memcpy(page, saved, sizeof(saved));
}
module_exit(deaf_exit);

MODULE_DESCRIPTION("Keeps CPUs from answering an INIT");
MODULE_LICENSE("GPL");
