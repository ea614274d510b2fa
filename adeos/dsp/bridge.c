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
#include <linux/slab.h>
#include <linux/string.h>

#include "arch.h"
#include "core.h"
#include "drive.h"
#include "proto/counters.h"
#include "proto/dsp.h"

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
	struct bridge_request req = { .flags = spec->flags };

	if (!spec->size || spec->size > (size_t)BRIDGE_MAX_PAGES << PAGE_SHIFT)
		return -E2BIG;
	if (strnlen(spec->name, COMMONS_NAME) > sizeof(req.name))
		return -EINVAL;
	memcpy(req.name, spec->name, strlen(spec->name));
	req.pages = PFN_UP(spec->size);
	req.allowed[0] = lower_32_bits(spec->allowed);
	req.allowed[1] = upper_32_bits(spec->allowed);
	adeos_node_turn(DSP_CREATE);
	return adeos_node_call(bridge_create(adeos_node(), &req, adeos_now_ms()), result);
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
 * -EDQUOT, -ENOSPC, -ENOMEM; -EHOSTDOWN or -ETIMEDOUT if the root does not answer,
 * and then it may exist all the same.
 */
int adeos_bridge_create(const struct adeos_bridge_spec *spec)
{
	struct dsp_result result;
	int ret;

	if (!adeos_commons())
		return -ENODEV;
	mutex_lock(&adeos_lock);
	ret = request_bridge(spec, &result);
	mutex_unlock(&adeos_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(adeos_bridge_create);

/* Asks the root to end it; adeos_lock is held, and released meanwhile. */
static int end_bridge(u32 index, u32 generation)
{
	struct dsp_result result;

	adeos_node_turn(DSP_DESTROY);
	return adeos_node_call(bridge_destroy(adeos_node(), index, generation, adeos_now_ms()),
			       &result);
}

/* Maps it where it is now; its size is stored if @size is not NULL. */
static void *map_bridge(u32 index, size_t *size)
{
	u32 pfn, pages;
	void *addr;
	int ret = bridge_where(adeos_node(), index, &pfn, &pages);

	if (ret)
		return ERR_PTR(ret);
	/* Somebody has forged the entry: a bridge is never of our own memory. */
	if (region_intersects(PFN_PHYS(pfn), (size_t)pages << PAGE_SHIFT, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT) {
		adeos_node()->count.bad_bridge++;
		return ERR_PTR(-EPROTO);
	}
	addr = adeos_map(PFN_PHYS(pfn), (size_t)pages << PAGE_SHIFT);
	if (size)
		*size = (size_t)pages << PAGE_SHIFT;
	return addr ?: ERR_PTR(-ENOMEM);
}

static struct adeos_bridge *open_bridge(u32 scope, const char *name, bool write)
{
	struct adeos_bridge *b = kzalloc(sizeof(*b), GFP_KERNEL);
	int ret;

	if (!b)
		return ERR_PTR(-ENOMEM);
	ret = bridge_open(adeos_node(), scope, name, write, &b->index);
	if (ret) {
		kfree(b);
		return ERR_PTR(ret);
	}
	b->addr = map_bridge(b->index, &b->size);
	if (IS_ERR(b->addr)) {
		ret = PTR_ERR(b->addr);
		bridge_close(adeos_node(), b->index);
		kfree(b);
		return ERR_PTR(ret);
	}
	return b;
}

static void close_bridge(struct adeos_bridge *b)
{
	adeos_unmap(b->addr);
	bridge_close(adeos_node(), b->index);
	kfree(b);
}

static bool may_move(const struct adeos_bridge *b)
{
	return adeos_node()->open[b->index].kind != BRIDGE_PINNED;
}

/* Opens it for a user; adeos_lock is held. */
static struct adeos_bridge *use_bridge(u32 scope, const char *name, bool write,
				       const struct adeos_bridge_ops *ops, void *priv)
{
	struct adeos_bridge *b = open_bridge(scope, name, write);

	if (IS_ERR(b))
		return b;
	if (!ops && may_move(b)) {
		close_bridge(b);
		return ERR_PTR(-EINVAL);
	}
	b->ops = ops;
	b->priv = priv;
	list_add(&b->list, &uses);
	return b;
}

/**
 * adeos_bridge_open() - use a bridge
 * @scope: the vnode whose bridge it is, or ADEOS_GLOBAL
 * @name: its name
 * @write: not only for reading
 * @ops: what the user wants to be told; may be NULL for a bridge that is pinned
 * @priv: for @ops
 *
 * Context: process, sleeps.
 * Return: the bridge, mapped, or ERR_PTR(): -ENODEV, -ENOTCONN as above;
 * -EINVAL for a bad name, or for one that may move without @ops; -ENOENT,
 * -EACCES, -EROFS; -EAGAIN while it is being moved; -ENOMEM if there is no room to map
 * it; -EPROTO if what the commons say of it is damaged.
 */
struct adeos_bridge *adeos_bridge_open(u32 scope, const char *name, bool write,
				       const struct adeos_bridge_ops *ops, void *priv)
{
	struct adeos_bridge *b;

	if (!adeos_commons())
		return ERR_PTR(-ENODEV);
	mutex_lock(&adeos_lock);
	b = use_bridge(scope, name, write, ops, priv);
	mutex_unlock(&adeos_lock);
	return b;
}
EXPORT_SYMBOL_GPL(adeos_bridge_open);

/**
 * adeos_bridge_make() - make a bridge and use it
 * @spec: what it shall be
 * @ops: what the user wants to be told; may be NULL for a bridge that is pinned
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
	u32 scope = spec->flags & ADEOS_BRIDGE_GLOBAL ? ADEOS_GLOBAL : adeos_own_id();
	struct dsp_result result;
	struct adeos_bridge *b;
	int ret;

	if (!adeos_commons())
		return ERR_PTR(-ENODEV);
	mutex_lock(&adeos_lock);
	ret = request_bridge(spec, &result);
	b = ret ? ERR_PTR(ret) : use_bridge(scope, spec->name, true, ops, priv);
	if (!ret && IS_ERR(b))
		end_bridge(result.index, result.generation);
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
 * frozen.
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
	close_bridge(b);
	mutex_unlock(&adeos_lock);
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
	if (b->ops)
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
		if (b->ops)
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
		if (b->ops)
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
