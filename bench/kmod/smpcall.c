// SPDX-License-Identifier: GPL-2.0
/*
 * The time of a waiting smp_call_function_single(), from one CPU to another that sleeps,
 * that is just idle, and that is busy.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/smp.h>

#include "best.h"

static unsigned int other;
static bool is_busy;

static void nothing(void *info)
{
}

static int call(void)
{
	return smp_call_function_single(other, nothing, NULL, true);
}

static int busy(void *data)
{
	WRITE_ONCE(is_busy, true);
	while (!kthread_should_stop())
		mdelay(1);
	return 0;
}

static int __init smpcall_init(void)
{
	struct task_struct *task;

	/* The process that loads this has bound itself to this CPU. */
	other = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	pr_info("bench: call_asleep %llu ns\n", best_ns(call, BEST_REST));
	pr_info("bench: call_idle %llu ns\n", best_ns(call, 0));

	task = kthread_run_on_cpu(busy, NULL, other, "bench/%u");
	if (IS_ERR(task))
		return PTR_ERR(task);
	while (!READ_ONCE(is_busy))
		msleep(20);
	pr_info("bench: call_busy %llu ns\n", best_ns(call, 0));
	kthread_stop(task);
	return 0;
}
module_init(smpcall_init);

static void __exit smpcall_exit(void)
{
}
module_exit(smpcall_exit);

MODULE_DESCRIPTION("Benchmark of cross-calls");
MODULE_LICENSE("GPL");
