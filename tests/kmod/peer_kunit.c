// SPDX-License-Identifier: GPL-2.0
/*
 * Portals and bridges between vnodes, from the root: two other vnodes run
 * peer.c and do what these tests say.
 */
#include <kunit/test.h>
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/module.h>

#include "peer.h"

static unsigned int a = 1, b = 2;
module_param(a, uint, 0444);
module_param(b, uint, 0444);

struct peer {
	u32 id;
	struct adeos_bridge *bridge;
	struct peer_box *box;
};

static struct peer peers[2];
static u32 pongs;
static u64 ponged;	/* by whom */

static bool becomes(const u32 *value, u32 wanted)
{
	unsigned int tries;

	for (tries = 0; tries < 30000 && READ_ONCE(*value) != wanted; tries++)
		usleep_range(1000, 2000);
	return READ_ONCE(*value) == wanted;
}

static u32 begin(struct peer *p, u32 command, u32 scope, const char *name, u32 arg, u32 flags)
{
	struct peer_box *box = p->box;
	u32 seq = box->seq + 1;

	box->command = command;
	box->scope = scope;
	box->arg = arg;
	box->flags = flags;
	strscpy(box->name, name, sizeof(box->name));
	/* Pairs with peer_work() in peer.c: the rest of the command comes first. */
	smp_store_release(&box->seq, seq);
	adeos_portal_ring(p->id, PEER_PORTAL);
	return seq;
}

static int end(struct peer *p, u32 seq)
{
	if (!becomes(&p->box->ack, seq))
		return -ETIMEDOUT;
	smp_rmb();	/* the result comes before the ack */
	return READ_ONCE(p->box->result);
}

static int tell(struct peer *p, u32 command, u32 scope, const char *name, u32 arg)
{
	return end(p, begin(p, command, scope, name, arg, 0));
}

static int create(const char *name, size_t size, u64 allowed, unsigned int flags)
{
	struct adeos_bridge_spec spec = {
		.name = name, .size = size, .allowed = allowed, .flags = flags,
	};

	return adeos_bridge_create(&spec);
}

static struct adeos_bridge *must_open(struct kunit *test, u32 scope, const char *name)
{
	struct adeos_bridge *bridge = adeos_bridge_open(scope, name, true, NULL, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bridge);
	return bridge;
}

static void count_pong(unsigned int portal, u64 from, void *cookie)
{
	WRITE_ONCE(ponged, ponged | from);
	WRITE_ONCE(pongs, pongs + 1);
}

/* Rings, and waits for the answer. */
static bool ping(u32 id)
{
	u32 before = READ_ONCE(pongs);
	unsigned int spins;

	if (adeos_portal_ring(id, PEER_PING))
		return false;
	for (spins = 0; READ_ONCE(pongs) == before; spins++) {
		if (spins > 20000000)
			return false;
		cpu_relax();
	}
	return true;
}

static void test_portals(struct kunit *test)
{
	u64 both = BIT_ULL(a) | BIT_ULL(b);
	u32 before = peers[0].box->pings;
	unsigned int i, tries;

	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_TRUE(test, ping(a));
	KUNIT_EXPECT_EQ(test, peers[0].box->pings - before, 1000u);
	/* Between two vnodes, without the root */
	KUNIT_EXPECT_EQ(test, tell(&peers[0], PEER_RING, b, "", 1000), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_RING, a, "", 1000), 0);
	KUNIT_EXPECT_EQ(test, peers[0].box->pings - before, 2000u);
	/* Oneself */
	i = READ_ONCE(pongs);
	KUNIT_EXPECT_EQ(test, adeos_portal_ring(0, PEER_PONG), 0);
	KUNIT_EXPECT_TRUE(test, becomes(&pongs, i + 1));
	msleep(20);
	KUNIT_EXPECT_EQ(test, READ_ONCE(pongs), i + 1);
	/* A set. Its answers may be coalesced; after them, none is under way. */
	WRITE_ONCE(ponged, 0);
	KUNIT_EXPECT_EQ(test, adeos_portal_ring_set(both, PEER_PING), 0);
	for (tries = 0; tries < 30000 && READ_ONCE(ponged) != both; tries++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, READ_ONCE(ponged), both);
	KUNIT_EXPECT_EQ(test, peers[0].box->pings - before, 2001u);
	KUNIT_EXPECT_EQ(test, peers[1].box->pings, 1001u);
}

