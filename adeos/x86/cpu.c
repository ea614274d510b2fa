// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUs of other vnodes, as the root sees them: APIC IDs that INIT resets,
 * whatever they were doing, and that SIPI sends to a page below 1 MiB.
 */
#include <linux/cpufeature.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/string.h>

#include <asm/apic.h>
#include <asm/fixmap.h>
#include <asm/tsc.h>

#include "park.h"
#include "x86.h"

/* Emulated CPUs take their time when the host has fewer. */
#define ANSWER_TIMEOUT	(30 * HZ)
#define ANSWER_TRIES	300	/* of a tenth of a second at least */

/**
 * adeos_refuse_kvm() - see to it that no CPU of this kernel enters VMX operation
 *
 * There INIT is blocked (SDM vol. 3, 24.8), by which CPUs are taken back from a
 * kernel that does not answer; SVM holds it back with its global interrupt flag
 * (APM vol. 2, 15.17).  Nor does the pipeline know anything of VM entry.
 *
 * Context: __init, before CPUs are identified.
 */
void __init adeos_refuse_kvm(void)
{
	if (boot_cpu_has(X86_FEATURE_VMX) || boot_cpu_has(X86_FEATURE_SVM))
		pr_info("adeos: KVM is refused: a CPU in a virtual machine could not be taken back\n");
	setup_clear_cpu_cap(X86_FEATURE_VMX);
	setup_clear_cpu_cap(X86_FEATURE_SVM);
}

/**
 * adeos_keep_locks() - keep the lock prefixes of atomic operations
 *
 * A kernel with one CPU takes them out; but others access what vnodes share.  The
 * command line's own option says that it must not.
 *
 * Context: __init, before alternatives are patched.
 */
void __init adeos_keep_locks(void)
{
	const struct obs_kernel_param *p;

	for (p = __setup_start; p < __setup_end; p++)
		if (!strcmp(p->str, "noreplace-smp"))
			p->setup_func("");
}

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

/* The parking page, as mapped. */
u8 *adeos_park_page(void)
{
	return low_page(0);
}

/* Offset of a label in the parking page's code */
#define PARK_OFFSET(label)	((label) - adeos_park)

/**
 * adeos_park_init() - write the parking page
 * @thermal: what a CPU's LVTTHMR is to be, or 0
 *
 * Context: __init; no CPU is there yet.
 */
void __init adeos_park_init(u32 thermal)
{
	u8 *page = low_page(0);
	u32 *vector = (u32 *)(page + PARK_IDT);
	unsigned int i;

	BUILD_BUG_ON(PARK_ANSWERS + ADEOS_NR_APIC_IDS > PARK_STACK);
	BUILD_BUG_ON(PARK_IDT + 4 * PARK_VECTORS > PARK_LOGICAL);
	BUILD_BUG_ON(PARK_LOGICAL + ADEOS_NR_APIC_IDS > PARK_GOT);
	BUILD_BUG_ON(PARK_GOT + 8 * ADEOS_NR_APIC_IDS > PAGE_SIZE);
	WARN_ON(adeos_park_end - adeos_park > PARK_ANSWERS);
	memset(page, 0, PAGE_SIZE);
	memcpy(page, adeos_park, adeos_park_end - adeos_park);
	*(u32 *)(page + PARK_IDT_BASE) = adeos_low_pages + PARK_IDT;
	*(u32 *)(page + PARK_THERMAL) = thermal;
	*(u32 *)(page + PARK_GDT_BASE) = adeos_low_pages + PARK_GDT;
	for (i = 0; i < PARK_VECTORS; i++)
		vector[i] = adeos_low_pages >> 4 << 16 | PARK_OFFSET(adeos_park_fault);
}

static void answers_clear(const u32 *apic_ids, unsigned int nr)
{
	while (nr--)
		WRITE_ONCE(low_page(0)[PARK_ANSWERS + apic_ids[nr]], 0);
}

static bool answers_all(const u32 *apic_ids, unsigned int nr)
{
	while (nr--)
		if (!adeos_cpu_answered(apic_ids[nr]))
			return false;
	return true;
}

/* All at once, so that none of them is left to start another one. */
static void reset_all(const u32 *apic_ids, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		icr_send(apic_ids[i], APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT);
	usleep_range(10000, 11000);
	for (i = 0; i < nr; i++)
		icr_send(apic_ids[i], APIC_INT_LEVELTRIG | APIC_DM_INIT);
	for (i = 0; i < nr; i++)
		icr_send(apic_ids[i], APIC_DM_STARTUP | adeos_low_pages >> PAGE_SHIFT);
	usleep_range(300, 400);
	for (i = 0; i < nr; i++)
		icr_send(apic_ids[i], APIC_DM_STARTUP | adeos_low_pages >> PAGE_SHIFT);
}

/**
 * adeos_park_reset() - reset CPUs until they answer from the parking page
 * @apic_ids: the CPUs
 * @nr: how many
 * @tries: how often; each try takes a tenth of a second at least
 *
 * Context: process, may sleep.
 * Return: 0, or -ETIMEDOUT if one did not answer: adeos_cpu_answered() tells which.
 */
int adeos_park_reset(const u32 *apic_ids, unsigned int nr, unsigned int tries)
{
	unsigned int wait;

	answers_clear(apic_ids, nr);
	while (tries--) {
		reset_all(apic_ids, nr);
		/* An emulated CPU may not run for a while. */
		for (wait = 0; wait < 100; wait++) {
			if (answers_all(apic_ids, nr))
				return 0;
			usleep_range(1000, 2000);
		}
	}
	return -ETIMEDOUT;
}

/**
 * adeos_cpu_park() - take CPUs away from whatever they run
 * @apic_ids: the CPUs
 * @nr: how many
 *
 * A CPU is not parked because an INIT was sent, but because it answers from
 * the nanokernel's own page: only then can its memory be given to others.
 *
 * Twice: in the first round, a CPU that is not reset yet may start one that has
 * answered already.  When all have answered, none is left that could.
 *
 * Context: process, may sleep; nobody else parks or starts one of them.
 * Return: 0, or -ETIMEDOUT if one did not answer.
 */
int adeos_cpu_park(const u32 *apic_ids, unsigned int nr)
{
	int ret = adeos_park_reset(apic_ids, nr, ANSWER_TRIES);

	if (!ret && nr > 1)
		ret = adeos_park_reset(apic_ids, nr, ANSWER_TRIES);
	if (ret)
		pr_err("adeos: a CPU does not answer an INIT\n");
	return ret;
}

/**
 * adeos_cpu_answered() - has a CPU answered when it was parked last?
 * @apic_id: the CPU
 *
 * Context: any.
 */
bool adeos_cpu_answered(u32 apic_id)
{
	return READ_ONCE(low_page(0)[PARK_ANSWERS + apic_id]);
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
	int (*startup_32)(const struct adeos_startup *s, u32 magic) = startup;
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
	ret = startup_32(&s, ADEOS_STARTUP_MAGIC);
	preempt_enable();

	while (ret && !READ_ONCE(*(u32 *)(s.trampoline + TRAMP_REACHED))) {
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		usleep_range(1000, 2000);
	}
	return 0;
}
