// SPDX-License-Identifier: GPL-2.0
/*
 * A vnode's image starts its own first CPU (paper: "Kernel initialization").
 *
 * This runs on a CPU of the root, at KMB's mapping of the image, in the root's
 * address space: it may use its arguments and its stack, and nothing else.
 * The build fails if it has an absolute relocation.
 */
#include <linux/compiler.h>
#include <linux/io.h>

#include <asm/apicdef.h>
#include <asm/msr.h>
#include <asm/page.h>

#include "x86.h"

static __always_inline void icr_write(u8 __iomem *apic, u32 apic_id, u32 low)
{
	unsigned long flags;

	/* An interrupt handler that sends an IPI would change ICR2. */
	asm volatile("pushfl; popl %0; cli" : "=rm" (flags) : : "memory");
	while (readl(apic + APIC_ICR) & APIC_ICR_BUSY)
		asm volatile("pause");
	writel(apic_id << 24, apic + APIC_ICR2);
	writel(low, apic + APIC_ICR);
	asm volatile("pushl %0; popfl" : : "rm" (flags) : "memory", "cc");
}

static __always_inline u64 read_tsc(void)
{
	u64 tsc;

	asm volatile("rdtsc" : "=A" (tsc));
	return tsc;
}

static __always_inline void delay_us(const struct adeos_startup *s, u32 us)
{
	/* 32 bits of the TSC last for a second: enough for 10 ms. */
	u32 start = read_tsc(), ticks = s->tsc_khz / 1000 * us;

	while ((u32)read_tsc() - start < ticks)
		asm volatile("pause");
}

static __always_inline void poke(const struct adeos_startup *s, u32 off, u32 v)
{
	WRITE_ONCE(*(u32 *)(s->trampoline + off), v);
}

/**
 * adeos_startup_cpu() - start the first CPU of the vnode that this image is for
 * @s: what KMB knows
 * @blob: this image's trampoline, where it is mapped
 * @gdt_offset: from startup_32 to boot_gdt
 *
 * Context: process, preemption disabled, so that the local APIC stays the
 * same one.
 * Return: 0, or 1 if the CPU does not answer, which the caller may await.
 */
notrace int adeos_startup_cpu(const struct adeos_startup *s, const u8 *blob,
			      u32 gdt_offset)
{
	u32 i;

	for (i = 0; i < PAGE_SIZE / 2; i++)
		WRITE_ONCE(s->trampoline[i], blob[i]);
	poke(s, TRAMP_REACHED, 0);
	poke(s, TRAMP_ENTRY, s->start);
	poke(s, TRAMP_BOOT_PARAMS, s->boot_params);
	poke(s, TRAMP_FAR_OFFSET,
	     s->trampoline_phys + *(u32 *)(blob + TRAMP_FAR_OFFSET));
	poke(s, TRAMP_GDT_BASE, s->start + gdt_offset);
	asm volatile("lock; addl $0, (%%esp)" : : : "memory", "cc");

	/* SDM vol. 3, 10.4.4.1: INIT, 10 ms, then up to two SIPIs. */
	icr_write(s->apic, s->apic_id,
		  APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT);
	delay_us(s, 10000);
	icr_write(s->apic, s->apic_id, APIC_INT_LEVELTRIG | APIC_DM_INIT);
	for (i = 0; i < 2; i++) {
		icr_write(s->apic, s->apic_id,
			  APIC_DM_STARTUP | (s->trampoline_phys >> PAGE_SHIFT));
		delay_us(s, 300);
		if (READ_ONCE(*(u32 *)(s->trampoline + TRAMP_REACHED)))
			return 0;
	}
	return 1;
}
