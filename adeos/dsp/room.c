// SPDX-License-Identifier: GPL-2.0
/*
 * Making room: carries out the plans of place.c, bridge by bridge (paper:
 * "Physical memory management"; docs/memory.md).  This runs in the root only.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/workqueue.h>

#include "arch.h"
#include "core.h"
#include "drive.h"
#include "mem/place.h"
#include "mem/pool.h"
#include "proto/dsp.h"
#include "room.h"

#define ROOM_PLANS	8	/* plans that may fail or be overtaken */
#define ROOM_TIME	(8 * HZ)	/* a request that asks waits for less than 15 s */
#define ROOM_REFUSED	(5 * HZ)
#define ROOM_SHARE	4	/* a vnode's bridges have others moved in 1/4 of the time at most */

/**
 * struct room - what one attempt works with
 * @free: what of the pool was free when it was planned
 * @plan: the plan
 * @scratch: for place_plan()
 * @bridges: those that can be moved, in order of their addresses
 * @index: which they are
 * @tag: their tags when it was planned: the same number may be another bridge's later
 * @stays: bridges that did not move when they were asked
 * @moves: number of moves made
 * @bytes: what they have copied
 */
struct room {
	struct region_set free;
	struct place_plan plan;
	struct place_scratch scratch;
	struct place_bridge bridges[COMMONS_BRIDGES];
	u16 index[COMMONS_BRIDGES];
	u32 tag[COMMONS_BRIDGES];
	DECLARE_BITMAP(stays, COMMONS_BRIDGES);
	unsigned int moves;
	u64 bytes;
};

/* One at a time; taken before adeos_lock. */
static DEFINE_MUTEX(room_lock);

/**
 * struct room_asker - a vnode that wants room for a bridge
 * @wanted: so much, bytes; 0: nothing
 * @refused: so much had no plan,
 * @refused_free: with so much free; unless there is more,
 * @refused_until: it is not tried again until then, jiffies
 * @not_before: it is others' turn until then, jiffies
 */
struct room_asker {
	u64 wanted;
	u64 refused;
	u64 refused_free;
	u64 refused_until;
	u64 not_before;
};

/* Protected by adeos_lock */
static u64 moved;
static struct room_asker askers[COMMONS_NODES];

static struct dsp_bridge_entry *entry_of(u32 i)
{
	return &adeos_node()->root->entry[i];
}

static int by_address(const void *a, const void *b)
{
	u32 x = entry_of(*(const u16 *)a)->pub.pfn, y = entry_of(*(const u16 *)b)->pub.pfn;

	return x < y ? -1 : x > y;
}

/* What is neither here nor free stays where it is. */
static unsigned int list_movable(struct room *room)
{
	const struct dsp_bridge_entry *e;
	unsigned int i, nr = 0;

	for (i = 0; i < COMMONS_BRIDGES; i++) {
		e = entry_of(i);
		if (BRIDGE_STATE(e->tag) == BRIDGE_LIVE && !test_bit(i, room->stays) &&
		    (e->pub.flags & BRIDGE_KIND) != BRIDGE_PINNED)
			room->index[nr++] = i;
	}
	sort(room->index, nr, sizeof(room->index[0]), by_address, NULL);
	for (i = 0; i < nr; i++) {
		e = entry_of(room->index[i]);
		room->tag[i] = e->tag;
		room->bridges[i] = (struct place_bridge){
			.start = PFN_PHYS((u64)e->pub.pfn),
			.size = (u64)e->pub.pages << PAGE_SHIFT,
			.users = commons_mask(adeos_commons()->bridge[room->index[i]].users),
			.transient = (e->pub.flags & BRIDGE_KIND) == BRIDGE_TRANSIENT,
		};
	}
	return nr;
}

/* The part of the new place that the bridge does not have already. */
static struct region beyond(const struct place_move *move)
{
	struct region r = { move->to, move->to + move->size };

	if (move->from < r.end && move->from >= r.start)
		r.end = move->from;
	else if (move->from < r.start && move->from + move->size > r.start)
		r.start = move->from + move->size;
	return r;
}

