/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the nanokernel's architecture-independent part asks of x86, and what
 * the files here ask of each other.
 */
#ifndef _ADEOS_X86_ARCH_H
#define _ADEOS_X86_ARCH_H

#include <linux/adeos.h>
#include <linux/percpu.h>

#include "../page.h"

/* Highest APIC ID + 1: physical destinations of xAPIC have 8 bits. */
#define ADEOS_NR_APIC_IDS	255

/* Offsets of what a trampoline is told; see trampoline.S. */
#define TRAMP_REACHED		4
#define TRAMP_ENTRY		8
#define TRAMP_BOOT_PARAMS	12
#define TRAMP_FAR_OFFSET	16
#define TRAMP_GDT_BASE		24

/**
 * struct adeos_startup - what KMB tells the image that starts its own CPU
 * @trampoline: the page below 1 MiB that is lent to the vnode, as mapped
 * @trampoline_phys: its physical address
 * @apic: the local APIC's registers, as mapped
 * @apic_id: the CPU to start
 * @start: physical address of the image's startup_32
 * @boot_params: physical address of struct boot_params
 * @tsc_khz: frequency of the TSC, for delays
 *
 * Shared between kernels that may be of different builds: ADEOS_ABI.
 */
struct adeos_startup {
	u8 *trampoline;
	u32 trampoline_phys;
	u8 __iomem *apic;
	u32 apic_id;
	u32 start;
	u32 boot_params;
	u32 tsc_khz;
};

/* apic.c */
void adeos_apic_set_clusters(const u32 *clusters, unsigned int nr_cpus);
void adeos_doorbell_ring(u32 apic_id);
u32 adeos_logical_id(unsigned int cpu);
void adeos_portal_interrupt(u32 dest);

/* root.c */
extern unsigned long adeos_low_pages;
extern unsigned int adeos_nr_low_pages;

/* startup.c */
int adeos_startup_cpu(const struct adeos_startup *s, const u8 *blob,
		      u32 gdt_offset);

/* map.c */
int adeos_copy(phys_addr_t to, phys_addr_t from, size_t size);

/* cpu.c */
int adeos_cpu_park(const u32 *apic_ids, unsigned int nr);
int adeos_cpu_start(u32 apic_id, unsigned int low_page, void *startup,
		    u32 start, u32 boot_params);

/* trampoline.S */
extern const u8 adeos_trampoline[], adeos_trampoline_end[];
extern const u8 adeos_park[], adeos_park_end[];

/* gate.S */
extern const u8 adeos_gates[], adeos_played[];
void adeos_play(const void *gate);

/* pipeline.c */
DECLARE_PER_CPU(u32, adeos_irq_state);
extern const void *adeos_linux_gates[];
asmlinkage void adeos_open(void);
bool adeos_log_self(u8 vector);

/* ioapic.c */
void adeos_ioapic_hold(u8 vector);
void adeos_ioapic_release_vector(u8 vector);

/* shared.c */
unsigned long adeos_shared_lock(enum commons_lock which);
void adeos_shared_unlock(enum commons_lock which, unsigned long flags);
void adeos_shared_recover(const u32 slots[2]);
void adeos_shared_died(const u32 *clusters, unsigned int nr);
void adeos_shared_mend(void);
u32 adeos_shared_timeouts(void);

/* clock.c */
void adeos_clock_publish(struct adeos_page *page);
void adeos_clock_follow(const struct adeos_page *page);

/* platform.c */
extern struct adeos_slot *adeos_own_slot;

/* console.c */
void adeos_console_early(void);

#endif /* _ADEOS_X86_ARCH_H */
