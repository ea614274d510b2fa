// SPDX-License-Identifier: GPL-2.0
/*
 * Whole cores: hyperthreads share caches, microcode, memory type ranges, and with
 * them what one vnode can learn of another.
 *
 * Plain C: tests/unit/cores_test.c runs it in user space.
 */
#include "cores.h"

/**
 * cores_split() - has somebody else a hyperthread of this CPU's core?
 * @owner: whose each APIC ID is; ADEOS_CPU_NONE if there is no such CPU
 * @nr_ids: how many there are
 * @shift: from an APIC ID to the number of its core (SDM vol. 3, 9.9.1)
 * @cpu: the CPU, below @nr_ids
 *
 * Return: APIC ID of one that is not the same owner's, or -1.
 */
int cores_split(const s16 *owner, u32 nr_ids, u32 shift, u32 cpu)
{
	u32 id;

	for (id = cpu >> shift << shift; id < nr_ids && id >> shift == cpu >> shift; id++)
		if (owner[id] != ADEOS_CPU_NONE && owner[id] != owner[cpu])
			return id;
	return -1;
}
