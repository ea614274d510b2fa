// SPDX-License-Identifier: GPL-2.0
/*
 * The APIC driver of every kernel on the machine, the root's included: xAPIC
 * logical cluster addressing (paper: "Interrupt management"; SDM vol. 3,
 * 10.6.2.2), or physical destinations where that does not work: selftest.c.
 *
 * Linux's default driver gives CPU n of each kernel the logical ID 1 << n, so
 * that an interrupt for one vnode would reach them all.  Here, each cluster of
 * up to four CPUs belongs to one vnode.  No shorthand but "self" is ever used:
 * the others would reach the whole machine.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/smp.h>

#include <asm/apic.h>
#include <asm/irq_vectors.h>

#include "core.h"
#include "x86.h"
#include "local.h"

/* Of this kernel's CPUs, by their numbers in it */
static u16 slots[NR_CPUS] __ro_after_init;
static u32 dests[NR_CPUS] __ro_after_init;	/* logical IDs or, if physical, APIC IDs */
static bool installed __ro_after_init;
static bool physical __ro_after_init;

/**
 * adeos_cpu_slot() - the slot of a CPU, which is its number in the machine
 * @cpu: its number in this kernel
 *
 * Context: any.
 */
noinstr u32 adeos_cpu_slot(unsigned int cpu)
{
	return slots[cpu];
}

/**
 * adeos_cpu_dest() - the destination of interrupts for a CPU
 * @cpu: its number in this kernel
 *
 * Context: any.
 */
u32 adeos_cpu_dest(unsigned int cpu)
{
	return dests[cpu];
}

/**
 * adeos_apic_id() - APIC ID of a CPU
 * @cpu: its number in this kernel
 *
 * Context: any.
 * Return: ADEOS_NR_APIC_IDS or more if there is no such CPU.
 */
noinstr u32 adeos_apic_id(unsigned int cpu)
{
	return cpuid_to_apicid[cpu];
}

static void send(u32 dest, int vector)
{
	__default_send_IPI_dest_field(dest, vector,
				      physical ? APIC_DEST_PHYSICAL : APIC_DEST_LOGICAL);
}

/* One write to the ICR interrupts all CPUs of a cluster. */
static bool is_one_write(u32 dest, u32 other)
{
	return !physical && dest >> 4 == other >> 4;
}

static void send_mask(const struct cpumask *mask, int vector, int except)
{
	unsigned long flags;
	unsigned int cpu;
	bool any = false;
	u32 dest = 0;

	local_irq_save(flags);
	for_each_cpu(cpu, mask) {
		if (cpu == except)
			continue;
		if (any && !is_one_write(dest, dests[cpu])) {
			send(dest, vector);
			dest = 0;
		}
		dest |= dests[cpu];
		any = true;
	}
	if (any)
		send(dest, vector);
	local_irq_restore(flags);
}

static void cluster_send_IPI(int cpu, int vector)
{
	unsigned long flags;

	local_irq_save(flags);
	send(dests[cpu], vector);
	local_irq_restore(flags);
}

static void cluster_send_IPI_mask(const struct cpumask *mask, int vector)
{
	send_mask(mask, vector, -1);
}

static void cluster_send_IPI_mask_allbutself(const struct cpumask *mask, int vector)
{
	send_mask(mask, vector, raw_smp_processor_id());
}

static void cluster_send_IPI_allbutself(int vector)
{
	send_mask(cpu_online_mask, vector, raw_smp_processor_id());
}

static void cluster_send_IPI_all(int vector)
{
	send_mask(cpu_online_mask, vector, -1);
}

static void cluster_send_IPI_self(int vector)
{
	if (!adeos_log_self(vector))
		default_send_IPI_self(vector);
}

static void cluster_init_ldr(void)
{
	apic_write(APIC_DFR, APIC_DFR_CLUSTER);
	apic_write(APIC_LDR, SET_APIC_LOGICAL_ID(physical ? 0 : dests[raw_smp_processor_id()]));
}

static u32 cluster_get_apic_id(u32 x)
{
	return x >> 24;
}

static struct apic apic_cluster __ro_after_init = {
	.name				= "adeos cluster",
	.dest_mode_logical		= false,	/* of devices: one CPU */

	.init_apic_ldr			= cluster_init_ldr,
	.cpu_present_to_apicid		= default_cpu_present_to_apicid,

	.max_apic_id			= ADEOS_NR_APIC_IDS - 1,
	.get_apic_id			= cluster_get_apic_id,

	.calc_dest_apicid		= adeos_apic_id,

	.send_IPI			= cluster_send_IPI,
	.send_IPI_mask			= cluster_send_IPI_mask,
	.send_IPI_mask_allbutself	= cluster_send_IPI_mask_allbutself,
	.send_IPI_allbutself		= cluster_send_IPI_allbutself,
	.send_IPI_all			= cluster_send_IPI_all,
	.send_IPI_self			= cluster_send_IPI_self,

	.read				= native_apic_mem_read,
	.write				= native_apic_mem_write,
	.eoi				= native_apic_mem_eoi,
	.icr_read			= native_apic_icr_read,
	.icr_write			= native_apic_icr_write,
	.wait_icr_idle			= apic_mem_wait_icr_idle,
	.safe_wait_icr_idle		= apic_mem_wait_icr_idle_timeout,
};

/**
 * adeos_apic_set_cpus() - choose the driver, and say where this kernel's CPUs are
 * @slot: their slots, in the order in which Linux numbers them
 * @dest: destinations of interrupts for them
 * @nr: how many
 *
 * Context: __init, before x86_32_probe_apic().
 */
