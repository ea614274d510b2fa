// SPDX-License-Identifier: GPL-2.0
/* How long smp_call_function_single() takes that waits, from one CPU to another. */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/smp.h>

static unsigned int rounds = 5000;
module_param(rounds, uint, 0444);

static void nothing(void *info)
{
}

static void measure(void)
{
	unsigned int i, other = cpumask_any_but(cpu_online_mask, smp_processor_id());
	u64 start;

	for (i = 0; i < rounds / 10; i++)
		smp_call_function_single(other, nothing, NULL, true);
	start = ktime_get_ns();
	for (i = 0; i < rounds; i++)
		smp_call_function_single(other, nothing, NULL, true);
	pr_info("bench: call %llu ns\n", div_u64(ktime_get_ns() - start, rounds));
}

static int __init smpcall_init(void)
{
	preempt_disable();
	measure();
	preempt_enable();
	return 0;
}
module_init(smpcall_init);

MODULE_DESCRIPTION("Benchmark of cross-calls");
MODULE_LICENSE("GPL");
