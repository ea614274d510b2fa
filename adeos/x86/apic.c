// SPDX-License-Identifier: GPL-2.0
/*
 * The APIC driver of every kernel on the machine, the root's included: xAPIC
 * logical cluster addressing (paper: "Interrupt management"; SDM vol. 3,
 * 10.6.2.2).
 *
 * Linux's default driver gives CPU n of each kernel the logical ID 1 << n, so
 * that an interrupt for one vnode would reach them all.  Here, each cluster of
 * up to four CPUs belongs to one vnode.  No shorthand but "self" is ever used:
 * the others would reach the whole machine.
 */
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/smp.h>

#include <asm/apic.h>
#include <asm/irq_vectors.h>

#include "x86.h"
#include "local.h"

static u32 clusters[ADEOS_MAX_CLUSTERS] __ro_after_init;
static bool installed __ro_after_init;

/**
 * adeos_logical_id() - logical APIC ID of a CPU
 * @cpu: its number in this kernel
 *
 * Context: any.
 */
noinstr u32 adeos_logical_id(unsigned int cpu)
{
	return clusters[cpu / ADEOS_CLUSTER_CPUS] << 4 |
		1 << (cpu % ADEOS_CLUSTER_CPUS);
}

/* All CPUs of a cluster are reached by one write to the ICR. */
static void send_mask(const struct cpumask *mask, int vector, int except)
{
	unsigned long flags;
	unsigned int cpu, next, dest;

	local_irq_save(flags);
	for (cpu = cpumask_first(mask); cpu < nr_cpu_ids; cpu = next) {
		dest = 0;
		for (next = cpu; next < nr_cpu_ids; next = cpumask_next(next, mask)) {
			if (next / ADEOS_CLUSTER_CPUS != cpu / ADEOS_CLUSTER_CPUS)
				break;
			if (next != except)
				dest |= adeos_logical_id(next);
		}
		if (dest)
			__default_send_IPI_dest_field(dest, vector,
						      APIC_DEST_LOGICAL);
	}
	local_irq_restore(flags);
}

static void cluster_send_IPI(int cpu, int vector)
{
	unsigned long flags;

	local_irq_save(flags);
	__default_send_IPI_dest_field(adeos_logical_id(cpu), vector, APIC_DEST_LOGICAL);
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
	apic_write(APIC_LDR, SET_APIC_LOGICAL_ID(adeos_logical_id(raw_smp_processor_id())));
}

static u32 cluster_get_apic_id(u32 x)
{
	return x >> 24;
}

static struct apic apic_cluster __ro_after_init = {
	.name				= "adeos cluster",
	.dest_mode_logical		= true,

	.init_apic_ldr			= cluster_init_ldr,
	.cpu_present_to_apicid		= default_cpu_present_to_apicid,

	.max_apic_id			= ADEOS_NR_APIC_IDS - 1,
	.get_apic_id			= cluster_get_apic_id,

	.calc_dest_apicid		= adeos_logical_id,

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
 * adeos_apic_set_clusters() - choose the driver, and this kernel's clusters
 * @nr: cluster numbers, one for each four CPUs
 * @nr_cpus: how many CPUs this kernel can have at most
 *
 * Context: __init, before x86_32_probe_apic().
 */
void __init adeos_apic_set_clusters(const u32 *nr, unsigned int nr_cpus)
{
	unsigned int i;

	for (i = 0; i < DIV_ROUND_UP(nr_cpus, ADEOS_CLUSTER_CPUS); i++)
		clusters[i] = nr[i];
	installed = true;
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
 * @dest: logical APIC ID of the CPUs that are to take it
 *
 * Context: any.
 */
void adeos_portal_interrupt(u32 dest)
{
	__default_send_IPI_dest_field(dest, ADEOS_PORTAL_VECTOR, APIC_DEST_LOGICAL);
}