/* Begins a move, if all is as it was when it was planned. */
static int begin_move(u32 i, u32 tag, const struct place_move *move)
{
	struct region_set *pool = adeos_pool_memory();
	struct region place = beyond(move);
	int ret;

	if (entry_of(i)->tag != tag || !region_contains(pool, place.start, place.end))
		return -EAGAIN;
	ret = region_remove(pool, place.start, place.end);
	if (ret)
		return ret;
	ret = dsp_bridge_root_move(adeos_node(), i, PHYS_PFN(move->to), adeos_now_ms());
	if (ret)
		adeos_pool_give_memory(place.start, place.end - place.start);
	return ret;
}

/* All users have frozen; only the memory stays as it is while adeos_lock is released. */
static void copy_bridge(u32 i)
{
	const struct dsp_bridge_entry *e = entry_of(i);
	phys_addr_t to = PFN_PHYS((u64)e->new_pfn), from = PFN_PHYS((u64)e->pub.pfn);
	size_t size = (size_t)e->pub.pages << PAGE_SHIFT;
	int ret;

	mutex_unlock(&adeos_lock);
	ret = adeos_copy(to, from, size);
	mutex_lock(&adeos_lock);
	dsp_bridge_root_copied(adeos_node(), i, ret);
}

/* Makes a move; adeos_lock is released while users freeze, and while it is copied. */
static int make_move(struct room *room, const struct place_move *move)
{
	u32 i = room->index[move->index];
	const struct dsp_bridge_entry *e = entry_of(i);
	u32 before = BRIDGE_GENERATION(e->tag);
	int ret = begin_move(i, room->tag[move->index], move);

	if (ret)
		return ret;
	while (e->tag == BRIDGE_TAG(before, BRIDGE_FREEZING))
		adeos_node_wait(HZ / 10);
	if (e->tag == BRIDGE_TAG(before, BRIDGE_MOVING))
		copy_bridge(i);
	if (e->tag == BRIDGE_TAG(before, BRIDGE_LIVE)) {
		__set_bit(i, room->stays);
		return -EBUSY;
	}
	/* Destroyed meanwhile, and that makes room, too. */
	if (e->pub.pfn != PHYS_PFN(move->to))
		return -EAGAIN;
	room->moves++;
	room->bytes += move->size;
	moved += move->size;
	return 0;
}

/* A plan, from a copy of what there is: adeos_lock is released, as this may take seconds. */
static int plan_room(struct room *room, u64 size, u64 align)
{
	unsigned int nr = list_movable(room);
	int ret;

	room->free = *adeos_pool_memory();
	mutex_unlock(&adeos_lock);
	ret = place_plan(&room->free, room->bridges, nr, size, align, &room->scratch, &room->plan);
	mutex_lock(&adeos_lock);
	return ret;
}

static int make_room(struct room *room, enum place_kind kind, u64 size, u64 align)
{
	struct region_set *pool = adeos_pool_memory();
	unsigned long end = jiffies + ROOM_TIME;
	unsigned int plans, i;
	u64 start;
	int ret;

	for (plans = 0; plans < ROOM_PLANS && time_before(jiffies, end); plans++) {
		if (!place_find(pool, kind, size, align, &start))
			return 0;
		ret = plan_room(room, size, align);
		if (ret)
			return ret;
		for (i = 0; i < room->plan.nr; i++)
			if (make_move(room, &room->plan.move[i]))
				break;
	}
	return place_find(pool, kind, size, align, &start);
}

/**
 * adeos_room_make() - move bridges until there is room in the pool
 * @kind: for what
 * @size: bytes
 * @align: what its address must be a multiple of
 *
 * Bridges that vnodes use are frozen one by one.  Somebody else may take the
 * room before the caller does.
 *
 * Context: process, sleeps; adeos_lock not held.
 * Return: 0 if there is room now; -ENOMEM if it cannot be made.
 */
