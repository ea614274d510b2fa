// SPDX-License-Identifier: GPL-2.0
/*
 * The pools: CPUs, memory and pages below 1 MiB that belong to no vnode (paper:
 * "Physical memory management").
 *
 * Filled while the root boots, from the firmware's tables, and then only moved
 * between here and the vnodes.
 */
#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/sysfs.h>

#include "arch.h"
#include "core.h"
#include "pool.h"
#include "region.h"

static s16 cpu_owner[ADEOS_NR_APIC_IDS] = {
	[0 ... ADEOS_NR_APIC_IDS - 1] = ADEOS_CPU_NONE
};

/* The machine's CPUs are numbered once: the root's as Linux does, then the others. */
static u8 cpu_slot[ADEOS_NR_APIC_IDS];
static unsigned int nr_slots;

static DECLARE_BITMAP(low_used, ADEOS_MAX_VNODES);

static struct region_set memory;	/* free */
static struct region_set root_memory;
static u64 memory_total;
static phys_addr_t slots_phys;
static void *slots;
static phys_addr_t commons_phys;

#define SLOTS_SIZE	(ADEOS_MAX_VNODES * ADEOS_SLOT_SIZE)

void __init adeos_pool_add_cpu(u32 apic_id)
{
	cpu_owner[apic_id] = ADEOS_CPU_FREE;
}

void __init adeos_pool_add_memory(u64 start, u64 end)
{
	if (start < end && region_add(&memory, start, end))
		pr_warn("adeos: too many ranges of memory; [mem %#llx-%#llx] is not used\n",
			start, end - 1);
}

void __init adeos_pool_add_root(u64 start, u64 end)
{
	region_add(&root_memory, start, end);
}

void __init adeos_pool_remove_memory(u64 start, u64 end)
{
	if (start < end && region_remove(&memory, start, end)) {
		pr_err("adeos: too many ranges of memory; the pool stays empty\n");
		memory.nr = 0;
	}
}

/* May hyperthreads of a core belong to several vnodes? */
static bool smt_split __ro_after_init;

static int __init parse_vnode_smt(char *arg)
{
	if (arg && !strcmp(arg, "split")) {
		smt_split = true;
		return 0;
	}
	pr_err("adeos: vnode_smt=%s: expected split\n", arg ? arg : "");
	return -EINVAL;
}
early_param("vnode_smt", parse_vnode_smt);

static int sibling_of_others(u32 cpu)
{
	if (smt_split)
		return -1;
	return cores_split(cpu_owner, ADEOS_NR_APIC_IDS, adeos_arch_core_shift(), cpu);
}

/* What the root has left of its cores is of no use. */
static void __init check_root_cores(void)
{
	unsigned int id;
	int sibling;

	for (id = 0; id < ADEOS_NR_APIC_IDS; id++) {
		sibling = cpu_owner[id] == ADEOS_CPU_FREE ? sibling_of_others(id) : -1;
		if (sibling >= 0)
			pr_warn("adeos: CPU %u shares a core with the root's CPU %d: no vnode gets it without vnode_smt=split\n",
				id, sibling);
	}
}

/* Called when the CPUs have been taken */
static int check_cores(const u32 *cpus, unsigned int nr, struct adeos_error *err)
{
	unsigned int i;
	char whose[32];
	int sibling;

	for (i = 0; i < nr; i++) {
		sibling = sibling_of_others(cpus[i]);
		if (sibling < 0)
			continue;
		if (cpu_owner[sibling] == ADEOS_CPU_FREE)
			strscpy(whose, "not listed");
		else if (!cpu_owner[sibling])
			strscpy(whose, "the root's");
		else
			snprintf(whose, sizeof(whose), "vnode %d's", cpu_owner[sibling]);
		return adeos_fail(err, -EBUSY,
			"CPU %u shares a core with CPU %d, which is %s: expected whole cores, or a root that was booted with vnode_smt=split",
			cpus[i], sibling, whose);
	}
	return 0;
}

