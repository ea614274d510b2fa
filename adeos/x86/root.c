// SPDX-License-Identifier: GPL-2.0
/*
 * The root vnode on x86: its command line, and what of the machine it leaves
 * to the pools.
 */
#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include <asm/apic.h>
#include <asm/e820/api.h>
#include <asm/irq.h>
#include <asm/msr.h>
#include <asm/pci_x86.h>
#include <asm/realmode.h>
#include <asm/setup.h>
#include <asm/tsc.h>
#include <asm/x86_init.h>

#include "clock.h"
#include "core.h"
#include "dsp/drive.h"
#include "life/vnode.h"
#include "mem/pool.h"
#include "mem/region.h"
#include "x86.h"

/* Low pages: the parking page, and one for each vnode that can be alive. */
#define LOW_PAGES	ADEOS_MAX_VNODES

unsigned long adeos_low_pages __ro_after_init;
unsigned int adeos_nr_low_pages __ro_after_init;

static bool is_root __ro_after_init;
static bool cpus_given __initdata;
static DECLARE_BITMAP(root_cpus, ADEOS_NR_APIC_IDS) __initdata;
static DECLARE_BITMAP(pool_cpus, ADEOS_NR_APIC_IDS) __initdata;

/**
 * adeos_is_root() - is this kernel the root vnode?
 *
 * Context: any.
 */
bool adeos_is_root(void)
{
	return is_root;
}
EXPORT_SYMBOL_GPL(adeos_is_root);

/*
 * Linux leaves the first MiB alone; before it reserves it, take the pages that
 * only code in real mode needs.
 */
static void __init root_reserve_low(void)
{
	unsigned int n;

	for (n = LOW_PAGES; n >= 2; n /= 2) {
		adeos_low_pages = memblock_phys_alloc_range(n * PAGE_SIZE, PAGE_SIZE,
							    0, SZ_1M);
		if (adeos_low_pages)
			break;
	}
	adeos_nr_low_pages = adeos_low_pages ? n : 0;
	reserve_real_mode();
}

static int __init parse_vnode(char *arg)
{
	unsigned int id;

	if (adeos_is_vnode())
		return 0;
	if (!arg || kstrtouint(arg, 0, &id)) {
		pr_err("adeos: vnode=%s: expected a number\n", arg ? arg : "");
		return -EINVAL;
	}
	if (id) {
		pr_err("adeos: vnode=%u: only the root, 0, is booted by firmware; ignored\n", id);
		return -EINVAL;
	}
	is_root = true;
	adeos_refuse_kvm();
	adeos_keep_locks();
	x86_platform.realmode_reserve = root_reserve_low;
	adeos_apic_set_root();
	return 0;
}
early_param("vnode", parse_vnode);

static int __init parse_vnode_cpus(char *arg)
{
	if (adeos_is_vnode())
		return 0;
	if (!arg || bitmap_parselist(arg, root_cpus, ADEOS_NR_APIC_IDS)) {
		bitmap_zero(root_cpus, ADEOS_NR_APIC_IDS);
		pr_err("adeos: vnode_cpus=%s: expected a list of APIC IDs below %u\n",
		       arg ? arg : "", ADEOS_NR_APIC_IDS);
		return -EINVAL;
	}
	cpus_given = true;
	return 0;
}
early_param("vnode_cpus", parse_vnode_cpus);

/**
 * adeos_claims_cpu() - keep a CPU that the firmware lists from Linux
 * @apic_id: the CPU
 * @present: false if it could only be plugged in
 *
 * Context: __init, while Linux enumerates the APICs.
 * Return: true if Linux must forget about it.
 */
