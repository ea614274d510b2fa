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

#include "core.h"
#include "drive.h"
#include "mem/place.h"
#include "mem/pool.h"
#include "proto/dsp.h"
#include "room.h"

#define ROOM_PLANS	8	/* plans that may fail or be overtaken */
#define ROOM_TIME	(8 * HZ)	/* a request that asks waits for less than 15 s */
#define ROOM_REFUSED	(5 * HZ)

/**
 * struct room - what one attempt works with
 * @plan: the plan
 * @scratch: for place_plan()
 * @allocs: the bridges that can be moved, in order of their addresses
 * @index: which they are
 * @tag: their tags when it was planned: the same number may be another bridge's later
 * @stays: bridges that did not move when they were asked
 * @moves: number of moves made
 * @bytes: what they have copied
 */
struct room {
	struct place_plan plan;
	struct place_scratch scratch;
	struct place_alloc allocs[COMMONS_BRIDGES];
	u16 index[COMMONS_BRIDGES];
	u32 tag[COMMONS_BRIDGES];
	DECLARE_BITMAP(stays, COMMONS_BRIDGES);
	unsigned int moves;
	u64 bytes;
};

/* One at a time; taken before adeos_lock. */
static DEFINE_MUTEX(room_lock);

/* Protected by adeos_lock */
static u64 moved;
static u64 wanted;		/* for a bridge; 0: nothing */
static u64 refused;		/* so much had no plan ... */
static u64 refused_free;	/* ... with so much free; unless there is more, ... */
static u64 refused_until;	/* ... until then (jiffies) it is not tried again */

static struct bridge_entry *entry_of(u32 i)
{
	return &adeos_node()->root->entry[i];
}

static enum place_kind kind_of(const struct bridge_entry *e)
{
	return (e->pub.flags & BRIDGE_KIND) == BRIDGE_TRANSIENT ? PLACE_TRANSIENT : PLACE_BRIDGE;
}

static int by_address(const void *a, const void *b)
{
	u32 x = entry_of(*(const u16 *)a)->pub.pfn, y = entry_of(*(const u16 *)b)->pub.pfn;

	return x < y ? -1 : x > y;
}

/* What is neither here nor free stays where it is. */
static unsigned int list_movable(struct room *room)
{
	const struct bridge_entry *e;
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
		room->allocs[i] = (struct place_alloc){
			.start = PFN_PHYS((u64)e->pub.pfn),
			.size = (u64)e->pub.pages << PAGE_SHIFT,
			.users = commons_mask(adeos_commons()->bridge[room->index[i]].users),
			.kind = kind_of(e),
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
	ret = bridge_root_move(adeos_node(), i, PHYS_PFN(move->to), adeos_now_ms());
	if (ret)
		adeos_pool_give_memory(place.start, place.end - place.start);
	return ret;
}

/* Makes a move; adeos_lock is released while users freeze. */
static int make_move(struct room *room, const struct place_move *move)
{
	u32 i = room->index[move->index];
	const struct bridge_entry *e = entry_of(i);
	u32 before = BRIDGE_GENERATION(e->tag);
	int ret = begin_move(i, room->tag[move->index], move);

	if (ret)
		return ret;
	while (e->tag == BRIDGE_TAG(before, BRIDGE_FREEZING))
		adeos_node_wait(HZ / 10);
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
		ret = place_plan(pool, room->allocs, list_movable(room), size, align,
				 &room->scratch, &room->plan);
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
	if (ret && kind == PLACE_BRIDGE) {
		refused = size;
		refused_free = adeos_pool_free();
		refused_until = get_jiffies_64() + ROOM_REFUSED;
	}
	mutex_unlock(&adeos_lock);
	mutex_unlock(&room_lock);
	if (room->moves)
		pr_info("adeos: moved %u bridges (%llu KiB) to make room for %llu KiB%s\n",
			room->moves, room->bytes / SZ_1K, size / SZ_1K,
			ret ? ", in vain" : "");
	kvfree(room);
	return ret;
}

static void make_wanted(struct work_struct *work)
{
	u64 size;

	mutex_lock(&adeos_lock);
	size = wanted;
	wanted = 0;
	mutex_unlock(&adeos_lock);
	if (!size || !adeos_room_make(PLACE_BRIDGE, size, PAGE_SIZE))
		return;
	mutex_lock(&adeos_lock);
	/* Who asked again meanwhile is refused when it does so once more. */
	if (wanted >= size)
		wanted = 0;
	mutex_unlock(&adeos_lock);
}

static DECLARE_WORK(make_work, make_wanted);

/**
 * adeos_room_ask() - have room made for a bridge
 * @size: bytes
 *
 * For one that must not wait.  If several ask, the last one is served, and the
 * others ask again.
 *
 * Context: process, adeos_lock held.
 * Return: -EINPROGRESS: ask again in a second; -ENOMEM: there will be none.
 */
int adeos_room_ask(u64 size)
{
	if (size > adeos_pool_free())
		return -ENOMEM;
	if (refused && size >= refused && adeos_pool_free() <= refused_free &&
	    time_before64(get_jiffies_64(), refused_until))
		return -ENOMEM;
	wanted = size;
	queue_work(system_unbound_wq, &make_work);
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
