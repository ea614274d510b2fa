/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pools: what of the machine belongs to no vnode.
 */
#ifndef _ADEOS_POOL_H
#define _ADEOS_POOL_H

#include <linux/adeos.h>

#include "cores.h"
#include "place.h"

struct adeos_slot;
struct commons;

/* While the machine boots; see x86/root.c */
void adeos_pool_add_cpu(u32 apic_id);
void adeos_pool_add_memory(u64 start, u64 end);
void adeos_pool_add_root(u64 start, u64 end);
void adeos_pool_remove_memory(u64 start, u64 end);
int adeos_pool_init(struct commons **commons);

/* With adeos_lock held */
int adeos_pool_take_cpus(u32 id, const u32 *cpus, unsigned int nr,
			 struct adeos_error *err);
void adeos_pool_give_cpus(const u32 *cpus, unsigned int nr);
void adeos_pool_lose_cpu(u32 apic_id);
int adeos_pool_take_memory(u64 size, u64 address, u64 *start,
			   struct adeos_error *err);
int adeos_pool_take_pages(u64 size, u64 *start);
struct region_set *adeos_pool_memory(void);
void adeos_pool_give_memory(u64 start, u64 size);
phys_addr_t adeos_pool_commons(void);
u32 adeos_pool_cpu_slot(u32 apic_id);
unsigned int adeos_pool_nr_slots(void);
void adeos_pool_free_slots(u32 *slots);
int adeos_pool_take_low_page(struct adeos_error *err);
void adeos_pool_give_low_page(unsigned int page);
struct adeos_slot *adeos_pool_slot(u32 id, phys_addr_t *phys);
u64 adeos_root_size(void);
u64 adeos_pool_total(void);
u64 adeos_pool_free(void);
u64 adeos_pool_largest(void);
ssize_t adeos_pool_print_cpus(char *buf, s16 owner);

/*
 * What the pools ask of those who have memory, with adeos_lock held: is there a
 * vnode, or a bridge, of that number, and where?  life/vnode.c, dsp/drive.c
 */
bool adeos_vnode_extent(u32 id, unsigned int n, u64 *start, u64 *size);
bool adeos_bridge_region(u32 index, u64 *start, u64 *size);

#endif /* _ADEOS_POOL_H */
