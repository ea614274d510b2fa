// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that has many bridges, also uses those of others, and checks that all of them
 * survive moves.
 *
 * It makes bridges of @kib each, until there is no more room for them, and keeps
 * every @keep-th of them: a checkerboard.  In these, and in those that the vnodes
 * in @peers have kept, it writes without end, and reads what it wrote.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#define MOVER_BRIDGES	64
#define WORDS_EACH	256	/* words of each user in each page */

static unsigned int kib = 2048;
module_param(kib, uint, 0444);
static unsigned int keep = 2;
module_param(keep, uint, 0444);
static unsigned long peers;
module_param(peers, ulong, 0444);
static bool again;		/* this vnode may have used those of the others before */
module_param(again, bool, 0444);
static bool slow;		/* the first time, it does not freeze in time */
module_param(slow, bool, 0444);

static unsigned int errors, rounds;
module_param(errors, uint, 0444);
module_param(rounds, uint, 0444);

/**
 * struct used - a bridge that is in use
 * @bridge: the bridge
 * @lock: protects the words below, and its memory while it is not frozen
 * @frozen: it must not be touched
 * @gone: it must never be touched again
 * @first: own words hold what another life of this vnode wrote
 * @value: the value of own words in it
 */
struct used {
	struct adeos_bridge *bridge;
	struct mutex lock;	/* see above */
	bool frozen;
	bool gone;
	bool first;
	u32 value;
};

static struct used *used;
static unsigned int nr_used;
static unsigned int nr_own;	/* they come first */
static struct task_struct *thread;

static void set_frozen(struct used *u, bool frozen)
{
	mutex_lock(&u->lock);
	u->frozen = frozen;
	mutex_unlock(&u->lock);
}

static void mover_freeze(struct adeos_bridge *b, void *priv)
{
	struct used *u = priv;

	if (slow)
		ssleep(3);
	slow = false;
	set_frozen(u, true);
}

static void mover_thaw(struct adeos_bridge *b, void *priv)
{
	set_frozen(priv, false);
}

static void mover_gone(struct adeos_bridge *b, void *priv)
{
	struct used *u = priv;

	mutex_lock(&u->lock);
	u->gone = true;
	mutex_unlock(&u->lock);
}

static const struct adeos_bridge_ops ops = {
	.freeze	= mover_freeze,
	.thaw	= mover_thaw,
	.gone	= mover_gone,
};

static u32 *own_words(struct used *u, size_t page)
{
	return adeos_bridge_addr(u->bridge) + page * PAGE_SIZE +
		adeos_vnode_id() % 4 * WORDS_EACH * sizeof(u32);
}

/* What was there must be what was written; then write the next value. */
static void use(struct used *u)
{
	size_t page, i;
	u32 *w;

	mutex_lock(&u->lock);
	for (page = 0; !u->frozen && !u->gone && page < adeos_bridge_size(u->bridge) / PAGE_SIZE;
	     page += 17) {
		w = own_words(u, page);
		for (i = 0; i < WORDS_EACH; i += 51) {
			if (!u->first && READ_ONCE(w[i]) != (u->value ? u->value + page : 0)) {
				pr_err_ratelimited("adeos: mover: page %zu has %u, expected %u\n",
						   page, w[i], u->value);
				errors++;
			}
			WRITE_ONCE(w[i], u->value + 1 + page);
		}
	}
	if (!u->frozen && !u->gone) {
		u->value++;
		u->first = false;
	}
	mutex_unlock(&u->lock);
}

static int mover(void *unused)
{
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < nr_used; i++)
			use(&used[i]);
		rounds++;
		usleep_range(1000, 2000);
	}
	return 0;
}

static void name_of(char name[16], unsigned int i)
{
	snprintf(name, 16, "move-%u", i);
}

/* Some are transient, and one does not move at all. */
static int create(unsigned int i)
{
	char name[16];
	struct adeos_bridge_spec spec = {
		.name = name, .size = kib << 10, .allowed = ~0ULL,
		.flags = ADEOS_BRIDGE_MAY_MOVE |
			 (i % 4 == 2 ? ADEOS_BRIDGE_TRANSIENT :
			  i == 36 ? ADEOS_BRIDGE_PINNED : ADEOS_BRIDGE_MOVABLE),
	};

	name_of(name, i);
	return adeos_bridge_create(&spec);
}

