// SPDX-License-Identifier: GPL-2.0
/* Who is charged by /dev/bridge, and how much over time: vdev/vbridge/budget.h. */
#include "proto/user.h"
#include "tap.h"

struct user_id {
	unsigned int val;
};

#define kuid_t	struct user_id

struct user_namespace {
	struct user_namespace *parent;
	kuid_t owner;
};

#include "../../vdev/vbridge/budget.h"

#define RATE	8192u
#define BURST	65536u

static struct vb_budget budget;

/* How many of that cost can be had within a time, if it is tried in each millisecond. */
static unsigned int granted(u64 from, u64 ms, u32 cost)
{
	unsigned int nr = 0;
	u64 now;

	for (now = from; now < from + ms; now++) {
		vb_budget_fill(&budget, now, RATE, BURST);
		nr += vb_budget_spend(&budget, cost, BURST);
	}
	return nr;
}

static void test_budget(void)
{
	unsigned int at_once, later;

	ok(vb_budget_fill(&budget, 1, RATE, BURST), "a new user's budget is full");
	at_once = granted(1, 1, 32768 + 256);
	ok(at_once == 1 && !vb_budget_fill(&budget, 1, RATE, BURST), "not when something is spent");
	later = granted(2, 100000, 32768 + 256);
	ok(at_once + later == (BURST + 100 * RATE) / (32768 + 256),
	   "large ones in 100 s: the burst, and what comes");
	vb_budget_fill(&budget, 200000, RATE, BURST);
	ok(granted(200000, 100000, 260) == (BURST + 100 * RATE) / 260, "small ones, likewise");
	ok(vb_budget_fill(&budget, 1000000, RATE, BURST) &&
	   vb_budget_spend(&budget, 0, BURST), "after a while it is full again");
	ok(vb_budget_spend(&budget, BURST + 1, BURST) && !vb_budget_spend(&budget, 1, BURST),
	   "what is larger than the budget takes all of it");
	ok(!vb_budget_spend(&budget, 1, BURST) && granted(1000001, 8000, 64 << 20) == 1,
	   "and comes at its rate");
	vb_budget_fill(&budget, ~0ull >> 1, 0xffffffff, 0xffffffff);
	ok(budget.left <= 0xffffffffull * 1000, "no time is too long");
	budget.left = 0;
	vb_budget_fill(&budget, budget.when + 1000, 0, BURST);
	ok(!vb_budget_spend(&budget, 1, BURST), "a rate of 0 is none");
}

static void test_user(void)
{
	struct user_namespace init = { NULL, { 0 } }, outer = { &init, { 1000 } };
	struct user_namespace inner = { &outer, { 100007 } }, other = { &init, { 1001 } };
	kuid_t uid = { 1000 };
	unsigned int i, wrong = 0;

	ok(vb_real_user(&init, uid).val == 1000, "a user is who he is");
	for (i = 100000; i < 165536; i++) {
		uid.val = i;
		wrong += vb_real_user(&outer, uid).val != 1000;
		wrong += vb_real_user(&inner, uid).val != 1000;
	}
	ok(!wrong, "all users of a namespace count as the maker of the outermost one");
	ok(vb_real_user(&other, uid).val == 1001, "and not as the maker of another one");
}

int main(void)
{
	test_budget();
	test_user();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