bool __init adeos_claims_cpu(u32 apic_id, bool present)
{
	static unsigned int root_nr __initdata = 1;	/* the boot CPU */

	if (!is_root || apic_id >= ADEOS_NR_APIC_IDS)
		return false;
	if (apic_id == read_apic_id()) {
		if (cpus_given && !test_bit(apic_id, root_cpus))
			pr_err("adeos: vnode_cpus= lacks the boot CPU, APIC ID %u; added\n",
			       apic_id);
		return false;
	}
	/* Those that Linux has no room for are the pool's. */
	if ((!cpus_given || test_bit(apic_id, root_cpus)) && root_nr < nr_cpu_ids) {
		root_nr++;
		return false;
	}
	if (present)
		set_bit(apic_id, pool_cpus);
	return true;
}

static void __init root_init_cpus(void)
{
	unsigned int id;

	for_each_set_bit(id, pool_cpus, ADEOS_NR_APIC_IDS)
		adeos_pool_add_cpu(id);
	if (!cpus_given)
		return;
	for_each_set_bit(id, root_cpus, ADEOS_NR_APIC_IDS)
		if (!test_bit(id, phys_cpu_present_map))
			pr_warn("adeos: vnode_cpus=: there is no CPU with APIC ID %u\n", id);
}

/* Ranges that somebody has reserved, wherever they are */
static struct region_set reserved __initdata;

/* While memblock is still there */
static int __init root_note_reserved(void)
{
	phys_addr_t start, end;
	u64 i;

	for_each_reserved_mem_range(i, &start, &end)
		if (is_root && region_add(&reserved, start & PAGE_MASK, PAGE_ALIGN(end)))
			pr_warn("adeos: too many reserved ranges; [mem %pa-%pa] may be given away\n",
				&start, &end);
	return 0;
}
early_initcall(root_note_reserved);

/*
 * The pool: RAM by the firmware's word that is nothing by the root's, and that
 * nobody has reserved: memblock, and through it EFI, knows ranges above mem= that
 * no table of RAM has.
 */
static void __init root_init_memory(void)
{
	struct e820_entry *e;
	u64 end, ram_end = 0;
	int i;

	for (i = 0; i < e820_table_firmware->nr_entries; i++) {
		e = &e820_table_firmware->entries[i];
		if (e->type != E820_TYPE_RAM)
			continue;
		if (e->addr < SZ_4G)
			ram_end = max(ram_end, e->addr + e->size);
		/* A vnode's kernel starts where physical is linear. */
		end = min_t(u64, e->addr + e->size, PAGE_OFFSET);
		if (e->addr < end)
			adeos_pool_add_memory(PAGE_ALIGN(e->addr), end & PAGE_MASK);
	}
	for (i = 0; i < e820_table->nr_entries; i++) {
		e = &e820_table->entries[i];
		if (e->type == E820_TYPE_RAM)
			adeos_pool_add_root(e->addr, e->addr + e->size);
		adeos_pool_remove_memory(e->addr & PAGE_MASK,
					 PAGE_ALIGN(e->addr + e->size));
	}
	for (i = 0; i < reserved.nr; i++)
		adeos_pool_remove_memory(reserved.r[i].start, reserved.r[i].end);
	adeos_pool_remove_memory(0, SZ_1M);

	/* Linux takes the largest gap for PCI: what it does not know is RAM. */
	if (IS_ENABLED(CONFIG_PCI) && ram_end < SZ_4G)
		pci_mem_start = max_t(u64, pci_mem_start, ram_end);
}

/*
 * What the firmware has set up for itself in LVTTHMR, which INIT masks; 0 if it has
 * not.  Linux itself leaves only an SMI there (SDM vol. 3, 12.5.1).
 */
static u32 __init root_thermal(void)
{
	u32 lvt = lapic_get_maxlvt() >= 5 ? apic_read(APIC_LVTTHMR) : 0;

	return (lvt & APIC_MODE_MASK) == APIC_DM_SMI ? lvt : 0;
}

