/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files in this folder ask of each other.  What the others ask of them
 * is in arch.h.
 */
#ifndef _ADEOS_X86_H
#define _ADEOS_X86_H

#include <linux/percpu.h>

#include "arch.h"

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
#define ADEOS_CLUSTERS		15	/* 4 bits; 15 would be a broadcast */
#define ADEOS_CLUSTER_CPUS	4
void adeos_apic_set_cpus(const u16 *slot, const u32 *dest, unsigned int nr);
void adeos_apic_set_root(void);
void adeos_apic_set_physical(void);
bool adeos_apic_physical(void);

/* selftest.c */
void adeos_apic_choose(const unsigned long *others);

/* root.c */
extern unsigned long adeos_low_pages;

/* cpu.c */
void adeos_refuse_kvm(void);
void adeos_keep_locks(void);
u8 *adeos_park_page(void);
void adeos_park_init(u32 thermal);
int adeos_park_reset(const u32 *apic_ids, unsigned int nr, unsigned int tries);
bool adeos_cpu_answered(u32 apic_id);

/* cmci.c */
void adeos_cmci_start(u32 apic_id);
void adeos_cmci_tell(struct adeos_page *page);

/* startup.c */
int adeos_startup_cpu(const struct adeos_startup *s, const u8 *blob,
		      u32 gdt_offset);

/* trampoline.S */
extern const u8 adeos_trampoline[], adeos_trampoline_end[];
extern const u8 adeos_park[], adeos_park_fault[], adeos_park_end[];

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

#endif /* _ADEOS_X86_H */
