// SPDX-License-Identifier: GPL-2.0
/* Collects what this kernel's CPUs have counted. */
#include <linux/cpumask.h>
#include <linux/string.h>

#include "arch.h"
#include "dsp/drive.h"
#include "irq/pipeline.h"
#include "irq/portal.h"
#include "proto/dsp.h"
#include "vnode.h"

static void add_up(u32 *to, const u32 *from, unsigned int nr)
{
	while (nr--)
		*to++ += READ_ONCE(*from++);
}

/**
 * adeos_counters_collect() - add up what all CPUs have counted
 * @to: where to store it
 *
 * Context: process, adeos_lock held.
 */
void adeos_counters_collect(struct adeos_counters *to)
{
	unsigned int cpu;

	memset(to, 0, sizeof(*to));
	for_each_possible_cpu(cpu) {
		add_up(to->received, per_cpu(adeos_received, cpu), IRQLOG_VECTORS);
		add_up(to->logged, per_cpu(adeos_logged, cpu), IRQLOG_VECTORS);
	}
	adeos_portals_count(to);
	adeos_bridges_count(to);
	to->lock_timeouts = adeos_shared_timeouts();
	to->dsp = adeos_node()->count;
}
