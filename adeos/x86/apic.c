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
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/smp.h>

#include <asm/apic.h>
#include <asm/irq_vectors.h>

#include "core.h"
#include "x86.h"
#include "local.h"

static u32 clusters[ADEOS_MAX_CLUSTERS] __ro_after_init;
static bool installed __ro_after_init;
static bool physical __ro_after_init;	/* destinations are APIC IDs */

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

static void send_mask(const struct cpumask *mask, int vector, int except)
{
	unsigned long flags;
	unsigned int cpu, next;
	u32 dest = 0;

	local_irq_save(flags);
	for (cpu = cpumask_first(mask); cpu < nr_cpu_ids; cpu = next) {
		next = cpumask_next(cpu, mask);
		if (physical) {
			if (cpu != except)
				send(adeos_apic_id(cpu), vector);
			continue;
		}
		if (cpu != except)
			dest |= adeos_logical_id(cpu);
		/* All CPUs of a cluster are reached by one write to the ICR. */
		if (next < nr_cpu_ids && next / ADEOS_CLUSTER_CPUS == cpu / ADEOS_CLUSTER_CPUS)
			continue;
		if (dest)
			send(dest, vector);
		dest = 0;
	}
	local_irq_restore(flags);
}

static void cluster_send_IPI(int cpu, int vector)
{
	unsigned long flags;

	local_irq_save(flags);
	send(physical ? adeos_apic_id(cpu) : adeos_logical_id(cpu), vector);
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
 * adeos_apic_set_physical() - send to physical destinations instead of clusters
 *
 * Logical IDs remain the names of CPUs, by which vnodes know each other's.
 *
 * Context: __init, before an interrupt is sent to another CPU.
 */
void __init adeos_apic_set_physical(void)
{
	physical = true;
	apic_cluster.name = "adeos physical";
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
 * @dest: logical APIC ID of the CPUs that are to take it, 0xff at most
 *
 * Where destinations are physical, the commons tell each CPU's APIC ID.  A wrong one
 * there costs an interrupt, and sends a CPU another one that it takes for nothing.
 *
 * Context: any; there are commons.
 * Return: false if there is no such CPU.
 */
bool adeos_portal_interrupt(u32 dest)
{
	struct commons *c = adeos_commons();
	u32 slot = (dest >> 4) * ADEOS_CLUSTER_CPUS, bits, id;
	bool sent = false;

	if (!physical) {
		send(dest, ADEOS_PORTAL_VECTOR);
		return true;
	}
	for (bits = dest & 0xf; bits; bits &= bits - 1) {
		id = READ_ONCE(c->apic_id[slot + __ffs(bits)]);
		if (id >= ADEOS_NR_APIC_IDS)	/* the next one would be a broadcast */
			continue;
		send(id, ADEOS_PORTAL_VECTOR);
		sent = true;
	}
	return sent;
}
