// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/x86/selftest.h: which CPU of the APICs' self-test has which slot, and what its
 * interrupt request register tells.
 */
#include "x86/selftest.h"
#include "tap.h"

/* Slots differ, are below 60, and have logical IDs of one bit that no broadcast has. */
static int slots_are_sound(void)
{
	u64 seen = 0;
	u32 n, slot;
	u8 id;

	for (n = 0; n < SELFTEST_CPUS; n++) {
		slot = selftest_slot(n);
		id = selftest_logical_id(slot);
		if (slot >= SELFTEST_CPUS || seen & 1ULL << slot)
			return 0;
		if (id >> 4 != slot / 4 || (id & 0xf) != 1 << slot % 4 || id >> 4 == 0xf)
			return 0;
		seen |= 1ULL << slot;
	}
	return seen == (1ULL << SELFTEST_CPUS) - 1;
}

static int clusters_differ(u32 nr)
{
	u32 n, seen = 0;

	for (n = 0; n < nr; n++)
		seen |= 1u << selftest_slot(n) / 4;
	return __builtin_popcount(seen) == (int)nr;
}

int main(void)
{
	u64 own = 1ULL << 37;

	ok(slots_are_sound(), "60 CPUs have 60 slots");
	ok(clusters_differ(2) && clusters_differ(SELFTEST_CLUSTERS),
	   "up to 15 CPUs are in clusters of their own");
	ok(SELFTEST_VECTOR % 32 == 0 && SELFTEST_VECTOR >= 0x20 &&
	   SELFTEST_CPUS <= 2 * 32 && SELFTEST_VECTOR + SELFTEST_CPUS <= 0xe0,
	   "the vectors are in two registers; none is an exception's, or of Linux's highest");
	ok(selftest_judge(own, own) == SELFTEST_GOOD, "its own interrupt, and no other");
	ok(selftest_judge(0, own) == SELFTEST_LOST, "none");
	ok(selftest_judge(own | 1, own) == SELFTEST_STRAY, "its own and another's");
	ok(selftest_judge(own << 1, own) == SELFTEST_STRAY, "another's instead");
	ok(selftest_judge(1ULL << 59 | own, own) == SELFTEST_STRAY, "the last slot's");
	ok(selftest_judge(0, 0) == SELFTEST_GOOD && selftest_judge(1, 0) == SELFTEST_STRAY,
	   "the boot CPU, which is sent none");
	printf("1..%u\n", tests);
	return failures != 0;
}