/* Rings that come while the portal is masked are one ring when it is not. */
static void test_mask(struct kunit *test)
{
	u32 before = READ_ONCE(pongs);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, adeos_portal_mask(PEER_PONG, true), 0);
	for (i = 0; i < 100; i++)
		adeos_portal_ring(0, PEER_PONG);
	msleep(20);
	KUNIT_EXPECT_EQ(test, READ_ONCE(pongs), before);
	KUNIT_ASSERT_EQ(test, adeos_portal_mask(PEER_PONG, false), 0);
	KUNIT_EXPECT_TRUE(test, becomes(&pongs, before + 1));
	msleep(20);
	KUNIT_EXPECT_EQ(test, READ_ONCE(pongs), before + 1);
}

/* Its Linux has all interrupts disabled, and its portals are answered. */
static void test_stalled(struct kunit *test)
{
	u32 seq = begin(&peers[0], PEER_STALL, 0, "", 60000, 0), answered = 0;

	KUNIT_EXPECT_TRUE(test, becomes(&peers[0].box->stalled, 1));
	while (READ_ONCE(peers[0].box->ack) != seq && answered < 100 && ping(a))
		answered++;
	KUNIT_EXPECT_EQ(test, answered, 100u);
	KUNIT_EXPECT_NE(test, READ_ONCE(peers[0].box->ack), seq);
	WRITE_ONCE(peers[0].box->release, 1);
	KUNIT_EXPECT_EQ(test, end(&peers[0], seq), 0);
}

static noinline void count(atomic_t *v)
{
	atomic_inc(v);
}

/* Other vnodes' CPUs use the same memory, even if this vnode has only one CPU. */
static void test_lock_prefix(struct kunit *test)
{
	const u8 *code = (const u8 *)count;
	atomic_t v = ATOMIC_INIT(0);
	unsigned int i;

	count(&v);
	/* lock incl; without its prefix, there is a ds */
	for (i = 0; i < 32 && (code[i + 1] != 0xff || (code[i] != 0xf0 && code[i] != 0x3e)); i++)
		;
	KUNIT_EXPECT_LT(test, i, 32u);
	KUNIT_EXPECT_EQ(test, code[i], 0xf0);
}

static void test_portal_errors(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, adeos_portal_ring(ADEOS_MAX_VNODES, PEER_PING), -EINVAL);
	KUNIT_EXPECT_EQ(test, adeos_portal_ring(a, ADEOS_PORTALS), -EINVAL);
	KUNIT_EXPECT_EQ(test, adeos_portal_ring(63, PEER_PING), -EHOSTDOWN);
	KUNIT_EXPECT_EQ(test, adeos_portal_bind(PEER_PONG, count_pong, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, adeos_portal_bind(ADEOS_PORTALS, count_pong, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, adeos_portal_bind(20, NULL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, adeos_portal_mask(20, true), -EINVAL);
}

static u32 gone;

static void count_gone(struct adeos_bridge *bridge, void *priv)
{
	WRITE_ONCE(gone, gone + 1);
}

static void nothing(struct adeos_bridge *bridge, void *priv)
{
}

static const struct adeos_bridge_ops counting = {
	.freeze	= nothing,
	.thaw	= nothing,
	.gone	= count_gone,
};

/* Made by the root, used by all, destroyed while it is open. */
static void test_bridge(struct kunit *test)
{
	struct adeos_bridge *bridge;
	u32 *w, before = peers[0].box->gone;

	KUNIT_ASSERT_EQ(test, create("test-1", 65536, ~0ULL, ADEOS_BRIDGE_GLOBAL), 0);
	bridge = must_open(test, ADEOS_GLOBAL, "test-1");
	KUNIT_EXPECT_EQ(test, adeos_bridge_size(bridge), 65536ul);
	w = adeos_bridge_addr(bridge);
	/* It must not contain data of its earlier users. */
	KUNIT_EXPECT_NULL(test, memchr_inv(w, 0, 65536));
	KUNIT_EXPECT_EQ(test, tell(&peers[0], PEER_OPEN, ADEOS_GLOBAL, "test-1", 0), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_OPEN, ADEOS_GLOBAL, "test-1", 0), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[0], PEER_WRITE, 0, "", 3), 0);
	KUNIT_EXPECT_EQ(test, READ_ONCE(w[0]), 3u);
	KUNIT_EXPECT_EQ(test, READ_ONCE(w[16383]), 3u);
	WRITE_ONCE(w[16383], 4);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_SUM, 0, "", 0), 3 * 16384 + 1);

	KUNIT_EXPECT_EQ(test, tell(&peers[0], PEER_DESTROY, 0, "", 0), -EPERM);
	KUNIT_EXPECT_EQ(test, adeos_bridge_destroy(bridge), 0);
	KUNIT_EXPECT_TRUE(test, becomes(&peers[0].box->gone, before + 1));
	KUNIT_EXPECT_EQ(test, PTR_ERR(adeos_bridge_open(ADEOS_GLOBAL, "test-1", true, NULL, NULL)),
			-ENOENT);
	/* It is still memory of theirs, as long as they have it open. */
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_SUM, 0, "", 0), 3 * 16384 + 1);
	KUNIT_EXPECT_EQ(test, tell(&peers[0], PEER_CLOSE, 0, "", 0), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_CLOSE, 0, "", 0), 0);
	adeos_bridge_close(bridge);
}

