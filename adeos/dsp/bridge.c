// SPDX-License-Identifier: GPL-2.0
/*
 * Bridges, as modules use them: named pieces of memory that vnodes share (paper:
 * "Physical memory management"; docs/dsp.md has the protocol).
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "arch.h"
#include "core.h"
#include "drive.h"
#include "proto/counters.h"
#include "proto/dsp.h"

/* Is mapped at once while a bridge is cleared */
#define CLEAR_PART	SZ_1M

/**
 * struct adeos_bridge - one use of a bridge
 * @list: all uses in this kernel
 * @index: number of the bridge
 * @addr: where it is mapped, NULL while it is frozen
 * @size: bytes
 * @lost: it is gone, or could not be mapped again: it is only to be closed
 * @frozen: since when
 * @ops: what the user wants to be told, or NULL
 * @priv: for @ops
 */
struct adeos_bridge {
	struct list_head list;
	u32 index;
	void *addr;
	size_t size;
	bool lost;
	ktime_t frozen;
	const struct adeos_bridge_ops *ops;
	void *priv;
};

/* Protected by adeos_lock */
static LIST_HEAD(uses);
static u32 freezes, frozen_us, frozen_us_max;

/* Asks the root for it; adeos_lock is held, and released meanwhile. */
static int request_bridge(const struct adeos_bridge_spec *spec, struct dsp_result *result)
{
	struct dsp_bridge_request req = { .flags = spec->flags };

	if (!spec->size || spec->size > ADEOS_BRIDGE_MAX)
		return -E2BIG;
	if (strnlen(spec->name, COMMONS_NAME) > sizeof(req.name))
		return -EINVAL;
	memcpy(req.name, spec->name, strlen(spec->name));
	req.pages = PFN_UP(spec->size);
	req.allowed[0] = lower_32_bits(spec->allowed);
	req.allowed[1] = upper_32_bits(spec->allowed);
	adeos_node_turn(DSP_CREATE);
	return adeos_node_call(dsp_bridge_create(adeos_node(), &req, adeos_now_ms()), result);
}

/* Asks the root to end it; as above. */
static int end_bridge(u32 index, u32 generation)
{
	struct dsp_result result;

	adeos_node_turn(DSP_DESTROY);
	return adeos_node_call(dsp_bridge_destroy(adeos_node(), index, generation, adeos_now_ms()),
			       &result);
}

