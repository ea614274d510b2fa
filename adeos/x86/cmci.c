// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of corrected machine checks, and who has them.
 *
 * A bank of machine check registers may be a thread's, a core's or a package's, which no
 * register tells.  So software claims a bank by IA32_MCi_CTL2.CMCI_EN, and leaves alone
 * what it finds claimed (SDM vol. 3, 16.5.2.1); Linux does, and neither polls such a bank
 * nor is interrupted by it.  INIT changes none of that (SDM vol. 3, table 10-1): a CPU that
 * was taken back from a vnode has left banks claimed that nobody looks at any more.
 *
 * To clear the bit in all banks of a CPU when it is parked would be wrong, for a bank of
 * the package may be the root's, or another vnode's, which goes on.  So a vnode tells in
 * its page which banks each of its CPUs has claimed itself: those that were not claimed
 * when the CPU started, and are after Linux has claimed its own.  The root keeps that when
 * the vnode has ended.  The next vnode on this CPU releases them, before Linux looks there.
 *
 * A CPU of a vnode that goes offline releases what it has, and another one claims it.
 * What the first one has told stays true of the bank, which the two share.
 */
#include <linux/bits.h>
#include <linux/cpuhotplug.h>
#include <linux/cpufeature.h>
#include <linux/init.h>

#include <asm/mce.h>
#include <asm/msr.h>

#include "cmci.h"
#include "x86.h"

/* For each CPU of this vnode, by its place in the page: */
static bool seen[ADEOS_MAX_CPUS];	/* it has started */
static u32 before[ADEOS_MAX_CPUS];	/* banks that were claimed when it did */
static u32 taken[ADEOS_MAX_CPUS];	/* what it has claimed since the vnode boots */

/* What the last vnode has left on each CPU; the root, adeos_lock held */
static u32 left[ADEOS_NR_APIC_IDS];

/* A CPU's place in the vnode page; ADEOS_MAX_CPUS: the page does not have it. */
static unsigned int place_of(u32 apic_id)
{
	unsigned int n = 0;

	while (n < ADEOS_MAX_CPUS && READ_ONCE(adeos_own_slot->page.cpus[n]) != apic_id)
		n++;
	return n;
}

/* The banks that can be claimed on this CPU */
static u32 banks_here(void)
{
	u64 cap;

	if (!boot_cpu_has(X86_FEATURE_MCA))
		return 0;
	rdmsrl(MSR_IA32_MCG_CAP, cap);
	return cmci_banks(cap);
}

/* Which of them are, by this CPU or by others that share a bank with it */
static u32 claimed(unsigned long banks)
{
	u32 found = 0;
	unsigned int i;
	u64 val;

	for_each_set_bit(i, &banks, CMCI_BANKS) {
		rdmsrl(MSR_IA32_MCx_CTL2(i), val);
		if (val & MCI_CTL2_CMCI_EN)
			found |= BIT(i);
	}
	return found;
}

static void release(unsigned long banks)
{
	unsigned int i;
	u64 val;

	for_each_set_bit(i, &banks, CMCI_BANKS) {
		rdmsrl(MSR_IA32_MCx_CTL2(i), val);
		wrmsrl(MSR_IA32_MCx_CTL2(i), val & ~MCI_CTL2_CMCI_EN);
	}
}

/**
 * adeos_cmci_start() - release the banks that the last vnode has left claimed
 * @apic_id: this CPU
 *
 * Context: a vnode; a CPU that starts, before Linux sets up machine checks there.
 */
void adeos_cmci_start(u32 apic_id)
{
	struct adeos_page *page = &adeos_own_slot->page;
	unsigned int n = place_of(apic_id);
	u32 banks = banks_here();

	if (n == ADEOS_MAX_CPUS)
		return;
	/* Once: what it tells when it starts for the second time is its own. */
	if (!seen[n]) {
		seen[n] = true;
		release(cmci_released(claimed(banks), READ_ONCE(page->cmci[n])));
	}
	before[n] = claimed(banks);
	/* Linux is about to claim all that it can. */
	WRITE_ONCE(page->cmci[n], taken[n] | cmci_taken(before[n], banks));
}

/* A CPU of the vnode is up, and Linux has claimed what it wants. */
static int cmci_online(unsigned int cpu)
{
	unsigned int n = place_of(adeos_apic_id(cpu));

	if (n == ADEOS_MAX_CPUS)
		return 0;
	taken[n] |= cmci_taken(before[n], claimed(banks_here()));
	WRITE_ONCE(adeos_own_slot->page.cmci[n], taken[n]);
	return 0;
}

static int __init cmci_init(void)
{
	int ret;

	if (!adeos_is_vnode())
		return 0;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "adeos/cmci:online", cmci_online, NULL);
	return min(ret, 0);
}
arch_initcall(cmci_init);

/**
 * adeos_cmci_tell() - tell a vnode what was left on its CPUs
 * @page: its page, with its CPUs filled in
 *
 * Context: the root, process, adeos_lock held.
 */
void adeos_cmci_tell(struct adeos_page *page)
{
	unsigned int i;

	for (i = 0; i < page->nr_cpus; i++)
		page->cmci[i] = left[page->cpus[i]];
}

/**
 * adeos_arch_vnode_died() - keep what a vnode has left on its CPUs
 * @page: its page; nobody writes to it any more
 * @cpus: their APIC IDs
 * @nr: how many
 *
 * A vnode that tells lies makes another one release a bank that it could release itself.
 *
 * Context: the root, process, adeos_lock held; the CPUs are parked.
 */
void adeos_arch_vnode_died(const struct adeos_page *page, const u32 *cpus, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		left[cpus[i]] = READ_ONCE(page->cmci[i]);
}