/* Before Linux starts a CPU: no other one runs anything, and nobody sends it an interrupt. */
static int __init root_init_apic(void)
{
	static DECLARE_BITMAP(others, ADEOS_NR_APIC_IDS) __initdata;

	if (!is_root)
		return 0;
	if (adeos_nr_low_pages)
		adeos_park_init(root_thermal());
	bitmap_or(others, pool_cpus, phys_cpu_present_map, ADEOS_NR_APIC_IDS);
	__clear_bit(read_apic_id(), others);
	adeos_apic_choose(others);
	return 0;
}
early_initcall(root_init_apic);

/* Before PCI hands out what it takes for free address space. */
static int __init root_init(void)
{
	struct commons *commons;
	int ret;

	if (!is_root)
		return 0;
	if (!adeos_nr_low_pages) {
		pr_err("adeos: no memory below 1 MiB: no vnode can be started\n");
		return -ENOMEM;
	}
	if (!tsc_khz) {
		pr_err("adeos: the TSC is not usable: no vnode can be started\n");
		return -ENODEV;
	}
	root_init_cpus();
	root_init_memory();
	if (!adeos_pool_init(&commons)) {
		ret = adeos_node_init_root(commons);
		if (ret)
			return ret;
	}
	return adeos_vnode_init();
}
arch_initcall(root_init);

/*
 * CPUs that the firmware has left waiting for a SIPI would be shut down by a
 * broadcast machine check, and the machine with them: they are parked at once.
 */
static int __init root_park_pool(void)
{
	unsigned int id, i, nr = 0;
	u32 *ids;

	if (!is_root || !adeos_nr_low_pages || bitmap_empty(pool_cpus, ADEOS_NR_APIC_IDS))
		return 0;
	ids = kmalloc_array(ADEOS_NR_APIC_IDS, sizeof(*ids), GFP_KERNEL);
	if (!ids)
		return -ENOMEM;
	for_each_set_bit(id, pool_cpus, ADEOS_NR_APIC_IDS)
		ids[nr++] = id;
	if (adeos_cpu_park(ids, nr)) {
		mutex_lock(&adeos_lock);
		for (i = 0; i < nr; i++)
			if (!adeos_cpu_answered(ids[i]))
				adeos_pool_lose_cpu(ids[i]);
		mutex_unlock(&adeos_lock);
	}
	kfree(ids);
	return 0;
}
late_initcall(root_park_pool);

/**
 * adeos_arch_fill_page() - tell a vnode about the machine
 * @page: its page, with what the vnode owns filled in
 * @low_page: number of the low page lent to it
 *
 * Context: process, adeos_lock held.
 */
void adeos_arch_fill_page(struct adeos_page *page, unsigned int low_page)
{
	page->magic = ADEOS_PAGE_MAGIC;
	page->abi = ADEOS_ABI;
	page->root_apic_id = cpuid_to_apicid[0];
	page->trampoline = adeos_low_pages + low_page * PAGE_SIZE;
	page->tsc_khz = tsc_khz;
	page->nr_slots = adeos_pool_nr_slots();
	page->physical = adeos_apic_physical();
	page->lapic_khz = mul_u64_u32_div(lapic_timer_period, HZ, 1000);
	if (boot_cpu_has(X86_FEATURE_TSC_ADJUST))
		rdmsrl_safe_on_cpu(0, MSR_IA32_TSC_ADJUST, &page->tsc_adjust);
	adeos_cmci_tell(page);
	adeos_clock_publish(page);
}

/**
 * adeos_arch_core_shift() - from an APIC ID to the number of its core
 *
 * Linux has it by CPUID on the boot CPU, also for CPUs that it does not start.
 *
 * Return: how many bits to shift it by.
 */
u32 adeos_arch_core_shift(void)
{
	return x86_topo_system.dom_shifts[TOPO_SMT_DOMAIN];
}

/**
 * adeos_listen() - have a function called when a vnode rings
 * @ring: the function; called in hard interrupt context
 */
void adeos_listen(void (*ring)(void))
{
	x86_platform_ipi_callback = ring;
}
