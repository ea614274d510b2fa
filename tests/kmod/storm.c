// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of one vector from every CPU of this kernel to every other one, all
 * at once.  An APIC holds one interrupt of a vector, so those of two senders may become
 * one: a CPU receives at most what was sent.  This logs how many were sent.
 */
#include <linux/adeos.h>
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include <asm/apic.h>

static unsigned int rounds = 1000;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how many interrupts each CPU sends to each other one");

/* One that Linux leaves unused */
#define VECTOR	0xf1

static struct adeos_domain *domain;
static atomic_t sent;

/* How many each CPU has received */
static DEFINE_PER_CPU(u32, received);

static enum adeos_verdict receive(unsigned int vector, void *cookie)
{
	this_cpu_inc(received);
	return ADEOS_END;
}

static void send_to_all(struct work_struct *work)
{
	unsigned int i, cpu, self = raw_smp_processor_id();
	u32 before;

	for (i = 0; i < rounds; i++) {
		for_each_online_cpu(cpu) {
			if (cpu == self)
				continue;
			before = READ_ONCE(per_cpu(received, cpu));
			apic->send_IPI(cpu, VECTOR);
			atomic_inc(&sent);
			while (READ_ONCE(per_cpu(received, cpu)) == before)
				cpu_relax();
		}
		cond_resched();
	}
}

static DEFINE_PER_CPU(struct work_struct, works);

static void run_on_all(void)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		INIT_WORK(per_cpu_ptr(&works, cpu), send_to_all);
		schedule_work_on(cpu, per_cpu_ptr(&works, cpu));
	}
	for_each_online_cpu(cpu)
		flush_work(per_cpu_ptr(&works, cpu));
	cpus_read_unlock();
}

static int __init storm_init(void)
{
	int ret;

	domain = adeos_domain_register("test-storm", 100);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = adeos_domain_take(domain, VECTOR, receive, NULL);
	if (ret) {
		adeos_domain_unregister(domain);
		return ret;
	}
	run_on_all();
	pr_info("adeos: storm: %d sent\n", atomic_read(&sent));
	return 0;
}
module_init(storm_init);

static void __exit storm_exit(void)
{
	adeos_domain_unregister(domain);
}
module_exit(storm_exit);

MODULE_DESCRIPTION("A storm of interrupts among the CPUs of one vnode");
MODULE_LICENSE("GPL");
