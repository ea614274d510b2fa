// SPDX-License-Identifier: GPL-2.0
/*
 * How interrupts find a CPU on this machine.
 *
 * The manual gives xAPIC two ways: a logical ID, of which cluster mode is one kind,
 * and the APIC ID, called a physical destination (SDM vol. 3, 10.6.2).  By cluster
 * mode, one write interrupts several CPUs; but it is documented for few processors,
 * firmware may forbid it, and chipsets and emulators have it wrong.  So the root
 * tries it while it boots, when all other CPUs are idle; if it does not work, all
 * kernels on the machine use physical destinations.
 *
 * That is a matter of what kernels send each other and themselves.  The interrupt of a
 * device has one CPU as its destination, which is always a physical one.
 */
#include <linux/acpi.h>
#include <linux/bitmap.h>
#include <linux/cpufeature.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/string.h>

#include <asm/apic.h>

#include "park.h"
#include "selftest.h"
#include "x86.h"

/* How often CPUs are reset until they answer, a tenth of a second each */
#define TRIES		10
#define TRIES_EMULATED	100

/* How long an interrupt may be under way, us: nothing, if the manual is right */
#define DELIVERY	1000

static u32 ids[SELFTEST_CPUS] __initdata;	/* who takes part now, by APIC ID */
static char fault[64] __initdata;

static enum { BY_TEST, BY_PARAM_CLUSTER, BY_PARAM_PHYSICAL } choice __initdata;

static int __init parse_vnode_apic(char *arg)
{
	if (adeos_is_vnode())
		return 0;
	if (arg && !strcmp(arg, "cluster")) {
		choice = BY_PARAM_CLUSTER;
	} else if (arg && !strcmp(arg, "physical")) {
		choice = BY_PARAM_PHYSICAL;
	} else {
		pr_err("adeos: vnode_apic=%s: expected cluster or physical\n", arg ? arg : "");
		return -EINVAL;
	}
	return 0;
}
early_param("vnode_apic", parse_vnode_apic);

static unsigned int __init tries(void)
{
	return boot_cpu_has(X86_FEATURE_HYPERVISOR) ? TRIES_EMULATED : TRIES;
}

/* What the boot CPU has received; the others tell it themselves. */
static u64 __init own_irr(void)
{
	u32 reg = APIC_IRR + SELFTEST_VECTOR / 32 * 0x10;

	return apic_read(reg) | (u64)apic_read(reg + 0x10) << 32;
}

static u64 __init irr_of(u32 apic_id)
{
	u64 got;

	memcpy(&got, adeos_park_page() + PARK_GOT + sizeof(got) * apic_id, sizeof(got));
	return got;
}

static bool __init is_good(u32 apic_id, u64 got, u64 own)
{
	switch (selftest_judge(got, own)) {
	case SELFTEST_LOST:
		snprintf(fault, sizeof(fault), "CPU %u did not get its interrupt", apic_id);
		return false;
	case SELFTEST_STRAY:
		snprintf(fault, sizeof(fault), "CPU %u got another's interrupt", apic_id);
		return false;
	default:
		return true;
	}
}

/* Sends each of the CPUs its interrupt.  Return: what the boot CPU got of that. */
static u64 __init send_all(unsigned int nr, const unsigned long *ready)
{
	unsigned long flags = adeos_hard_save();
	u64 got = own_irr();
	unsigned int n;
	u32 slot;

	for_each_set_bit(n, ready, nr) {
		slot = selftest_slot(n);
		apic_icr_write(APIC_DM_FIXED | APIC_DEST_LOGICAL | (SELFTEST_VECTOR + slot),
			       selftest_logical_id(slot));
		safe_apic_wait_icr_idle();
	}
	udelay(DELIVERY);
	got = own_irr() & ~got;
	adeos_hard_restore(flags);
	return got;
}

/*
 * CPUs 1 to @nr - 1 of ids[].  The boot CPU is ids[0]: no other CPU is there that could
 * send it an interrupt of its own, but it must not get another's.
 */