void __init adeos_apic_set_cpus(const u16 *slot, const u32 *dest, unsigned int nr)
{
	nr = min(nr, ARRAY_SIZE(dests));
	memcpy(slots, slot, nr * sizeof(*slot));
	memcpy(dests, dest, nr * sizeof(*dest));
	installed = true;
}

/**
 * adeos_apic_set_root() - choose the driver in the root, which numbers the CPUs
 *
 * Its CPUs have the first slots, and clusters.  For more than those have room for,
 * adeos_apic_choose() chooses physical destinations, before one of them is started.
 *
 * Context: __init, before x86_32_probe_apic().
 */
void __init adeos_apic_set_root(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < ARRAY_SIZE(dests); cpu++) {
		slots[cpu] = cpu;
		dests[cpu] = cpu / ADEOS_CLUSTER_CPUS << 4 | 1 << cpu % ADEOS_CLUSTER_CPUS;
	}
	installed = true;
}

/**
 * adeos_apic_set_physical() - send to physical destinations instead of clusters
 *
 * Context: __init, before an interrupt is sent to another CPU; in the root, when Linux
 * has numbered its CPUs.
 */
void __init adeos_apic_set_physical(void)
{
	unsigned int cpu;

	physical = true;
	apic_cluster.name = "adeos physical";
	/* A vnode was told. */
	for (cpu = 0; !adeos_is_vnode() && cpu < ARRAY_SIZE(dests); cpu++)
		dests[cpu] = adeos_apic_id(cpu);
}

/**
 * adeos_apic_physical() - does the machine use physical destinations?
 *
 * Context: any.
 */
bool adeos_apic_physical(void)
{
	return physical;
}

/**
 * adeos_installs_apic() - is the nanokernel's APIC driver in use?
 *
 * Installs it on the first call that is early enough.
 *
 * Context: __init.
 */
bool __init adeos_installs_apic(void)
{
	if (installed && apic != &apic_cluster)
		apic_install_driver(&apic_cluster);
	return installed;
}

/**
 * adeos_doorbell_ring() - make another vnode look at its vnode page
 * @apic_id: one of its CPUs
 *
 * Context: any.
 */
void adeos_doorbell_ring(u32 apic_id)
{
	unsigned long flags;

	local_irq_save(flags);
	__default_send_IPI_dest_field(apic_id, X86_PLATFORM_IPI_VECTOR,
				      APIC_DEST_PHYSICAL);
	local_irq_restore(flags);
}

/**
 * adeos_portal_interrupt() - send the interrupt of portals
 * @slot: slot of the CPU that is to take it, below COMMONS_CPUS
 *
 * Its destination is in the commons, where anybody can write.  A wrong one costs an
 * interrupt, and sends a CPU another one that it ignores; a broadcast it cannot be.
 *
 * Context: any; there are commons.
 * Return: false if there is no such destination.
 */
bool adeos_portal_interrupt(u32 slot)
{
	u32 dest = READ_ONCE(adeos_commons()->cpu[slot].dest);

	if (physical ? dest >= ADEOS_NR_APIC_IDS : !(dest & 0xf) || dest >> 4 >= ADEOS_CLUSTERS)
		return false;
	send(dest, ADEOS_PORTAL_VECTOR);
	return true;
}

/* Destinations of vnodes; in the root, with adeos_lock held */
static DECLARE_BITMAP(clusters_used, ADEOS_CLUSTERS);

/**
 * adeos_arch_take_dests() - choose how a vnode's CPUs are interrupted
 * @apic_ids: its CPUs
 * @dest: where to store the destinations
 * @nr: how many
 * @err: what was wrong
 *
 * Four CPUs share a cluster; no other vnode's do.
 *
 * Context: process, adeos_lock held.
 * Return: 0 or negative errno.
 */
int adeos_arch_take_dests(const u32 *apic_ids, u32 *dest, unsigned int nr,
			  struct adeos_error *err)
{
	unsigned int root = DIV_ROUND_UP(nr_cpu_ids, ADEOS_CLUSTER_CPUS);
	unsigned int i, want = DIV_ROUND_UP(nr, ADEOS_CLUSTER_CPUS), cluster = 0;

	if (physical) {
		memcpy(dest, apic_ids, nr * sizeof(*dest));
		return 0;
	}
	if (root + bitmap_weight(clusters_used, ADEOS_CLUSTERS) + want > ADEOS_CLUSTERS)
		return adeos_fail(err, -ENOSPC,
			"%u CPUs need %u of the machine's %u APIC clusters, more than are free: expected a root that was booted with vnode_apic=physical",
			nr, want, ADEOS_CLUSTERS);
	for (i = 0; i < nr; i++) {
		if (i % ADEOS_CLUSTER_CPUS == 0) {
			cluster = find_next_zero_bit(clusters_used, ADEOS_CLUSTERS, root);
			__set_bit(cluster, clusters_used);
		}
		dest[i] = cluster << 4 | 1 << i % ADEOS_CLUSTER_CPUS;
	}
	return 0;
}

/**
 * adeos_arch_give_dests() - give them back
 * @dest: the destinations
 * @nr: as they were taken
 *
 * Context: process, adeos_lock held.
 */
void adeos_arch_give_dests(const u32 *dest, unsigned int nr)
{
	unsigned int i;

	for (i = 0; !physical && i < nr; i += ADEOS_CLUSTER_CPUS)
		__clear_bit(dest[i] >> 4, clusters_used);
}
