// SPDX-License-Identifier: GPL-2.0
/*
 * A vnode's side of its relation to the root: it says that it lives, and shuts
 * down when it is asked to.
 */
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <asm/irq.h>

#include "arch.h"
#include "clock.h"
#include "core.h"
#include "report.h"
#include "vnode.h"

static void report_look(void)
{
	static atomic_t stopping;

	if (READ_ONCE(adeos_own_slot->page.request) == ADEOS_REQUEST_STOP &&
	    !atomic_xchg(&stopping, 1))
		orderly_poweroff(true);
}

/* Also looks, because a doorbell for a CPU that is offline is lost. */
static void report_beat(struct timer_list *t)
{
	struct adeos_page *page = &adeos_own_slot->page;

	WRITE_ONCE(page->heartbeat, page->heartbeat + 1);
	report_look();
	mod_timer(t, jiffies + HZ);
}

static DEFINE_TIMER(heartbeat, report_beat);

/* How often it says what it has counted, and follows the root's clock */
#define TICK	(HZ / 4)

static void report_tick(struct work_struct *work);
static DECLARE_DELAYED_WORK(tick_work, report_tick);

static void report_tick(struct work_struct *work)
{
	static struct adeos_counters counted;

	mutex_lock(&adeos_lock);
	adeos_counters_collect(&counted);
	mutex_unlock(&adeos_lock);
	/* Not in place: the root may read it at any time. */
	memcpy(&adeos_own_slot->counters, &counted, sizeof(counted));
	adeos_clock_follow();
	queue_delayed_work(system_highpri_wq, &tick_work, TICK);
}

/**
 * adeos_report_init() - prepare for doorbells
 *
 * Context: __init, in setup_arch().
 */
void __init adeos_report_init(void)
{
	x86_platform_ipi_callback = report_look;
}

/* What options of Linux's have taken from the vnode is told, as nobody else would. */
static void __init report_unused(const struct adeos_page *page)
{
	u64 memory = (u64)get_num_physpages() << PAGE_SHIFT;
	u64 size = adeos_extents_size(page->extent);

	if (num_online_cpus() < page->nr_cpus)
		pr_warn("adeos: Linux uses %u of this vnode's %u CPUs: look for nosmp, maxcpus=, nr_cpus= and possible_cpus= in its command line\n",
			num_online_cpus(), page->nr_cpus);
	if (memory + SZ_2M < size)
		pr_warn("adeos: Linux uses %lluM of this vnode's %lluM of memory: look for mem=, memmap= and highmem= in its command line\n",
			memory / SZ_1M, size / SZ_1M);
}

static int __init report_up(void)
{
	struct adeos_page *page;

	if (!adeos_is_vnode())
		return 0;
	page = &adeos_own_slot->page;
	report_unused(page);
	mod_timer(&heartbeat, jiffies + HZ);
	queue_delayed_work(system_highpri_wq, &tick_work, 0);
	WRITE_ONCE(page->report, ADEOS_REPORT_UP);
	adeos_doorbell_ring(page->root_apic_id);
	return 0;
}
late_initcall(report_up);