static bool __init test_some(unsigned int nr)
{
	u8 *page = adeos_park_page();
	DECLARE_BITMAP(ready, SELFTEST_CPUS) = { };
	unsigned int n, wait;
	u64 stray;

	for (n = 1; n < nr; n++)
		WRITE_ONCE(page[PARK_LOGICAL + ids[n]], selftest_logical_id(selftest_slot(n)));
	adeos_park_reset(ids + 1, nr - 1, tries());
	/* Who does not answer at all is no fault of the mode. */
	for (n = 1; n < nr; n++)
		if (adeos_cpu_answered(ids[n]))
			__set_bit(n, ready);
	stray = send_all(nr, ready);
	/* Now they tell what they have. */
	for (n = 1; n < nr; n++)
		WRITE_ONCE(page[PARK_LOGICAL + ids[n]], 0);
	if (!is_good(ids[0], stray, 0))
		return false;
	for_each_set_bit(n, ready, nr) {
		for (wait = 0; READ_ONCE(page[PARK_ANSWERS + ids[n]]) != PARK_TOLD; wait++) {
			if (wait == 100 * tries()) {
				snprintf(fault, sizeof(fault), "CPU %u answers no more", ids[n]);
				return false;
			}
			usleep_range(1000, 2000);
		}
		if (!is_good(ids[n], irr_of(ids[n]), BIT_ULL(selftest_slot(n))))
			return false;
	}
	return true;
}

/* As many at once as there are slots besides the boot CPU's */
static bool __init test_all(const unsigned long *others)
{
	unsigned int id, nr = 1;

	ids[0] = read_apic_id();
	for_each_set_bit(id, others, ADEOS_NR_APIC_IDS) {
		ids[nr++] = id;
		if (nr < SELFTEST_CPUS)
			continue;
		if (!test_some(nr))
			return false;
		nr = 1;
	}
	return nr == 1 || test_some(nr);
}

static bool __init firmware_wants_physical(void)
{
#ifdef CONFIG_ACPI
	return acpi_gbl_FADT.header.revision >= FADT2_REVISION_ID &&
		acpi_gbl_FADT.flags & ACPI_FADT_APIC_PHYSICAL;
#else
	return false;
#endif
}

/* The root's, and one for each vnode of a single CPU */
static unsigned int __init clusters_needed(const unsigned long *others)
{
	unsigned int pool = bitmap_weight(others, ADEOS_NR_APIC_IDS) + 1 - num_present_cpus();

	return DIV_ROUND_UP(nr_cpu_ids, ADEOS_CLUSTER_CPUS) + pool;
}

/* Why destinations must be physical; NULL: they need not. */
static const char * __init why_physical(const unsigned long *others)
{
	if (firmware_wants_physical())
		return "the firmware's FADT asks for them";
	if (clusters_needed(others) > ADEOS_CLUSTERS)
		return "a vnode for each CPU would need more than 15 clusters";
	if (!adeos_nr_low_pages)
		return "cluster destinations cannot be tested";
	return test_all(others) ? NULL : fault;
}

/**
 * adeos_apic_choose() - find out how interrupts find a CPU on this machine
 * @others: APIC IDs of all CPUs but the boot CPU; all wait for a SIPI, or have nothing
 *	better to do
 *
 * On return, those that took part are parked.  The next INIT undoes what is left of the
 * test in their APICs.
 *
 * Context: __init, the root, process, may sleep; before Linux starts another CPU.  The
 * parking page is there.
 */
void __init adeos_apic_choose(const unsigned long *others)
{
	const char *why = choice == BY_TEST ? why_physical(others) :
						  "the command line asks for them";

	if (nr_cpu_ids > ADEOS_CLUSTERS * ADEOS_CLUSTER_CPUS) {
		choice = BY_PARAM_PHYSICAL;
		why = "the root has more CPUs than 15 clusters";
	}
	if (choice == BY_PARAM_PHYSICAL || (choice == BY_TEST && why))
		adeos_apic_set_physical();
	pr_info("adeos: APIC: %s destinations%s%s\n",
		adeos_apic_physical() ? "physical" : "cluster", why ? ": " : "", why ?: "");
}