/* Which users can open which kinds of bridges, by their callbacks */
static const struct {
	struct adeos_bridge_ops ops;
	bool follows;
} users[] = {
	{ { } },
	{ { .gone = count_gone } },
	{ { .freeze = nothing, .gone = count_gone } },
	{ { .thaw = nothing, .gone = count_gone } },
	{ { .freeze = nothing, .thaw = nothing }, true },
	{ { .freeze = nothing, .thaw = nothing, .gone = count_gone }, true },
};

static void open_as(struct kunit *test, u32 scope, const char *name,
		    const struct adeos_bridge_ops *ops, bool allowed)
{
	struct adeos_bridge *b = adeos_bridge_open(scope, name, true, ops, NULL);

	if (!allowed) {
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(b), -EINVAL);
	} else {
		KUNIT_EXPECT_NOT_ERR_OR_NULL(test, b);
		if (!IS_ERR(b))
			KUNIT_EXPECT_NOT_NULL(test, adeos_bridge_addr(b));
	}
	if (!IS_ERR(b))
		adeos_bridge_close(b);
}

static void test_ops(struct kunit *test)
{
	static const unsigned int kinds[] = {
		ADEOS_BRIDGE_PINNED, ADEOS_BRIDGE_MOVABLE, ADEOS_BRIDGE_TRANSIENT,
	};
	struct adeos_bridge *b;
	unsigned int kind, i;

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		KUNIT_ASSERT_EQ(test, create("kind", 4096, 0, kinds[kind]), 0);
		open_as(test, 0, "kind", NULL, !kind);
		for (i = 0; i < ARRAY_SIZE(users); i++)
			open_as(test, 0, "kind", &users[i].ops, !kind || users[i].follows);
		/* It has no callback for its end, which does no harm. */
		b = adeos_bridge_open(0, "kind", true, &users[4].ops, NULL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b);
		KUNIT_EXPECT_EQ(test, adeos_bridge_destroy(b), 0);
		adeos_bridge_close(b);
	}
}

/* Between two vnodes, and names that are local to a vnode. */
static void test_local(struct kunit *test)
{
	struct adeos_bridge *bridge;

	KUNIT_EXPECT_EQ(test, tell(&peers[0], PEER_CREATE, 0, "mine", 4096), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[0], PEER_CREATE, 0, "mine", 4096), -EEXIST);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_CREATE, 0, "mine", 8192), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_OPEN, a, "mine", 0), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_WRITE, 0, "", 7), 0);
	bridge = must_open(test, a, "mine");
	KUNIT_EXPECT_EQ(test, *(u32 *)adeos_bridge_addr(bridge), 7u);
	adeos_bridge_close(bridge);
	bridge = must_open(test, b, "mine");
	KUNIT_EXPECT_EQ(test, adeos_bridge_size(bridge), 8192ul);
	adeos_bridge_close(bridge);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_DESTROY, 0, "", 0), -EPERM);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_CLOSE, 0, "", 0), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_OPEN, b, "mine", 0), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_DESTROY, 0, "", 0), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_CLOSE, 0, "", 0), 0);
}