static int open(u32 scope, unsigned int i)
{
	struct used *u = &used[nr_used];
	char name[16];

	name_of(name, i);
	u->bridge = adeos_bridge_open(scope, name, true, &ops, u);
	if (IS_ERR(u->bridge))
		return PTR_ERR(u->bridge);
	u->first = again && scope != adeos_vnode_id();
	nr_used++;
	return 0;
}

static unsigned int fill(void)
{
	unsigned int i, tries;
	int ret = 0;

	for (i = 0; i < MOVER_BRIDGES && !ret; i++) {
		/* It takes some time until a vnode is a member. */
		for (tries = 0; tries < 6000; tries++) {
			ret = create(i);
			if (ret != -ENOTCONN)
				break;
			msleep(20);
		}
	}
	if (ret)
		pr_info("adeos: mover: bridge %u: %d\n", --i, ret);
	return i;
}

static void destroy(unsigned int i)
{
	if (open(adeos_vnode_id(), i) || adeos_bridge_destroy(used[nr_used - 1].bridge))
		pr_err("adeos: mover: bridge %u cannot be destroyed\n", i);
	else
		adeos_bridge_close(used[--nr_used].bridge);
}

static int __init mover_init(void)
{
	unsigned int i, nr, max = (1 + hweight_long(peers)) * MOVER_BRIDGES;
	unsigned long id;

	used = kvcalloc(max, sizeof(*used), GFP_KERNEL);
	if (!used)
		return -ENOMEM;
	for (i = 0; i < max; i++)
		mutex_init(&used[i].lock);
	nr = fill();
	for (i = 0; i < nr; i++) {
		if (i % keep)
			destroy(i);
		else
			open(adeos_vnode_id(), i);
	}
	nr_own = nr_used;
	for_each_set_bit(id, &peers, BITS_PER_LONG)
		for (i = 0; i < MOVER_BRIDGES; i++)
			open(id, i);
	thread = kthread_run(mover, NULL, "mover");
	pr_info("adeos: mover is ready: made %u, uses %u\n", nr, nr_used);
	return PTR_ERR_OR_ZERO(thread);
}
module_init(mover_init);

static unsigned int nr_big;

static void name_of_big(char name[16], unsigned int i)
{
	snprintf(name, 16, "big-%u", i);
}

/* In the root: echo KIB > big makes one more bridge. */
static int big_set(const char *text, const struct kernel_param *kp)
{
	char name[16];
	struct adeos_bridge_spec spec = {
		.name = name, .allowed = ~0ULL, .flags = ADEOS_BRIDGE_MAY_MOVE,
	};
	unsigned int size;
	int ret = kstrtouint(text, 0, &size);

	name_of_big(name, nr_big);
	spec.size = size << 10;
	ret = ret ?: adeos_bridge_create(&spec);
	if (!ret)
		nr_big++;
	return ret;
}

static void destroy_big(unsigned int i)
{
	struct used u = { };
	struct adeos_bridge *b;
	char name[16];

	mutex_init(&u.lock);
	name_of_big(name, i);
	b = adeos_bridge_open(adeos_vnode_id(), name, true, &ops, &u);
	if (IS_ERR(b) || adeos_bridge_destroy(b))
		pr_err("adeos: mover: %s cannot be destroyed\n", name);
	if (!IS_ERR(b))
		adeos_bridge_close(b);
}

static const struct kernel_param_ops big_ops = { .set = big_set };
module_param_cb(big, &big_ops, NULL, 0200);

static void __exit mover_exit(void)
{
	unsigned int i;

	kthread_stop(thread);
	for (i = 0; i < nr_used; i++) {
		/* The root could destroy all. */
		if (i < nr_own)
			adeos_bridge_destroy(used[i].bridge);
		adeos_bridge_close(used[i].bridge);
	}
	while (nr_big)
		destroy_big(--nr_big);
	kvfree(used);
}
module_exit(mover_exit);

MODULE_DESCRIPTION("Bridges in use while they are moved");
MODULE_LICENSE("GPL");
