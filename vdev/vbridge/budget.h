/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is charged for a bridge, and how much over time.  This also compiles in user space,
 * for its test.
 */
#ifndef _VDEV_BUDGET_H
#define _VDEV_BUDGET_H

/**
 * struct vb_budget - a token bucket (<linux/ratelimit.h> counts events, whatever they cost)
 * @left: what may be spent, 1/1000 KiB
 * @when: when it was last filled, ms
 */
struct vb_budget {
	u64 left;
	u64 when;
};

/* Longer times make no difference: by then every bucket is full, or is never filled. */
#define VB_BUDGET_LONG	0x7fffffff

/**
 * vb_budget_fill() - add the tokens since the last time
 * @b: the bucket; one that is all 0 becomes full
 * @now: the time, ms
 * @rate: KiB a second
 * @burst: how much it holds at most, KiB
 *
 * Return: true if it is full.
 */
static inline bool vb_budget_fill(struct vb_budget *b, u64 now, u32 rate, u32 burst)
{
	u64 full = (u64)burst * 1000, since = now - b->when;

	if (!b->when)
		b->left = full;
	if (since > VB_BUDGET_LONG)
		since = VB_BUDGET_LONG;
	b->left += since * rate;
	if (b->left > full)
		b->left = full;
	b->when = now;
	return b->left == full;
}

/**
 * vb_budget_spend() - take tokens out
 * @b: the bucket, filled
 * @cost: KiB
 * @burst: how much it holds at most, KiB
 *
 * A cost above @burst takes all tokens of a full bucket.
 *
 * Return: false if there are not enough tokens, when none are taken.
 */
static inline bool vb_budget_spend(struct vb_budget *b, u32 cost, u32 burst)
{
	u64 price = (u64)(cost < burst ? cost : burst) * 1000;

	if (b->left < price)
		return false;
	b->left -= price;
	return true;
}

/**
 * vb_real_user() - the user of the machine that a program's user is
 * @ns: the program's user namespace
 * @uid: its user
 *
 * A user namespace has thousands of users, and any user can make one.  All of these users
 * count as the user who has made the outermost namespace that they are in.
 */
static inline kuid_t vb_real_user(const struct user_namespace *ns, kuid_t uid)
{
	for (; ns->parent; ns = ns->parent)
		uid = ns->owner;
	return uid;
}

#endif /* _VDEV_BUDGET_H */