#define COMMONS_SIZE	PAGE_ALIGN(sizeof(struct commons))
#define SHARED_SIZE	(SLOTS_SIZE + COMMONS_SIZE)

/* Takes what all share from the end of the last large range. */
static int __init shared_init(struct commons **commons)
{
	unsigned int i = memory.nr;

	while (i && memory.r[i - 1].end - memory.r[i - 1].start < SHARED_SIZE)
		i--;
	if (!i)
		return -ENOMEM;
	slots_phys = memory.r[i - 1].end - SHARED_SIZE;
	commons_phys = slots_phys + SLOTS_SIZE;
	slots = adeos_map(slots_phys, SLOTS_SIZE);
	*commons = adeos_map(commons_phys, COMMONS_SIZE);
	if (!slots || !*commons) {
		/* It stays in the pool: nobody may take it for the vnodes' pages. */
		adeos_unmap(slots);
		adeos_unmap(*commons);
		slots = NULL;
		commons_phys = 0;
		return -ENOMEM;
	}
	region_remove(&memory, slots_phys, slots_phys + SHARED_SIZE);
	/* Whatever lies there since the machine was switched on is no log. */
	for (i = 0; i < ADEOS_MAX_VNODES; i++)
		memset(slots + i * ADEOS_SLOT_SIZE, 0, 2 * PAGE_SIZE + sizeof(u32));
	return 0;
}

/* The pool in /proc/iomem: it is RAM, but not this Linux's, nor free for devices. */
static void __init pool_show(void)
{
	struct resource *res;
	unsigned int i;

	for (i = 0; i < memory.nr; i++) {
		res = kzalloc(sizeof(*res), GFP_KERNEL);
		if (!res)
			return;
		res->name = "Adeos pool";
		res->start = memory.r[i].start;
		res->end = memory.r[i].end - 1;
		res->flags = IORESOURCE_MEM | IORESOURCE_BUSY;
		if (insert_resource(&iomem_resource, res)) {
			pr_warn("adeos: the pool's memory %pR is something else's, too\n", res);
			kfree(res);
		}
	}
}

static void __init number_cpus(void)
{
	unsigned int cpu, id;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		id = adeos_apic_id(cpu);
		if (id >= ADEOS_NR_APIC_IDS)
			continue;
		cpu_owner[id] = 0;
		cpu_slot[id] = adeos_cpu_slot(cpu);
	}
	nr_slots = nr_cpu_ids;
	for (id = 0; id < ADEOS_NR_APIC_IDS; id++) {
		if (cpu_owner[id] != ADEOS_CPU_FREE)
			continue;
		if (nr_slots < ADEOS_MAX_CPUS) {
			cpu_slot[id] = nr_slots++;
			continue;
		}
		/* Those that could be plugged into the root have slots, too. */
		pr_warn("adeos: CPU %u is not used: it is more than the %u that can be\n",
			id, ADEOS_MAX_CPUS);
		cpu_owner[id] = ADEOS_CPU_NONE;
	}
	adeos_shared_init(nr_slots);
}

/**
 * adeos_pool_init() - open the pools
 * @commons: where to store where the memory is mapped that all vnodes share
 *
 * Context: __init, process.
 * Return: 0, or -ENOMEM if there is no room for that memory, and then no vnode
 * can be started.
 */
int __init adeos_pool_init(struct commons **commons)
{
	int ret;

	number_cpus();
	check_root_cores();
	__set_bit(0, low_used);		/* the parking page */

	pool_show();
	ret = shared_init(commons);
	if (ret)
		pr_warn("adeos: mem= leaves no memory to the pool\n");
	memory_total = region_total(&memory);
	pr_info("adeos: root vnode; pool: %llu MiB of memory, %u pages below 1 MiB\n",
		memory_total / SZ_1M, adeos_nr_low_pages);
	return ret;
}