static void test_bridge_errors(struct kunit *test)
{
	struct adeos_bridge *bridge;

	KUNIT_EXPECT_EQ(test, create("test-2", 0, ~0ULL, 0), -E2BIG);
	KUNIT_EXPECT_EQ(test, create("test-2", ADEOS_BRIDGE_MAX + 1, ~0ULL, 0), -E2BIG);
	KUNIT_EXPECT_EQ(test, create("", 4096, ~0ULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, create("a/b", 4096, ~0ULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, create("12345678901234567890123456789012", 4096, ~0ULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, create("test-2", 4096, ~0ULL, 0x80), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(adeos_bridge_open(0, "test-2", true, NULL, NULL)), -ENOENT);

	KUNIT_ASSERT_EQ(test, create("test-2", 4096, BIT_ULL(b), ADEOS_BRIDGE_READ_ONLY), 0);
	KUNIT_EXPECT_EQ(test, create("test-2", 4096, ~0ULL, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, tell(&peers[0], PEER_OPEN, 0, "test-2", 0), -EACCES);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_OPEN, 0, "test-2", 0), -EROFS);
	bridge = must_open(test, 0, "test-2");
	KUNIT_EXPECT_EQ(test, adeos_bridge_destroy(bridge), 0);
	adeos_bridge_close(bridge);
}

/* A vnode is killed: users of its own bridges are told, and nobody can open them. */
static void test_owner_dies(struct kunit *test)
{
	struct adeos_bridge *local, *global;
	struct adeos_error err = { };
	u32 told;

	KUNIT_EXPECT_EQ(test, tell(&peers[0], PEER_CREATE, 0, "orphan", 12288), 0);
	KUNIT_EXPECT_EQ(test, end(&peers[0], begin(&peers[0], PEER_CREATE, 0, "heirs", 12288,
						   ADEOS_BRIDGE_GLOBAL)), 0);
	gone = 0;
	local = adeos_bridge_open(a, "orphan", true, &counting, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, local);
	global = must_open(test, ADEOS_GLOBAL, "heirs");
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_OPEN, a, "orphan", 0), 0);
	told = peers[1].box->gone;

	KUNIT_ASSERT_EQ(test, adeos_vnode_kill(a, &err), 0);
	KUNIT_EXPECT_TRUE(test, becomes(&gone, 1));
	KUNIT_EXPECT_TRUE(test, becomes(&peers[1].box->gone, told + 1));
	KUNIT_EXPECT_EQ(test, adeos_portal_ring(a, PEER_PING), -EHOSTDOWN);
	KUNIT_EXPECT_EQ(test, PTR_ERR(adeos_bridge_open(a, "orphan", true, NULL, NULL)), -ENOENT);
	WRITE_ONCE(*(u32 *)adeos_bridge_addr(local), 1);
	adeos_bridge_close(local);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_CLOSE, 0, "", 0), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_RING, a, "", 1), -EHOSTDOWN);

	/* A global bridge lives as long as somebody has it open. */
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_OPEN, ADEOS_GLOBAL, "heirs", 0), 0);
	adeos_bridge_close(global);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_WRITE, 0, "", 9), 0);
	KUNIT_EXPECT_EQ(test, tell(&peers[1], PEER_CLOSE, 0, "", 0), 0);
}

static int suite_init(struct kunit_suite *suite)
{
	unsigned int i;
	int ret;

	peers[0].id = a;
	peers[1].id = b;
	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		peers[i].bridge = adeos_bridge_open(peers[i].id, PEER_BRIDGE, true, NULL, NULL);
		if (IS_ERR(peers[i].bridge))
			return PTR_ERR(peers[i].bridge);
		peers[i].box = adeos_bridge_addr(peers[i].bridge);
	}
	ret = adeos_portal_bind(PEER_PONG, count_pong, NULL);
	return ret;
}

static void suite_exit(struct kunit_suite *suite)
{
	unsigned int i;

	adeos_portal_unbind(PEER_PONG);
	for (i = 0; i < ARRAY_SIZE(peers); i++)
		if (!IS_ERR_OR_NULL(peers[i].bridge))
			adeos_bridge_close(peers[i].bridge);
}

static struct kunit_case peer_cases[] = {
	KUNIT_CASE(test_portals),
	KUNIT_CASE(test_mask),
	KUNIT_CASE(test_stalled),
	KUNIT_CASE(test_lock_prefix),
	KUNIT_CASE(test_portal_errors),
	KUNIT_CASE(test_bridge),
	KUNIT_CASE(test_ops),
	KUNIT_CASE(test_local),
	KUNIT_CASE(test_bridge_errors),
	KUNIT_CASE(test_owner_dies),
	{ }
};

static struct kunit_suite peer_suite = {
	.name = "adeos-peer",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = peer_cases,
};

kunit_test_suite(peer_suite);

MODULE_DESCRIPTION("Tests of portals and bridges");
MODULE_LICENSE("GPL");
