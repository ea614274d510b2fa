/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the nanokernel asks of the architecture.  The architecture's own folder
 * implements it; the other folders include nothing of that folder.
 */
#ifndef _ADEOS_ARCH_H
#define _ADEOS_ARCH_H

#include <linux/adeos.h>

#include "proto/commons.h"
#include "proto/page.h"

/* Highest APIC ID + 1: physical destinations of xAPIC have 8 bits. */
#define ADEOS_NR_APIC_IDS	255

/* A vnode's own slot, as mapped; NULL in the root. */
extern struct adeos_slot *adeos_own_slot;

u32 adeos_own_id(void);
phys_addr_t adeos_own_commons(void);

/* Interrupts */
void adeos_doorbell_ring(u32 apic_id);
void adeos_listen(void (*ring)(void));
u32 adeos_cpu_slot(unsigned int cpu);
u32 adeos_cpu_dest(unsigned int cpu);
u32 adeos_apic_id(unsigned int cpu);
bool adeos_portal_interrupt(u32 slot);
int adeos_arch_take_dests(const u32 *apic_ids, u32 *dests, unsigned int nr,
			  struct adeos_error *err);
void adeos_arch_give_dests(const u32 *dests, unsigned int nr);

/* Memory that is not this kernel's, besides <linux/adeos.h>'s adeos_map() */
int adeos_copy(phys_addr_t to, phys_addr_t from, size_t size);

/* CPUs of other vnodes */
int adeos_cpu_park(const u32 *apic_ids, unsigned int nr);
int adeos_cpu_start(u32 apic_id, unsigned int low_page, void *startup,
		    u32 start, u32 boot_params);
extern unsigned int adeos_nr_low_pages;
u32 adeos_arch_core_shift(void);
void adeos_arch_fill_page(struct adeos_page *page, unsigned int low_page);
void adeos_arch_vnode_died(const struct adeos_page *page, const u32 *cpus, unsigned int nr);

/* Registers of which the machine has one pair for all vnodes */
unsigned long adeos_shared_lock(enum commons_lock which);
void adeos_shared_unlock(enum commons_lock which, unsigned long flags);
void adeos_shared_init(unsigned int nr_slots);
void adeos_shared_recover(const u32 slots[ADEOS_LOCK_WORDS]);
void adeos_shared_mend(void);
u32 adeos_shared_timeouts(void);

#endif /* _ADEOS_ARCH_H */
