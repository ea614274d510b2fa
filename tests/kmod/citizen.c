// SPDX-License-Identifier: GPL-2.0
/*
 * A vnode that works: in each round it makes, opens, reads, writes, closes and destroys
 * bridges, its own and those of others, and rings everybody's portal.  It trusts nothing,
 * logs whom it has met in a round, and begins the next round without any state, so that
 * errors of one round end with it.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static unsigned int with = 0xf;
module_param(with, uint, 0444);
MODULE_PARM_DESC(with, "the vnodes to meet, a bit each");

#define PING	24	/* portals */
#define PONG	25
#define MAGIC	0x63697469
#define PAGES	3
#define ANSWER	2000	/* how long to wait for an answer, ms */

static struct task_struct *task;
static u32 self;
static DECLARE_BITMAP(answered, ADEOS_MAX_VNODES);

/* Held while a bridge is accessed, and to freeze it. */
static DEFINE_MUTEX(touching);

static void freeze(struct adeos_bridge *b, void *priv)
{
	mutex_lock(&touching);
	mutex_unlock(&touching);
}

static void nothing(struct adeos_bridge *b, void *priv)
{
}

static const struct adeos_bridge_ops ops = {
	.freeze	= freeze,
	.thaw	= nothing,
	.gone	= nothing,
};

static void answer(unsigned int portal, u64 from, void *cookie)
{
	adeos_portal_ring_set(from, PONG);
}

static void take_answer(unsigned int portal, u64 from, void *cookie)
{
	unsigned int id;

	for (id = 0; id < ADEOS_MAX_VNODES; id++)
		if (from & BIT_ULL(id))
			set_bit(id, answered);
}

/* Each one ends, with success or not. */
static void did_something(void)
{
	static unsigned long said = INITIAL_JIFFIES;
	static u32 nr;

	nr++;
	if (time_before(jiffies, said + HZ))
		return;
	said = jiffies;
	pr_info("adeos: citizen: did %u things\n", nr);
}

/* A bridge of that name, made now or earlier */
static bool make(const char *name, unsigned int flags)
{
	struct adeos_bridge_spec spec = {
		.name = name, .size = PAGES * PAGE_SIZE, .allowed = ~0ULL, .flags = flags,
	};
	int ret = adeos_bridge_create(&spec);

	did_something();
	return !ret || ret == -EEXIST;
}

/* Writes to all of a bridge and reads it again, or checks whether it has @want. */
static bool touch(struct adeos_bridge *b, bool write, u32 want)
{
	bool good = false;
	u32 *w, i;

	mutex_lock(&touching);
	w = adeos_bridge_addr(b);
	if (w && write) {
		for (i = 0; i < PAGES * PAGE_SIZE / sizeof(*w); i += 64)
			WRITE_ONCE(w[i], want);
	}
	if (w)
		good = READ_ONCE(*w) == want;
	mutex_unlock(&touching);
	return good;
}

static bool use(u32 scope, const char *name, bool write, u32 want, bool destroy)
{
	struct adeos_bridge *b = adeos_bridge_open(scope, name, write, &ops, NULL);
	bool good;

	did_something();
	if (IS_ERR(b))
		return false;
	good = adeos_bridge_size(b) == PAGES * PAGE_SIZE && touch(b, write, want);
	if (destroy && adeos_bridge_destroy(b))
		good = false;
	adeos_bridge_close(b);
	return good;
}

/* Another vnode has announced this bridge and its place: only read it. */
static void look_at_forged(void)
{
	struct adeos_bridge *b = adeos_bridge_open(ADEOS_GLOBAL, "forged", false, &ops, NULL);

	if (IS_ERR(b))
		return;
	touch(b, false, 0);
	adeos_bridge_close(b);
}

static void name_world(char *name, size_t size, u32 id)
{
	snprintf(name, size, "world-%u", id);
}

/* Everything that needs only the root */
static bool own_part(void)
{
	char name[16];
	bool good;

	name_world(name, sizeof(name), self);
	good = make(name, ADEOS_BRIDGE_GLOBAL | ADEOS_BRIDGE_MOVABLE);
	good &= make("citizen", 0);
	good &= use(self, "citizen", true, MAGIC + self, false);
	good &= make("temporary", ADEOS_BRIDGE_MOVABLE);
	good &= use(self, "temporary", true, MAGIC, true);
	return good;
}

static bool meet(u32 id)
{
	char name[16];
	bool good;

	name_world(name, sizeof(name), id);
	good = use(id, "citizen", false, MAGIC + id, false);
	good &= use(ADEOS_GLOBAL, name, true, MAGIC, false);
	return good;
}

static void ring_all(void)
{
	unsigned int waited, id;
	u32 rung = 0;

	bitmap_zero(answered, ADEOS_MAX_VNODES);
	for (id = 0; id < 32; id++)
		if (with & BIT(id) && !adeos_portal_ring(id, PING))
			rung |= BIT(id);
	for (waited = 0; waited < ANSWER; waited += 5) {
		if ((bitmap_read(answered, 0, 32) & rung) == rung)
			break;
		usleep_range(5000, 6000);
	}
}

static int work(void *unused)
{
	u32 round = 0, id, met, failed = 0;

	while (!kthread_should_stop()) {
		met = own_part() ? with & BIT(self) : 0;
		ring_all();
		for (id = 0; id < 32; id++)
			if (id != self && with & BIT(id) && meet(id))
				met |= BIT(id);
		met &= bitmap_read(answered, 0, 32);
		look_at_forged();
		failed += met != with;
		pr_info("adeos: citizen: round %u met 0x%x, %u bad rounds\n", ++round, met, failed);
		msleep(200);
	}
	return 0;
}

static void discard(u32 scope, const char *name)
{
	use(scope, name, true, MAGIC, true);
}

static int __init citizen_init(void)
{
	self = adeos_vnode_id();
	adeos_portal_bind(PING, answer, NULL);
	adeos_portal_bind(PONG, take_answer, NULL);
	task = kthread_run(work, NULL, "citizen");
	if (IS_ERR(task)) {
		adeos_portal_unbind(PING);
		adeos_portal_unbind(PONG);
	}
	return PTR_ERR_OR_ZERO(task);
}
module_init(citizen_init);

static void __exit citizen_exit(void)
{
	char name[16];

	kthread_stop(task);
	adeos_portal_unbind(PING);
	adeos_portal_unbind(PONG);
	name_world(name, sizeof(name), self);
	discard(ADEOS_GLOBAL, name);
	discard(self, "citizen");
	discard(self, "temporary");
}
module_exit(citizen_exit);

MODULE_DESCRIPTION("Works, and says with whom");
MODULE_LICENSE("GPL");
