// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/x86/cmci.h: banks of machine check registers that cores and packages share, and
 * kernels that come and go there.  No emulator has them.
 */
#include "x86/cmci.h"
#include "tap.h"

/*
 * Two packages of two cores of two threads.  Banks 0 and 1 are a thread's, 2 is a core's,
 * 3 is a package's.
 */
#define CPUS	8
#define CAP	0x404		/* MCG_CMCI_P, four banks */

static u8 enabled[CPUS][4];	/* IA32_MCi_CTL2.CMCI_EN */
static int owner[CPUS][4];	/* which kernel is interrupted by it; 0: nobody */
static u32 left[CPUS];		/* what the root knows */

static int unit(int cpu, int bank)
{
	return bank < 2 ? cpu : bank == 2 ? cpu & ~1 : cpu & ~3;
}

static u32 claimed(int cpu)
{
	u32 found = 0;
	int bank;

	for (bank = 0; bank < 4; bank++)
		found |= (u32)enabled[unit(cpu, bank)][bank] << bank;
	return found;
}

/* A kernel starts a CPU: releases what was left, claims what it can, as Linux does, and tells. */
static void start(int kernel, int cpu, int release)
{
	u32 banks = cmci_banks(CAP), before;
	int bank;

	for (bank = 0; release && bank < 4; bank++)
		if (cmci_released(claimed(cpu), left[cpu]) >> bank & 1)
			enabled[unit(cpu, bank)][bank] = 0;
	before = claimed(cpu);
	for (bank = 0; bank < 4; bank++) {
		if (!(banks >> bank & 1) || before >> bank & 1)
			continue;
		enabled[unit(cpu, bank)][bank] = 1;
		owner[unit(cpu, bank)][bank] = kernel;
	}
	left[cpu] = cmci_taken(before, claimed(cpu));
}

/* INIT: the registers stay as they are. */
static void reset(int kernel)
{
	int cpu, bank;

	for (cpu = 0; cpu < CPUS; cpu++)
		for (bank = 0; bank < 4; bank++)
			if (owner[cpu][bank] == kernel)
				owner[cpu][bank] = 0;
}

/* Banks of a CPU that are some kernel's, whose interrupts are also enabled */
static u32 heard(int cpu, int kernel)
{
	u32 found = 0;
	int bank;

	for (bank = 0; bank < 4; bank++)
		if (owner[unit(cpu, bank)][bank] == kernel && enabled[unit(cpu, bank)][bank])
			found |= 1u << bank;
	return found;
}

static void begin(void)
{
	memset(enabled, 0, sizeof(enabled));
	memset(owner, 0, sizeof(owner));
	memset(left, 0, sizeof(left));
	start(1, 0, 1);		/* the root has a core of the first package */
	start(1, 1, 1);
}

static void core_of_the_roots_package(void)
{
	begin();
	start(2, 2, 1);
	start(2, 3, 1);
	ok(heard(2, 2) == 7 && heard(3, 2) == 7 && heard(2, 1) == 8,
	   "a vnode has the banks of its core, and the root that of the package");
	reset(2);
	start(3, 2, 0);
	ok(heard(2, 3) == 0, "the next one finds them claimed, and has none");
	reset(3);

	begin();
	start(2, 2, 1);
	start(2, 3, 1);
	reset(2);
	start(3, 3, 1);
	start(3, 2, 1);
	ok(heard(2, 3) == 7 && heard(3, 3) == 7, "it has them if it releases what was left");
	ok(heard(2, 1) == 8 && heard(0, 1) == 15, "  and the root keeps what it has");
}

static void package_of_vnodes(void)
{
	begin();
	start(2, 4, 1);
	start(2, 5, 1);
	start(3, 6, 1);
	start(3, 7, 1);
	ok(heard(4, 2) == 15 && heard(6, 3) == 7,
	   "of two vnodes in a package, the first has its bank");
	reset(3);
	start(4, 6, 1);
	start(4, 7, 1);
	ok(heard(6, 4) == 7 && heard(6, 2) == 8, "it keeps that when the second is replaced");
	reset(2);
	start(5, 4, 1);
	start(5, 5, 1);
	ok(heard(4, 5) == 15 && heard(6, 4) == 7,
	   "the first is replaced, and the bank is the next one's");
}

static void half_of_a_vnode(void)
{
	begin();
	start(2, 2, 1);
	reset(2);
	start(3, 2, 1);
	reset(3);
	ok(left[2] == 7 && left[3] == 0, "a CPU that was never started has left nothing");
	start(4, 3, 1);
	start(4, 2, 1);
	ok(heard(2, 4) == 7 && (heard(3, 4) & 3) == 3, "whichever of a core's CPUs is the first");
}

int main(void)
{
	ok(cmci_banks(4) == 0, "no bank has it without MCG_CMCI_P");
	ok(cmci_banks(1 << 10) == 0 && cmci_banks(1 << 10 | 1) == 1,
	   "none of no banks, one of one");
	ok(cmci_banks(1 << 10 | 31) == 0x7fffffff, "31");
	ok(cmci_banks(1 << 10 | 32) == ~0u && cmci_banks(1 << 10 | 255) == ~0u, "32 at most");
	ok(cmci_banks(0xf000000000001c16ULL) == 0x3fffff, "a processor with more in that register");
	core_of_the_roots_package();
	package_of_vnodes();
	half_of_a_vnode();
	printf("1..%u\n", tests);
	return failures != 0;
}
