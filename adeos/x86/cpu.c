// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUs of other vnodes, as the root sees them: APIC IDs that INIT resets,
 * whatever they were doing, and that SIPI sends to a page below 1 MiB.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/string.h>

#include <asm/apic.h>
#include <asm/fixmap.h>
#include <asm/tsc.h>

#include "arch.h"

/* Emulated CPUs take their time when the host has fewer. */
#define ANSWER_TIMEOUT	(30 * HZ)

static void icr_send(u32 apic_id, u32 low)
{
	unsigned long flags;

	local_irq_save(flags);
	apic_icr_write(low, apic_id);
	safe_apic_wait_icr_idle();
	local_irq_restore(flags);
}

static u8 *low_page(unsigned int n)
{
	return __va(adeos_low_pages + n * PAGE_SIZE);
}

/**
 * adeos_cpu_park() - take CPUs away from whatever they run
 * @apic_ids: the CPUs
 * @nr: how many
 *
 * A CPU is not parked because an INIT was sent, but because it answers from
 * the nanokernel's own page: only then can its memory be given to others.
 *
 * Context: process, may sleep; callers exclude each other.
 * Return: 0, or -ETIMEDOUT if one did not answer.
 */
int adeos_cpu_park(const u32 *apic_ids, unsigned int nr)
{
	unsigned long end = jiffies + ANSWER_TIMEOUT;
	u8 *page = low_page(0);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		WRITE_ONCE(page[256 + apic_ids[i]], 0);
		icr_send(apic_ids[i], APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT);
	}
	usleep_range(10000, 11000);
	for (i = 0; i < nr; i++) {
		icr_send(apic_ids[i], APIC_INT_LEVELTRIG | APIC_DM_INIT);
		icr_send(apic_ids[i], APIC_DM_STARTUP | adeos_low_pages >> PAGE_SHIFT);
	}
	for (i = 0; i < nr; i++) {
		while (!READ_ONCE(page[256 + apic_ids[i]])) {
			if (time_after(jiffies, end)) {
				pr_err("adeos: CPU %u does not answer an INIT\n",
				       apic_ids[i]);
				return -ETIMEDOUT;
			}
			/* The second SIPI of the book; ignored if not needed. */
			usleep_range(1000, 2000);
			icr_send(apic_ids[i],
				 APIC_DM_STARTUP | adeos_low_pages >> PAGE_SHIFT);
		}
	}
	return 0;
}

/**
 * adeos_cpu_start() - let an image start its own first CPU
 * @apic_id: the CPU
 * @page: number of the page below 1 MiB that is lent to the vnode
 * @startup: the image's startup_32, mapped executable
 * @start: its physical address
 * @boot_params: physical address of its struct boot_params
 *
 * Context: process, may sleep.
 * Return: 0, or -ETIMEDOUT if the CPU did not answer.
 */
int adeos_cpu_start(u32 apic_id, unsigned int page, void *startup, u32 start,
		    u32 boot_params)
{
	int (*startup_32)(const struct adeos_startup *s) = startup;
	unsigned long end = jiffies + ANSWER_TIMEOUT;
	struct adeos_startup s = {
		.trampoline = low_page(page),
		.trampoline_phys = adeos_low_pages + page * PAGE_SIZE,
		.apic = (u8 __iomem *)fix_to_virt(FIX_APIC_BASE),
		.apic_id = apic_id,
		.start = start,
		.boot_params = boot_params,
		.tsc_khz = tsc_khz,
	};
	int ret;

	preempt_disable();
	ret = startup_32(&s);
	preempt_enable();

	while (ret && !READ_ONCE(*(u32 *)(s.trampoline + TRAMP_REACHED))) {
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		usleep_range(1000, 2000);
	}
	return 0;
}
