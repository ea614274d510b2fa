// SPDX-License-Identifier: GPL-2.0
/*
 * Spins for ever with interrupts enabled, so that no thread runs on this CPU any more.
 */
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/processor.h>

static bool over;	/* never */

static int __init spin_init(void)
{
	pr_info("adeos: spin: for ever\n");
	preempt_disable();
	while (!READ_ONCE(over))
		cpu_relax();
	preempt_enable();
	return 0;
}
module_init(spin_init);

MODULE_DESCRIPTION("Keeps a CPU for ever");
MODULE_LICENSE("GPL");