/**
 * adeos_pool_take_cpus() - take CPUs from the pool
 * @id: the vnode that gets them
 * @cpus: their APIC IDs
 * @nr: how many
 * @err: what was wrong
 *
 * Context: process, adeos_lock held.
 * Return: 0 or negative errno, and then none was taken.
 */
int adeos_pool_take_cpus(u32 id, const u32 *cpus, unsigned int nr,
			 struct adeos_error *err)
{
	unsigned int i;
	s16 owner;
	int ret;

	for (i = 0; i < nr; i++) {
		owner = cpus[i] < ADEOS_NR_APIC_IDS ? cpu_owner[cpus[i]] : ADEOS_CPU_NONE;
		if (owner == ADEOS_CPU_FREE) {
			cpu_owner[cpus[i]] = id;
			continue;
		}
		adeos_pool_give_cpus(cpus, i);
		if (owner == ADEOS_CPU_NONE)
			return adeos_fail(err, -ENODEV, "CPU %u does not exist", cpus[i]);
		if (owner == 0)
			return adeos_fail(err, -EBUSY, "CPU %u is the root's", cpus[i]);
		if (owner == id)
			return adeos_fail(err, -EINVAL, "CPU %u is listed twice", cpus[i]);
		return adeos_fail(err, -EBUSY, "CPU %u is taken by vnode %d", cpus[i], owner);
	}
	ret = check_cores(cpus, nr, err);
	if (ret)
		adeos_pool_give_cpus(cpus, nr);
	return ret;
}

/**
 * adeos_pool_give_cpus() - give CPUs back to the pool
 * @cpus: their APIC IDs; they are parked, or were never started
 * @nr: how many
 *
 * Context: process, adeos_lock held.
 */
void adeos_pool_give_cpus(const u32 *cpus, unsigned int nr)
{
	while (nr--)
		cpu_owner[cpus[nr]] = ADEOS_CPU_FREE;
}

/**
 * adeos_pool_lose_cpu() - never give a CPU to anybody
 * @apic_id: the CPU, which is in the pool, and does not answer
 *
 * Context: process, adeos_lock held.
 */
void adeos_pool_lose_cpu(u32 apic_id)
{
	pr_err("adeos: CPU %u does not answer an INIT: it is not used\n", apic_id);
	cpu_owner[apic_id] = ADEOS_CPU_NONE;
}

static int memory_unavailable(u64 start, u64 end, struct adeos_error *err)
{
	unsigned int n;
	u64 at, size;
	u32 i;

	for (i = 1; i < ADEOS_MAX_VNODES; i++)
		for (n = 0; n < ADEOS_EXTENTS; n++)
			if (adeos_vnode_extent(i, n, &at, &size) &&
			    at < end && start < at + size)
				return adeos_fail(err, -EBUSY,
						  "memory at %#llx-%#llx is taken by vnode %u",
						  start, end - 1, i);
	for (i = 0; i < COMMONS_BRIDGES; i++)
		if (adeos_bridge_region(i, &at, &size) && at < end && start < at + size)
			return adeos_fail(err, -EBUSY,
					  "memory at %#llx-%#llx is taken by bridge %u",
					  start, end - 1, i);
	return adeos_fail(err, -EINVAL, "memory at %#llx-%#llx is not RAM of the pool",
			  start, end - 1);
}

/**
 * adeos_pool_take_memory() - take a physically contiguous region
 * @size: bytes
 * @address: where, or ADEOS_ADDRESS_AUTO
 * @start: where to store its physical address
 * @err: what was wrong
 *
 * Context: process, adeos_lock held.
 * Return: 0 or negative errno.
 */