/* Where it is now: 0, or what dsp_bridge_where() returns. */
static int find_bridge(u32 index, phys_addr_t *start, size_t *size)
{
	u32 pfn, pages;
	int ret = dsp_bridge_where(adeos_node(), index, &pfn, &pages);

	if (ret)
		return ret;
	*start = PFN_PHYS(pfn);
	*size = (size_t)pages << PAGE_SHIFT;
	/* Somebody has forged the entry: a bridge is never of our own memory. */
	if (region_intersects(*start, *size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		adeos_node()->count.bad_bridge++;
		return -EPROTO;
	}
	return 0;
}

/*
 * What was there before is nobody's business.  This vnode does it, as it is this vnode that
 * wants it, and without adeos_lock: in parts, for it may have no room to map all of it.
 */
static int clear_memory(phys_addr_t start, size_t size)
{
	size_t done, part;
	void *addr;

	for (done = 0; done < size; done += part) {
		part = min_t(size_t, size - done, CLEAR_PART);
		addr = adeos_map(start + done, part);
		if (!addr)
			return -ENOMEM;
		memset(addr, 0, part);
		adeos_unmap(addr);
		cond_resched();
	}
	return 0;
}

/* Clears one that is claimed, and has the root let others open it; as above. */
static int clear_bridge(u32 index)
{
	struct dsp_result result;
	phys_addr_t start;
	size_t size;
	int ret = find_bridge(index, &start, &size);

	if (ret)
		return ret;
	mutex_unlock(&adeos_lock);
	ret = clear_memory(start, size);
	mutex_lock(&adeos_lock);
	if (ret)
		return ret;
	adeos_node_turn(DSP_CLEARED);
	ret = adeos_node_call(dsp_bridge_cleared(adeos_node(), index, adeos_now_ms()), &result);
	return ret ?: dsp_bridge_begin(adeos_node(), index);
}

/* Makes a bridge, which then is open here once, or there is none; as above. */
static int make_bridge(const struct adeos_bridge_spec *spec, struct dsp_result *made)
{
	int ret = request_bridge(spec, made);

	if (ret)
		return ret;
	ret = dsp_bridge_claim(adeos_node(), made->index, made->generation);
	if (!ret) {
		ret = clear_bridge(made->index);
		if (!ret)
			return 0;
		dsp_bridge_close(adeos_node(), made->index);
	}
	end_bridge(made->index, made->generation);
	return ret;
}

/**
 * adeos_bridge_create() - make a bridge
 * @spec: what it shall be
 *
 * It is this vnode's until it is destroyed, or the vnode dies.
 *
 * Context: process, sleeps.
 * Return: 0; -ENODEV if this kernel is not a vnode; -ENOTCONN if it is no member
 * of the cluster yet; -EINVAL for a bad name, -E2BIG for a bad size; -EEXIST,
 * -EDQUOT, -ENOSPC, -ENOMEM; -EIDRM if the root has destroyed it at once;
 * -EHOSTDOWN or -ETIMEDOUT if the root does not answer, and then it may exist, but
 * only for a while.
 */
int adeos_bridge_create(const struct adeos_bridge_spec *spec)
{
	struct dsp_result made;
	int ret;

	if (!adeos_commons())
		return -ENODEV;
	mutex_lock(&adeos_lock);
	ret = make_bridge(spec, &made);
	if (!ret)
		dsp_bridge_close(adeos_node(), made.index);
	mutex_unlock(&adeos_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(adeos_bridge_create);

/* Maps it where it is now; its size is stored if @size is not NULL. */
static void *map_bridge(u32 index, size_t *size)
{
	phys_addr_t start;
	size_t bytes;
	void *addr;
	int ret = find_bridge(index, &start, &bytes);

	if (ret)
		return ERR_PTR(ret);
	addr = adeos_map(start, bytes);
	if (size)
		*size = bytes;
	return addr ?: ERR_PTR(-ENOMEM);
}

/*
 * The one place that decides whether a user can have a bridge: what it has no callbacks
 * for must not happen to it.  Another vnode chooses the kind, and may not choose what the
 * user expects.  The kind is this kernel's copy, and what is pinned there is never frozen,
 * whatever others write later: bridge_follow().
 */
static bool can_follow(u32 index, const struct adeos_bridge_ops *ops)
{
	return adeos_node()->open[index].kind == BRIDGE_PINNED ||
	       (ops && ops->freeze && ops->thaw);
}

/* For one that is open once more than it has users; if this fails, it is closed once. */
static struct adeos_bridge *use_bridge(u32 index, const struct adeos_bridge_ops *ops, void *priv)
{
	struct adeos_bridge *b = kzalloc(sizeof(*b), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!b)
		goto close;
	b->index = index;
	b->ops = ops;
	b->priv = priv;
	ret = -EINVAL;
	if (!can_follow(index, ops))
		goto close;
	b->addr = map_bridge(index, &b->size);
	ret = PTR_ERR_OR_ZERO(b->addr);
	if (ret)
		goto close;
	list_add(&b->list, &uses);
	return b;

close:
	dsp_bridge_close(adeos_node(), index);
	kfree(b);
	return ERR_PTR(ret);
}

/**
 * adeos_bridge_open() - use a bridge
 * @scope: the vnode whose bridge it is, or ADEOS_GLOBAL
 * @name: its name
 * @write: not only for reading
 * @ops: what the user wants to be told; without @ops->freeze and @ops->thaw, or NULL,
 *	only a bridge that is pinned can be opened
 * @priv: for @ops
 *
 * Context: process, sleeps.
 * Return: the bridge, mapped, or ERR_PTR(): -ENODEV, -ENOTCONN as above;
 * -EINVAL for a bad name, or for one that may move and @ops that do not tell of it;
 * -ENOENT, -EACCES, -EROFS; -EAGAIN while it is being moved; -ENOMEM if there is no room
 * to map it; -EPROTO if what the commons say of it is damaged.
 */
struct adeos_bridge *adeos_bridge_open(u32 scope, const char *name, bool write,
				       const struct adeos_bridge_ops *ops, void *priv)
{
	struct adeos_bridge *b;
	u32 index;
	int ret;

	if (!adeos_commons())
		return ERR_PTR(-ENODEV);
	mutex_lock(&adeos_lock);
	ret = dsp_bridge_open(adeos_node(), scope, name, write, &index);
	b = ret ? ERR_PTR(ret) : use_bridge(index, ops, priv);
	mutex_unlock(&adeos_lock);
	return b;
}
EXPORT_SYMBOL_GPL(adeos_bridge_open);

/**
 * adeos_bridge_make() - make a bridge and use it
 * @spec: what it shall be
 * @ops: as for adeos_bridge_open()
 * @priv: for @ops
 *
 * Unlike adeos_bridge_create() and then adeos_bridge_open(), it leaves no bridge
 * behind that nobody can destroy if there is no room to map it.
 *
 * Context: process, sleeps.
 * Return: the bridge, mapped, or ERR_PTR() of what these two return.
 */
struct adeos_bridge *adeos_bridge_make(const struct adeos_bridge_spec *spec,
				       const struct adeos_bridge_ops *ops, void *priv)
{
	struct dsp_result made;
	struct adeos_bridge *b;
	int ret;

	if (!adeos_commons())
		return ERR_PTR(-ENODEV);
	mutex_lock(&adeos_lock);
	ret = make_bridge(spec, &made);
	b = ret ? ERR_PTR(ret) : use_bridge(made.index, ops, priv);
	if (!ret && IS_ERR(b))
		end_bridge(made.index, made.generation);
	mutex_unlock(&adeos_lock);
	return b;
}
EXPORT_SYMBOL_GPL(adeos_bridge_make);

/**
 * adeos_bridge_addr() - where a bridge is mapped
 * @b: the bridge
 *
 * Context: any.
 * Return: the address, constant until @ops->freeze is called; NULL while it is
 * frozen, which a bridge that was opened without @ops->freeze never is.
 */
void *adeos_bridge_addr(const struct adeos_bridge *b)
{
	return READ_ONCE(b->addr);
}
EXPORT_SYMBOL_GPL(adeos_bridge_addr);

/**
 * adeos_bridge_size() - how large a bridge is
 * @b: the bridge
 *
 * Return: bytes, a multiple of the page size.
 */
size_t adeos_bridge_size(const struct adeos_bridge *b)
{
	return b->size;
}
EXPORT_SYMBOL_GPL(adeos_bridge_size);

/**
 * adeos_bridge_pfn() - where in physical memory a bridge lies
 * @b: the bridge, not frozen
 *
 * For those who map it into programs.  It is as constant as adeos_bridge_addr(),
 * and like that must not be used from when @ops->freeze or @ops->gone returns.
 *
 * Context: any, @ops included.
 * Return: number of its first page.
 */
unsigned long adeos_bridge_pfn(const struct adeos_bridge *b)
{
	return READ_ONCE(adeos_node()->open[b->index].pfn);
}
EXPORT_SYMBOL_GPL(adeos_bridge_pfn);

/**
 * adeos_bridge_users() - who uses a bridge
 * @b: the bridge
 *
 * Everybody can write this mask: it is for ringing them, not for decisions.
 *
 * Context: any.
 * Return: a bit for each vnode that has it open, this one included.
 */
u64 adeos_bridge_users(const struct adeos_bridge *b)
{
	return commons_mask(adeos_commons()->bridge[b->index].users);
}
EXPORT_SYMBOL_GPL(adeos_bridge_users);

/**
 * adeos_bridge_close() - end a use of a bridge
 * @b: the bridge; it is unmapped
 *
 * Context: process, sleeps; not from @ops.  On return, @ops are not in use.
 */
void adeos_bridge_close(struct adeos_bridge *b)
{
	mutex_lock(&adeos_lock);
	list_del(&b->list);
	adeos_unmap(b->addr);
	dsp_bridge_close(adeos_node(), b->index);
	mutex_unlock(&adeos_lock);
	kfree(b);
}
EXPORT_SYMBOL_GPL(adeos_bridge_close);

/**
 * adeos_bridge_destroy() - end a bridge that this vnode has made
 * @b: the bridge, open
 *
 * Nobody can open it any more, its users are told, and its memory is free when
 * the last of them has closed it.  @b is still to be closed.
 *
 * Without an answer it may be destroyed all the same, or not: as long as @b is
 * open it can be asked for again, and then is the same bridge, or -ENOENT.
 *
 * Context: process, sleeps.
 * Return: 0; -EPERM if it is another vnode's, unless this is the root; -ENOENT if
 * it is no more; -ENOTCONN if this kernel is no member any more; -EHOSTDOWN or
 * -ETIMEDOUT if the root does not answer.
 */
int adeos_bridge_destroy(struct adeos_bridge *b)
{
	int ret;

	mutex_lock(&adeos_lock);
	/* One from before a move that begins while we wait is as good. */
	ret = end_bridge(b->index, BRIDGE_GENERATION(adeos_node()->open[b->index].tag));
	mutex_unlock(&adeos_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(adeos_bridge_destroy);

/* What the state machines say; adeos_lock is held. */

static void lose(struct adeos_bridge *b)
{
	b->lost = true;
	if (b->ops && b->ops->gone)
		b->ops->gone(b, b->priv);
}

static void count_freeze(const struct adeos_bridge *b)
{
	u32 us = ktime_us_delta(ktime_get(), b->frozen);

	freezes++;
	frozen_us += us;
	frozen_us_max = max(frozen_us_max, us);
}

/**
 * adeos_bridges_count() - how often and how long bridges were frozen here
 * @to: where to store it
 *
 * Context: adeos_lock held.
 */
void adeos_bridges_count(struct adeos_counters *to)
{
	to->freezes = freezes;
	to->frozen_us = frozen_us;
	to->frozen_us_max = frozen_us_max;
}

void adeos_bridge_freeze(void *priv, u32 index)
{
	struct adeos_bridge *b;
	void *addr;

	list_for_each_entry(b, &uses, list) {
		if (b->index != index || b->lost)
			continue;
		b->frozen = ktime_get();
		/* It has one: can_follow(). */
		b->ops->freeze(b, b->priv);
		addr = b->addr;
		WRITE_ONCE(b->addr, NULL);
		adeos_unmap(addr);
	}
}

void adeos_bridge_thaw(void *priv, u32 index, u32 pfn)
{
	struct adeos_bridge *b;
	void *addr;

	list_for_each_entry(b, &uses, list) {
		if (b->index != index || b->lost)
			continue;
		addr = map_bridge(index, NULL);
		if (IS_ERR(addr)) {
			lose(b);
			continue;
		}
		WRITE_ONCE(b->addr, addr);
		b->ops->thaw(b, b->priv);
		count_freeze(b);
	}
}

void adeos_bridge_gone(void *priv, u32 index)
{
	struct adeos_bridge *b;

	list_for_each_entry(b, &uses, list)
		if (b->index == index && !b->lost)
			lose(b);
}