int adeos_room_make(enum place_kind kind, u64 size, u64 align)
{
	struct room *room;
	int ret = -ENOMEM;

	room = kvzalloc(sizeof(*room), GFP_KERNEL);
	if (!room)
		return -ENOMEM;
	mutex_lock(&room_lock);
	mutex_lock(&adeos_lock);
	/* Without commons there is nothing that could be moved. */
	if (adeos_commons() && adeos_pool_free() >= size)
		ret = make_room(room, kind, size, align);
	mutex_unlock(&adeos_lock);
	mutex_unlock(&room_lock);
	if (room->moves)
		pr_info("adeos: moved %u bridges (%llu KiB) to make room for %llu KiB%s\n",
			room->moves, room->bytes / SZ_1K, size / SZ_1K,
			ret ? ", in vain" : "");
	kvfree(room);
	return ret;
}

static void make_wanted(struct work_struct *work);
static DECLARE_DELAYED_WORK(make_work, make_wanted);

/*
 * Whose turn it is: COMMONS_NODES if it is nobody's, and then the work comes back when it
 * will be somebody's.  adeos_lock is held.
 */
static u32 next_asker(void)
{
	static u32 last;
	u64 now = get_jiffies_64(), when = U64_MAX;
	struct room_asker *a;
	u32 n, id;

	for (n = 1; n <= COMMONS_NODES; n++) {
		id = (last + n) % COMMONS_NODES;
		a = &askers[id];
		if (!(adeos_node()->root->member.mask & commons_bit(id)))
			a->wanted = 0;
		if (!a->wanted)
			continue;
		if (time_after_eq64(now, a->not_before)) {
			last = id;
			return id;
		}
		when = min(when, a->not_before);
	}
	if (when != U64_MAX)
		mod_delayed_work(system_unbound_wq, &make_work, when - now);
	return COMMONS_NODES;
}

/* What a vnode has others do is paid for by waiting; adeos_lock is held. */
static void asker_pays(u32 id, u64 begun)
{
	u64 now = get_jiffies_64();

	/* What the root's administrator asks for, nobody else has to be saved from. */
	if (id)
		askers[id].not_before = now + min_t(u64, (ROOM_SHARE - 1) * (now - begun),
						    ROOM_TIME);
}

static void make_wanted(struct work_struct *work)
{
	u64 size, begun = get_jiffies_64();
	struct room_asker *a;
	int ret;
	u32 id;

	mutex_lock(&adeos_lock);
	id = next_asker();
	if (id == COMMONS_NODES)
		goto out;
	a = &askers[id];
	size = a->wanted;
	a->wanted = 0;
	mutex_unlock(&adeos_lock);
	ret = adeos_room_make(PLACE_BRIDGE, size, PAGE_SIZE);
	mutex_lock(&adeos_lock);
	asker_pays(id, begun);
	if (ret) {
		a->refused = size;
		a->refused_free = adeos_pool_free();
		a->refused_until = get_jiffies_64() + ROOM_REFUSED;
		/* If it asked again meanwhile, it is refused when it does so once more. */
		if (a->wanted >= size)
			a->wanted = 0;
	}
	mod_delayed_work(system_unbound_wq, &make_work, 0);
out:
	mutex_unlock(&adeos_lock);
}

/**
 * adeos_room_ask() - have room made for a bridge
 * @from: vnode ID of who wants it
 * @size: bytes
 *
 * For one that must not wait.  If a vnode asks several times, the last one is served, and
 * the others ask again.  Vnodes are served in turn, and one that has had bridges moved
 * waits for longer than that took, so that it does not keep all others frozen.
 *
 * Context: process, adeos_lock held.
 * Return: -EINPROGRESS: ask again in a second; -ENOMEM: there will be none.
 */
int adeos_room_ask(u32 from, u64 size)
{
	struct room_asker *a = &askers[from];

	if (size > adeos_pool_free())
		return -ENOMEM;
	if (a->refused && size >= a->refused && adeos_pool_free() <= a->refused_free &&
	    time_before64(get_jiffies_64(), a->refused_until))
		return -ENOMEM;
	a->wanted = size;
	mod_delayed_work(system_unbound_wq, &make_work, 0);
	return -EINPROGRESS;
}

/**
 * adeos_room_moved() - how much was ever moved to make room
 *
 * Context: adeos_lock held.
 * Return: bytes.
 */
u64 adeos_room_moved(void)
{
	return moved;
}