int adeos_pool_take_memory(u64 size, u64 address, u64 *start, struct adeos_error *err)
{
	if (!size || size % ADEOS_REGION_ALIGN)
		return adeos_fail(err, -EINVAL, "memory: %llu bytes: expected a multiple of 4M",
				  size);
	if (address == ADEOS_ADDRESS_AUTO) {
		if (place_find(&memory, PLACE_REGION, size, ADEOS_REGION_ALIGN, start))
			return adeos_fail(err, -ENOMEM,
				"memory: %lluM wanted, but the largest free range has %lluM",
				size / SZ_1M, region_largest(&memory) / SZ_1M);
	} else {
		if (address % ADEOS_REGION_ALIGN)
			return adeos_fail(err, -EINVAL,
					  "address: %#llx: expected a multiple of 4M", address);
		if (address + size < address)
			return adeos_fail(err, -EINVAL,
					  "address: %#llx: the region would wrap around", address);
		if (!region_contains(&memory, address, address + size))
			return memory_unavailable(address, address + size, err);
		*start = address;
	}
	if (region_remove(&memory, *start, *start + size))
		return adeos_fail(err, -ENOSPC, "memory: too many regions");
	return 0;
}

/**
 * adeos_pool_take_pages() - take memory for a bridge
 * @size: bytes, a multiple of the page size
 * @start: where to store its physical address
 *
 * Context: process, adeos_lock held.
 * Return: 0 or negative errno.
 */
int adeos_pool_take_pages(u64 size, u64 *start)
{
	if (place_find(&memory, PLACE_BRIDGE, size, PAGE_SIZE, start))
		return -ENOMEM;
	return region_remove(&memory, *start, *start + size);
}

/**
 * adeos_pool_give_memory() - give a region back
 * @start: its physical address; nobody uses it any more
 * @size: its size, bytes
 *
 * Context: process, adeos_lock held.
 */
void adeos_pool_give_memory(u64 start, u64 size)
{
	/* It fits where it was taken from: the set had room for it then. */
	WARN_ON(region_add(&memory, start, start + size));
}

/**
 * adeos_pool_cpu_slot() - the slot of a CPU, which is its number in the machine
 * @apic_id: the CPU
 *
 * Context: any.
 */
u32 adeos_pool_cpu_slot(u32 apic_id)
{
	return cpu_slot[apic_id];
}

/**
 * adeos_pool_nr_slots() - how many CPUs the machine has
 *
 * Context: any.
 */
unsigned int adeos_pool_nr_slots(void)
{
	return nr_slots;
}

/**
 * adeos_pool_free_slots() - slots of no CPU, or of one that nobody has
 * @slots: where to store them, ADEOS_LOCK_WORDS words with a bit each
 *
 * Context: adeos_lock held.
 */
void adeos_pool_free_slots(u32 *slots)
{
	unsigned int id;

	memset(slots, 0xff, ADEOS_LOCK_WORDS * sizeof(u32));
	for (id = 0; id < ADEOS_NR_APIC_IDS; id++)
		if (cpu_owner[id] >= 0)
			slots[cpu_slot[id] / 32] &= ~BIT(cpu_slot[id] % 32);
}

/**
 * adeos_pool_take_low_page() - take a page below 1 MiB, for a trampoline
 * @err: what was wrong
 *
 * Context: process, adeos_lock held.
 * Return: its number, or negative errno.
 */
int adeos_pool_take_low_page(struct adeos_error *err)
{
	unsigned int n = find_first_zero_bit(low_used, adeos_nr_low_pages);

	if (n >= adeos_nr_low_pages)
		return adeos_fail(err, -ENOMEM, "no page below 1 MiB is free");
	__set_bit(n, low_used);
	return n;
}

/**
 * adeos_pool_give_low_page() - give it back
 * @page: its number
 *
 * Context: process, adeos_lock held.
 */
void adeos_pool_give_low_page(unsigned int page)
{
	__clear_bit(page, low_used);
}

/**
 * adeos_pool_slot() - the vnode page and log ring of a vnode ID
 * @id: the ID
 * @phys: where to store its physical address
 *
 * Return: the slot, as mapped in the root, or NULL if there is no pool.
 */
struct adeos_slot *adeos_pool_slot(u32 id, phys_addr_t *phys)
{
	if (!slots)
		return NULL;
	*phys = slots_phys + id * ADEOS_SLOT_SIZE;
	return slots + id * ADEOS_SLOT_SIZE;
}

