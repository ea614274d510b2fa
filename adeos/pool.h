/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pools: what of the machine belongs to no vnode.
 */
#ifndef _ADEOS_POOL_H
#define _ADEOS_POOL_H

#include <linux/adeos.h>
#include <linux/mutex.h>

#include "page.h"
#include "place.h"

/* Protects the pools and the vnodes; held while CPUs are reset, may sleep. */
extern struct mutex adeos_lock;

/* While the machine boots; see x86/root.c */
void adeos_pool_add_cpu(u32 apic_id);
void adeos_pool_add_memory(u64 start, u64 end);
void adeos_pool_add_root(u64 start, u64 end);
void adeos_pool_remove_memory(u64 start, u64 end);
int adeos_pool_init(void);

/* With adeos_lock held */
int adeos_pool_take_cpus(u32 id, const u32 *cpus, unsigned int nr,
			 struct adeos_error *err);
void adeos_pool_give_cpus(const u32 *cpus, unsigned int nr);
int adeos_pool_take_memory(u64 size, u64 address, u64 *start,
			   struct adeos_error *err);
int adeos_pool_take_pages(u64 size, u64 *start);
struct region_set *adeos_pool_memory(void);
void adeos_pool_give_memory(u64 start, u64 size);
phys_addr_t adeos_pool_commons(void);
int adeos_pool_take_clusters(u32 *clusters, unsigned int nr_cpus,
			     struct adeos_error *err);
void adeos_pool_give_clusters(const u32 *clusters, unsigned int nr_cpus);
void adeos_pool_free_slots(u32 slots[2]);
int adeos_pool_take_low_page(struct adeos_error *err);
void adeos_pool_give_low_page(unsigned int page);
struct adeos_slot *adeos_pool_slot(u32 id, phys_addr_t *phys);
u64 adeos_root_total(void);
u64 adeos_pool_total(void);
u64 adeos_pool_free(void);
u64 adeos_pool_largest(void);
ssize_t adeos_pool_print_cpus(char *buf, s16 owner);

/* room.c */
int adeos_room_make(enum place_kind kind, u64 size, u64 align);
int adeos_room_ask(u64 size);
u64 adeos_room_moved(void);

#define ADEOS_CPU_FREE	(-1)
#define ADEOS_CPU_NONE	(-2)

/* x86/root.c */
void adeos_arch_fill_page(struct adeos_page *page, unsigned int low_page);
void adeos_arch_listen(void (*ring)(void));

/* vnode.c */
int adeos_vnode_init(void);
int adeos_owner_at(u64 start, u64 end);
void adeos_vnodes_publish_clock(void);
bool adeos_vnode_region(u32 id, u64 *start, u64 *size);

#endif /* _ADEOS_POOL_H */
