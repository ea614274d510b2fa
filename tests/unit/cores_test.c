// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/mem/cores.c: which CPUs of which machines share a core with somebody else's.
 */
#include "mem/cores.h"
#include "tap.h"

#define IDS	16
#define NONE	ADEOS_CPU_NONE
#define FREE	ADEOS_CPU_FREE

int main(void)
{
	/* Two threads a core; a package of three cores, and one hole in the second one */
	s16 owner[IDS] = { 0, 0, 1, 1, FREE, FREE, NONE, NONE, 2, FREE, FREE, NONE, 3, 4, NONE, 3 };
	u32 id;
	int none = 1;

	ok(cores_split(owner, IDS, 1, 0) == -1 && cores_split(owner, IDS, 1, 1) == -1,
	   "the root's whole core");
	ok(cores_split(owner, IDS, 1, 2) == -1 && cores_split(owner, IDS, 1, 3) == -1,
	   "a vnode's whole core");
	ok(cores_split(owner, IDS, 1, 8) == 9 && cores_split(owner, IDS, 1, 9) == 8,
	   "a vnode and the pool share one: each sees the other");
	ok(cores_split(owner, IDS, 1, 10) == -1, "a sibling that does not exist is nobody's");
	ok(cores_split(owner, IDS, 1, 12) == 13 && cores_split(owner, IDS, 1, 13) == 12,
	   "two vnodes share one");
	ok(cores_split(owner, IDS, 1, 15) == -1, "the last one, whose sibling is a hole");
	ok(cores_split(owner, IDS, 2, 12) == 13 && cores_split(owner, IDS, 2, 15) == 13 &&
	   cores_split(owner, IDS, 2, 10) == 8 && cores_split(owner, IDS, 2, 4) == -1,
	   "four threads a core");
	ok(cores_split(owner, IDS - 3, 2, 12) == -1, "nothing is read behind the end");
	for (id = 0; id < IDS; id++)
		if (owner[id] != NONE && cores_split(owner, IDS, 0, id) != -1)
			none = 0;
	ok(none, "without hyperthreads, no CPU shares a core");
	printf("1..%u\n", tests);
	return failures != 0;
}