/**
 * adeos_pool_commons() - where the memory is that all vnodes share
 *
 * Return: its physical address, 0 if there is no pool.
 */
phys_addr_t adeos_pool_commons(void)
{
	return commons_phys;
}

/**
 * adeos_pool_memory() - the free memory of the pool
 *
 * Context: adeos_lock held as long as the result is used.
 */
struct region_set *adeos_pool_memory(void)
{
	return &memory;
}

/*
 * These count bytes; adeos_lock held.  The root's memory begins at 0 and ends
 * where mem= says, as a vnode's is all of its region: the firmware's part of
 * the first MiB lies within.
 */
u64 adeos_root_size(void)
{
	return root_memory.nr ? root_memory.r[root_memory.nr - 1].end : 0;
}

u64 adeos_pool_total(void)
{
	return memory_total;
}

u64 adeos_pool_free(void)
{
	return region_total(&memory);
}

u64 adeos_pool_largest(void)
{
	return region_largest(&memory);
}

/**
 * adeos_pool_print_cpus() - list CPUs by their owner
 * @buf: a sysfs buffer
 * @owner: a vnode ID, or ADEOS_CPU_FREE
 *
 * Context: adeos_lock held.
 * Return: number of bytes stored.
 */
ssize_t adeos_pool_print_cpus(char *buf, s16 owner)
{
	DECLARE_BITMAP(map, ADEOS_NR_APIC_IDS) = { };
	unsigned int i;

	for (i = 0; i < ADEOS_NR_APIC_IDS; i++)
		if (cpu_owner[i] == owner)
			__set_bit(i, map);
	return sysfs_emit(buf, "%*pbl\n", ADEOS_NR_APIC_IDS, map);
}

static int by_start(const void *a, const void *b)
{
	const struct adeos_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void map_put(struct adeos_range *map, unsigned int size, unsigned int *nr,
		    struct adeos_range r)
{
	if (*nr < size)
		map[*nr] = r;
	(*nr)++;
}

/**
 * adeos_memory_map() - who has which memory
 * @map: where to store the ranges, in order of their addresses
 * @nr: how many fit there
 *
 * Context: process, may sleep; takes adeos_lock.
 * Return: how many there are.  If that is more than @nr, try again with room
 * for them all.
 */
unsigned int adeos_memory_map(struct adeos_range *map, unsigned int nr)
{
	unsigned int i, e, n = 0;
	u64 start, size;

	mutex_lock(&adeos_lock);
	for (i = 0; i < root_memory.nr; i++)
		map_put(map, nr, &n, (struct adeos_range){
			root_memory.r[i].start,
			root_memory.r[i].end - root_memory.r[i].start, ADEOS_RANGE_ROOT });
	for (i = 0; i < memory.nr; i++)
		map_put(map, nr, &n, (struct adeos_range){
			memory.r[i].start,
			memory.r[i].end - memory.r[i].start, ADEOS_RANGE_FREE });
	for (i = 1; i < ADEOS_MAX_VNODES; i++)
		for (e = 0; e < ADEOS_EXTENTS; e++)
			if (adeos_vnode_extent(i, e, &start, &size))
				map_put(map, nr, &n, (struct adeos_range){
					start, size, ADEOS_RANGE_VNODE, i });
	for (i = 0; i < COMMONS_BRIDGES; i++)
		if (adeos_bridge_region(i, &start, &size))
			map_put(map, nr, &n, (struct adeos_range){
				start, size, ADEOS_RANGE_BRIDGE, i });
	if (slots)
		map_put(map, nr, &n, (struct adeos_range){
			slots_phys, SHARED_SIZE, ADEOS_RANGE_SHARED });
	mutex_unlock(&adeos_lock);
	if (n <= nr)
		sort(map, n, sizeof(*map), by_start, NULL);
	return n;
}
EXPORT_SYMBOL_GPL(adeos_memory_map);
