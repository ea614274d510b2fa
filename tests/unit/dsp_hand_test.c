// SPDX-License-Identifier: GPL-2.0
/*
 * The distributed sharing protocol, two vnodes and the root, driven by hand:
 * errors, moves, requests and damage, each brought about step by step.
 * dsp_test.c lets many vnodes do as they like.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dsp.h"
#include "dsp_pages.h"
#include "tap.h"

#define PAGES	4096u

static struct commons *commons;
static u32 now;
static u32 phys[PAGES][COMMONS_NODES];	/* a word of each vnode in each page */
static u8 used[PAGES];
static bool making_room, no_copy, copy_later;

static struct dsp hand[3];
static struct dsp_root hand_root;
static u32 rung[COMMONS_NODES], frozen_ops, thawed_ops, gone_ops, alloc_from;

static void hand_ring(void *priv, u32 to)
{
	(void)priv;
	rung[to]++;
}

static void hand_count(void *priv, u32 index)
{
	(void)priv;
	(void)index;
	frozen_ops++;
}

static void hand_thaw(void *priv, u32 index, u32 pfn)
{
	(void)priv;
	(void)index;
	(void)pfn;
	thawed_ops++;
}

static void hand_gone(void *priv, u32 index)
{
	(void)priv;
	(void)index;
	gone_ops++;
}

static int hand_take(u32 pages, u32 *pfn)
{
	return take_pages(used, PAGES, pages, pfn);
}

static int hand_alloc(void *priv, u32 from, u32 pages, bool may_move, u32 *pfn)
{
	(void)priv;
	alloc_from = from;
	if (making_room)
		return may_move ? -EINPROGRESS : -ENOMEM;
	return hand_take(pages, pfn);
}

static void hand_release(void *priv, u32 pfn, u32 pages)
{
	(void)priv;
	give_pages(used, pages, pfn);
}

static int hand_copy(void *priv, u32 index, u32 to, u32 from, u32 pages)
{
	(void)priv;
	(void)index;
	if (no_copy || copy_later)
		return no_copy ? -ENOMEM : -EINPROGRESS;
	memmove(phys[to], phys[from], pages * sizeof(phys[0]));
	return 0;
}

/* Does a vnode let go of what left at once? */
static bool settles = true;

static bool hand_view(void *priv, u64 left, u64 joined)
{
	(void)priv;
	(void)joined;
	return settles || !left;
}

static const struct dsp_ops hand_ops = {
	.ring = hand_ring, .view = hand_view, .freeze = hand_count, .thaw = hand_thaw,
	.gone = hand_gone,
	.alloc = hand_alloc, .release = hand_release, .copy = hand_copy,
};

static void hand_poll(void)
{
	u32 i, n;

	for (n = 0; n < 4; n++)
		for (i = 0; i < 3; i++)
			if (dsp_portal_take(commons, i, 0))
				dsp_poll(&hand[i], now);
}

static void hand_start(void)
{
	u32 i;

	memset(commons, 0, sizeof(*commons));
	memset(used, 0, sizeof(used));
	memset(rung, 0, sizeof(rung));
	now = 0;
	dsp_root_init(&hand[0], &hand_root, commons, 0, 0, &hand_ops, NULL, now);
	for (i = 1; i < 3; i++) {
		dsp_root_set_cpu(&hand[0], i, 2 * i, 0x11 << i, i);
		dsp_root_set_extent(&hand[0], i, 0, i << 16, 1024);
		dsp_root_start(&hand[0], i);
		dsp_attach(&hand[i], commons, i, i, &hand_ops, NULL, now);
	}
	hand_poll();
}

static u32 pages_used(void)
{
	u32 i, nr = 0;

	for (i = 0; i < PAGES; i++)
		nr += used[i];
	return nr;
}

/* Waits for the answer to a call. */
static int hand_result(u32 id, int call, struct dsp_result *result)
{
	if (call < 0)
		return call;
	hand_poll();
	return dsp_call_result(&hand[id], call, result) ?: result->error;
}

static int hand_clear(u32 id, const struct dsp_result *made)
{
	struct dsp_result result;

	return dsp_bridge_claim(&hand[id], made->index, made->generation) ?:
	       hand_result(id, dsp_bridge_cleared(&hand[id], made->index, now), &result) ?:
	       dsp_bridge_begin(&hand[id], made->index) ?: dsp_bridge_close(&hand[id], made->index);
}

static int hand_create(u32 id, const char *name, u8 flags, u32 pages, struct dsp_result *result)
{
	struct dsp_bridge_request req = { .flags = flags, .pages = pages, .allowed = { 1 } };

	memcpy(req.name, name, strnlen(name, sizeof(req.name)));
	return hand_result(id, dsp_bridge_create(&hand[id], &req, now), result) ?:
	       hand_clear(id, result);
}

static void hand_beats(u32 nr)
{
	u32 i;

	while (nr--) {
		now += 250;
		for (i = 0; i < 3; i++)
			beat_and_tick(&hand[i], now);
		hand_poll();
	}
}

static void test_errors(void)
{
	char name[COMMONS_NAME] = "";
	struct dsp_result r;
	u32 i, index;
	int right;

	hand_start();
	ok(hand_create(1, "", 0, 1, &r) == -EINVAL && hand_create(1, "a/b", 0, 1, &r) == -EINVAL &&
	   hand_create(1, "a\n", 0, 1, &r) == -EINVAL &&
	   hand_create(1, "\xe4", 0, 1, &r) == -EINVAL,
	   "names that are wrong");
	ok(!hand_create(1, "1234567890123456789012345678901", 0, 1, &r) &&
	   dsp_bridge_open(&hand[1], 1, "12345678901234567890123456789012", 0, &index) == -EINVAL &&
	   !dsp_bridge_open(&hand[1], 1, "1234567890123456789012345678901", 0, &index) &&
	   !dsp_bridge_close(&hand[1], index), "31 characters are a name, 32 are not");
	ok(hand_create(1, "a", 0, 0, &r) == -EFBIG &&
	   hand_create(1, "a", 0, BRIDGE_MAX_PAGES + 1, &r) == -EFBIG, "sizes that are wrong");
	ok(hand_create(1, "a", 3, 1, &r) == -EOPNOTSUPP &&
	   hand_create(1, "a", 0x80, 1, &r) == -EOPNOTSUPP, "flags that are unknown");
	ok(hand_create(1, "big", 0, PAGES, &r) == -ENOMEM, "more memory than there is");
	ok(!hand_create(1, "a", 0, 1, &r) && hand_create(1, "a", 0, 1, &r) == -EEXIST &&
	   !hand_create(2, "a", 0, 1, &r) && !hand_create(1, "a", BRIDGE_GLOBAL, 1, &r) &&
	   hand_create(2, "a", BRIDGE_GLOBAL, 1, &r) == -EEXIST,
	   "a name is taken in its scope only");
	ok(dsp_bridge_open(&hand[2], 1, "a", 0, &index) == -EACCES &&
	   !dsp_bridge_open(&hand[0], 1, "a", 1, &index) && !dsp_bridge_close(&hand[0], index) &&
	   dsp_bridge_close(&hand[0], index) == -EBADF, "only vnodes that are allowed may open it");
	ok(!hand_create(1, "ro", BRIDGE_READ_ONLY, 1, &r) &&
	   dsp_bridge_open(&hand[0], 1, "ro", 1, &index) == -EROFS &&
	   !dsp_bridge_open(&hand[0], 1, "ro", 0, &index) && !dsp_bridge_close(&hand[0], index) &&
	   !dsp_bridge_open(&hand[1], 1, "ro", 1, &index), "a bridge for reading");
	ok(dsp_bridge_root_destroy(&hand[0], 2, r.index, r.generation, now) == -EPERM &&
	   dsp_bridge_root_destroy(&hand[0], 1, r.index, r.generation + 1, now) == -ENOENT &&
	   dsp_bridge_root_destroy(&hand[0], 1, COMMONS_BRIDGES, 0, now) == -ENOENT &&
	   !dsp_bridge_root_destroy(&hand[0], 1, r.index, r.generation, now) &&
	   !dsp_bridge_root_destroy(&hand[0], 1, r.index, r.generation, now),
	   "who may destroy what");
	hand_poll();
	ok(gone_ops == 1 && dsp_bridge_where(&hand[1], index, &i, &i) == -EIDRM &&
	   BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_DYING &&
	   !hand_create(1, "ro", 0, 1, &r) && !dsp_bridge_close(&hand[1], index),
	   "a destroyed bridge waits for its user, its name does not");
	hand_poll();
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_FREE,
	   "and is free when that closes it");

	hand_start();
	for (i = 0, right = 1; i < BRIDGE_MAX_PER_VNODE; i++) {
		snprintf(name, sizeof(name), "%u", i);
		right &= !hand_create(1, name, 0, 1, &r);
		if (i % 32 == 0)
			hand_beats(1);
	}
	ok(right && hand_create(1, "more", 0, 1, &r) == -EMFILE &&
	   hand_create(1, "0", 0, 1, &r) == -EMFILE, "a vnode's number of bridges");
	hand_root.pages[2] = BRIDGE_MAX_TOTAL - 1;
	ok(hand_create(2, "two", 0, 2, &r) == -EDQUOT && !hand_create(2, "one", 0, 1, &r),
	   "a vnode's pages in all");
	for (i = 0; i < COMMONS_BRIDGES; i++)
		if (BRIDGE_STATE(hand_root.entry[i].tag) == BRIDGE_FREE)
			hand_root.entry[i].tag = BRIDGE_LIVE;
	hand_root.pages[2] = 0;
	ok(hand_create(2, "last", 0, 1, &r) == -ENFILE, "a table that is full");
}

/* A user that never closes a destroyed bridge: it may still write to the memory. */
static void test_dying(void)
{
	struct dsp_bridge_request req = { .name = "held", .pages = 3, .allowed = { 7 } };
	struct dsp_result r;
	u32 index, tag;

	hand_start();
	ok(!hand_result(1, dsp_bridge_create(&hand[1], &req, now), &r) && !hand_clear(1, &r) &&
	   !dsp_bridge_open(&hand[2], 1, "held", 1, &index), "a bridge that another one holds");
	dsp_bridge_destroy(&hand[1], index, hand_root.entry[index].born, now);
	hand_poll();
	hand_beats(1000);
	tag = hand_root.entry[index].tag;
	ok(BRIDGE_STATE(tag) == BRIDGE_DYING && pages_used() == 3 && hand_root.nr[1] == 1 &&
	   hand_root.pages[1] == 3, "a bridge that is held stays, on its owner's account");
	dsp_root_died(&hand[0], 1, now);
	hand_poll();
	ok(hand_root.entry[index].tag == tag && pages_used() == 3 && !hand_root.nr[1] &&
	   !hand_root.pages[1], "until that one dies, and then on nobody's");
	dsp_root_died(&hand[0], 2, now);
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_FREE && !pages_used(),
	   "who dies lets go");
}

static void test_moves(void)
{
	struct dsp_result r;
	u32 index, pfn, new, pages;
	int call;

	hand_start();
	frozen_ops = 0;
	thawed_ops = 0;
	hand_create(1, "pin", BRIDGE_PINNED, 1, &r);
	hand_take(1, &new);
	ok(dsp_bridge_root_move(&hand[0], r.index, new, now) == -EBUSY &&
	   dsp_bridge_root_move(&hand[0], 999, new, now) == -ENOENT, "what cannot move");
	hand_release(NULL, new, 1);

	hand_create(1, "mov", BRIDGE_MOVABLE, 1, &r);
	dsp_bridge_open(&hand[1], 1, "mov", 1, &index);
	dsp_bridge_where(&hand[1], index, &pfn, &pages);
	phys[pfn][7] = 0x1234;
	hand_take(1, &new);
	dsp_bridge_root_move(&hand[0], index, new, now);
	ok(dsp_bridge_root_move(&hand[0], index, new, now) == -EBUSY &&
	   dsp_bridge_open(&hand[0], 1, "mov", 1, &index) == -EAGAIN, "a bridge in motion");
	hand_poll();
	ok(frozen_ops == 1 && thawed_ops == 1 && !dsp_bridge_where(&hand[1], index, &pfn, &pages) &&
	   pfn == new && phys[new][7] == 0x1234, "a bridge moves, and its contents do");

	hand_take(1, &new);
	dsp_bridge_root_move(&hand[0], index, new, now);
	now += BRIDGE_FREEZE_TIMEOUT - 1;
	beat_and_tick(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_FREEZING,
	   "the root waits for a user");
	now++;
	beat_and_tick(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_LIVE &&
	   hand[0].count.freeze_timeouts == 1 && !used[new] && used[pfn], "but not for ever");
	hand_poll();
	ok(frozen_ops == 1 && !dsp_bridge_where(&hand[1], index, &pfn, &pages),
	   "one who slept goes on");

	/* Frozen; the root gives up, and wants to move again before we saw it. */
	hand_create(2, "other", BRIDGE_MOVABLE, 1, &r);
	hand_take(1, &new);
	dsp_bridge_root_move(&hand[0], index, new, now);
	call = dsp_bridge_destroy(&hand[2], r.index, r.generation, now);
	commons_set(commons->bridge[index].users, 0);
	dsp_bridge_scan(&hand[1]);
	now += BRIDGE_FREEZE_TIMEOUT;
	dsp_bridge_root_step(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_LIVE &&
	   dsp_bridge_where(&hand[1], index, &pfn, &pages) == -EAGAIN, "frozen, and given up");
	hand_take(1, &new);
	dsp_bridge_root_move(&hand[0], index, new, now);
	dsp_bridge_scan(&hand[1]);
	commons_clear(commons->bridge[index].users, 0);
	dsp_bridge_root_step(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_LIVE &&
	   hand_root.entry[index].pub.pfn == new, "the second time finds it frozen still");
	hand_poll();
	ok(!dsp_bridge_where(&hand[1], index, &pfn, &pages) && pfn == new &&
	   !dsp_call_result(&hand[2], call, &r) && !r.error, "and it thaws at the new place");

	/* A bit that somebody else set. */
	commons_set(commons->bridge[index].users, 2);
	dsp_bridge_close(&hand[1], index);
	dsp_bridge_root_destroy(&hand[0], 0, index, hand_root.entry[index].born, now);
	hand_poll();
	ok(hand[2].count.stray_user == 1 && BRIDGE_STATE(hand_root.entry[index].tag) == BRIDGE_FREE,
	   "a user's bit that is not its own work does not last");
}

/* The pages a bridge moved by @by pages has, and no others. */
static bool moved_by(u32 index, u32 old, int by, u32 pages)
{
	struct dsp_bridge_entry *e = &hand_root.entry[index];
	u32 i;

	for (i = 0; i < pages; i++)
		if (!used[old + by + i] || phys[old + by + i][0] != 100 + i)
			return false;
	return pages_used() == pages && BRIDGE_STATE(e->tag) == BRIDGE_LIVE &&
	       e->pub.pfn == old + by;
}

/* A move that overlaps the old place: the caller takes only free memory. */
static void test_overlap(void)
{
	struct dsp_result r;
	u32 index, old, pages, i;

	hand_start();
	hand_take(2, &old);
	hand_create(1, "slide", BRIDGE_MOVABLE, 5, &r);
	hand_release(NULL, old, 2);
	dsp_bridge_open(&hand[1], 1, "slide", 1, &index);
	dsp_bridge_where(&hand[1], index, &old, &pages);
	for (i = 0; i < 5; i++)
		phys[old + i][0] = 100 + i;
	ok(dsp_bridge_root_move(&hand[0], index, old, now) == -EINVAL, "it is there already");
	memset(used + old - 2, 1, 2);
	dsp_bridge_root_move(&hand[0], index, old - 2, now);
	hand_poll();
	ok(moved_by(index, old, -2, 5), "a bridge slides down over itself");
	memset(used + old + 3, 1, 2);
	dsp_bridge_root_move(&hand[0], index, old, now);
	hand_poll();
	ok(moved_by(index, old, 0, 5), "and up");

	used[old + 5] = 1;
	dsp_bridge_root_move(&hand[0], index, old + 1, now);
	now += BRIDGE_FREEZE_TIMEOUT;
	dsp_bridge_root_step(&hand[0], now);
	ok(moved_by(index, old, 0, 5), "it stays if a user does not freeze");
	hand_poll();
	no_copy = true;
	used[old + 5] = 1;
	dsp_bridge_root_move(&hand[0], index, old + 1, now);
	hand_poll();
	no_copy = false;
	ok(moved_by(index, old, 0, 5) && !dsp_bridge_where(&hand[1], index, &old, &pages),
	   "and if it cannot be copied, and is thawed there");
	used[old - 1] = 1;
	dsp_bridge_root_move(&hand[0], index, old - 1, now);
	dsp_bridge_root_destroy(&hand[0], 0, index, hand_root.entry[index].born, now);
	dsp_bridge_scan(&hand[1]);
	dsp_bridge_close(&hand[1], index);
	hand_poll();
	for (i = 0; i < PAGES && !used[i]; i++)
		;
	ok(i == PAGES, "destroyed in motion, it leaves nothing behind");
}

/* One of vnode 1's that vnode 2 has open, and that is being copied. */
static u32 hand_copying(u8 flags)
{
	struct dsp_bridge_request req = { .name = "slow", .pages = 2, .allowed = { 7 },
				      .flags = flags };
	struct dsp_result r;
	u32 index, new;

	hand_start();
	hand_result(1, dsp_bridge_create(&hand[1], &req, now), &r);
	hand_clear(1, &r);
	dsp_bridge_open(&hand[2], flags & BRIDGE_GLOBAL ? COMMONS_NOBODY : 1, "slow", 1, &index);
	hand_take(2, &new);
	copy_later = true;
	dsp_bridge_root_move(&hand[0], index, new, now);
	hand_poll();
	copy_later = false;
	return index;
}

static bool hand_is(u32 index, u32 state, u32 pages)
{
	return BRIDGE_STATE(hand_root.entry[index].tag) == state && pages_used() == pages;
}

/* Events while the root copies a bridge, which takes long. */
static void test_copying(void)
{
	u32 index, i, n, pages;
	struct dsp_result r;

	index = hand_copying(BRIDGE_MOVABLE);
	hand_beats(100);
	ok(hand_is(index, BRIDGE_MOVING, 4) &&
	   dsp_bridge_where(&hand[2], index, &i, &pages) == -EAGAIN &&
	   dsp_bridge_open(&hand[1], 1, "slow", 1, &i) == -EAGAIN, "it may take long to copy it");
	dsp_bridge_root_copied(&hand[0], index, 0);
	dsp_bridge_root_copied(&hand[0], index, 0);
	hand_poll();
	ok(hand_is(index, BRIDGE_LIVE, 2) && hand[0].count.moves == 1 && !hand_root.busy &&
	   !dsp_bridge_where(&hand[2], index, &i, &pages), "then it is there");

	index = hand_copying(BRIDGE_MOVABLE);
	dsp_bridge_root_copied(&hand[0], index, -ENOMEM);
	hand_poll();
	ok(hand_is(index, BRIDGE_LIVE, 2) && !hand[0].count.moves && !hand_root.busy,
	   "or where it was");

	for (n = 0; n < 2; n++) {
		index = hand_copying(BRIDGE_MOVABLE);
		dsp_bridge_root_destroy(&hand[0], 1, index, hand_root.entry[index].born, now);
		hand_beats(1);
		ok(hand_is(index, BRIDGE_MOVING, 4) && !hand_create(1, "slow", 0, 1, &r),
		   "destroyed meanwhile, its name is free, and both places are used");
		dsp_bridge_root_copied(&hand[0], index, n ? -ENOMEM : 0);
		hand_poll();
		ok(hand_is(index, BRIDGE_DYING, 3) &&
		   dsp_bridge_where(&hand[2], index, &i, &pages) == -EIDRM, "then it dies");
		dsp_bridge_close(&hand[2], index);
		hand_poll();
		ok(hand_is(index, BRIDGE_FREE, 1) && !hand_root.busy && hand_root.nr[1] == 1,
		   "and is gone");
	}

	index = hand_copying(BRIDGE_MOVABLE);
	dsp_root_died(&hand[0], 1, now);
	dsp_root_died(&hand[0], 2, now);
	ok(hand_is(index, BRIDGE_MOVING, 4), "its owner and its user die");
	dsp_bridge_root_copied(&hand[0], index, 0);
	hand_beats(1);
	ok(hand_is(index, BRIDGE_FREE, 0) && !hand_root.busy && !hand_root.nr[1], "likewise");

	index = hand_copying(BRIDGE_MOVABLE | BRIDGE_GLOBAL);
	dsp_root_died(&hand[0], 1, now);
	dsp_bridge_root_copied(&hand[0], index, 0);
	hand_beats(1);
	ok(hand_is(index, BRIDGE_LIVE, 2) && !dsp_bridge_where(&hand[2], index, &i, &pages),
	   "a global one lives on");
	dsp_bridge_close(&hand[2], index);
	hand_beats(1);
	ok(hand_is(index, BRIDGE_FREE, 0) && !hand_root.busy, "until its last user goes");
}

/* No room yet: the request is not answered, and comes again. */
static void test_room(void)
{
	struct dsp_bridge_request req = { .name = "late", .pages = 1, .flags = BRIDGE_MAY_MOVE };
	struct dsp_result r;
	int call;

	hand_start();
	making_room = true;
	ok(hand_create(2, "now", BRIDGE_MOVABLE, 1, &r) == -ENOMEM && alloc_from == 2,
	   "nothing is moved for one who may not have it moved");
	call = dsp_bridge_create(&hand[1], &req, now);
	hand_poll();
	ok(dsp_call_result(&hand[1], call, &r) == -EINPROGRESS, "who asks waits for room");
	now += DSP_RESEND;
	beat_and_tick(&hand[1], now);
	hand_poll();
	ok(dsp_call_result(&hand[1], call, &r) == -EINPROGRESS, "as long as it takes");
	making_room = false;
	now += DSP_RESEND;
	beat_and_tick(&hand[1], now);
	hand_poll();
	ok(!dsp_call_result(&hand[1], call, &r) && !r.error && hand_root.nr[1] == 1,
	   "and gets its bridge, once");
}

/* Others cannot open it before its owner has cleared it. */
static void test_clearing(void)
{
	struct dsp_bridge_request req = { .name = "new", .pages = 3, .allowed = { 7 },
				      .flags = BRIDGE_MOVABLE };
	struct dsp_result r, cleared;
	u32 index, pfn, pages, i;

	hand_start();
	hand_result(1, dsp_bridge_create(&hand[1], &req, now), &r);
	ok(BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_CLEARING &&
	   dsp_bridge_open(&hand[2], 1, "new", 1, &index) == -ENOENT &&
	   dsp_bridge_open(&hand[1], 1, "new", 1, &index) == -ENOENT &&
	   hand_create(1, "new", 0, 1, &cleared) == -EEXIST,
	   "a bridge that is not cleared cannot be opened, but has its name");
	ok(dsp_bridge_root_cleared(&hand[0], 2, r.index, r.generation) == -EPERM &&
	   dsp_bridge_root_cleared(&hand[0], 0, r.index, r.generation) == -EPERM &&
	   dsp_bridge_root_cleared(&hand[0], 1, r.index, r.generation + 1) == -ENOENT &&
	   dsp_bridge_root_cleared(&hand[0], 1, COMMONS_BRIDGES, 0) == -ENOENT &&
	   BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_CLEARING,
	   "only its owner can say that it is");
	hand_take(3, &pfn);
	ok(dsp_bridge_root_move(&hand[0], r.index, pfn, now) == -EBUSY, "nor is it moved");
	hand_release(NULL, pfn, 3);
	ok(!dsp_bridge_claim(&hand[1], r.index, r.generation) &&
	   dsp_bridge_claim(&hand[1], r.index, r.generation) == -EPROTO &&
	   !dsp_bridge_where(&hand[1], r.index, &pfn, &pages) && pages == 3 && used[pfn],
	   "its owner knows where to clear it");
	frozen_ops = 0;
	commons->tag[r.index] = BRIDGE_TAG(r.generation, BRIDGE_FREEZING);
	dsp_bridge_scan(&hand[1]);
	commons->tag[r.index] = hand_root.entry[r.index].tag;
	ok(!frozen_ops && !dsp_bridge_where(&hand[1], r.index, &pfn, &pages),
	   "and is not frozen, whatever others write");
	ok(!hand_result(1, dsp_bridge_cleared(&hand[1], r.index, now), &cleared) &&
	   !hand_result(1, dsp_bridge_cleared(&hand[1], r.index, now), &cleared) &&
	   dsp_bridge_open(&hand[1], 1, "new", 1, &index) == -EAGAIN &&
	   !dsp_bridge_open(&hand[2], 1, "new", 1, &index), "then others can open it");
	hand_take(3, &pfn);
	dsp_bridge_root_move(&hand[0], r.index, pfn, now);
	hand_poll();
	ok(BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_FREEZING,
	   "if it is moved at once, the root waits for the owner");
	ok(!dsp_bridge_begin(&hand[1], r.index) && dsp_bridge_begin(&hand[1], r.index) == -EIDRM,
	   "which begins to use it, once");
	hand_beats(1);
	ok(hand_root.entry[r.index].pub.pfn == pfn && !hand[1].count.bad_bridge &&
	   !dsp_bridge_where(&hand[1], r.index, &i, &pages) && i == pfn, "and lets it be moved");
}

static void test_clearing_ends(void)
{
	struct dsp_bridge_request req = { .name = "new", .pages = 3, .allowed = { 7 } };
	struct dsp_result r, cleared;
	u32 pages, i;

	hand_start();
	hand_result(1, dsp_bridge_create(&hand[1], &req, now), &r);
	dsp_bridge_claim(&hand[1], r.index, r.generation);
	gone_ops = 0;
	dsp_bridge_root_destroy(&hand[0], 0, r.index, r.generation, now);
	hand_poll();
	ok(BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_DYING && pages_used() == 3 &&
	   gone_ops == 1 && dsp_bridge_where(&hand[1], r.index, &i, &pages) == -EIDRM,
	   "destroyed meanwhile, it stays its owner's until that lets go");
	ok(hand_result(1, dsp_bridge_cleared(&hand[1], r.index, now), &cleared) == -EIDRM &&
	   dsp_bridge_begin(&hand[1], r.index) == -EIDRM && !dsp_bridge_close(&hand[1], r.index),
	   "which is told");
	hand_poll();
	ok(!pages_used() && !hand_root.nr[1] && !hand_root.busy, "and then is gone");

	hand_result(1, dsp_bridge_create(&hand[1], &req, now), &r);
	dsp_bridge_claim(&hand[1], r.index, r.generation);
	hand_beats(2 * BRIDGE_CLAIM_TIMEOUT / 250);
	ok(BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_CLEARING && pages_used() == 3,
	   "who clears may take its time");
	dsp_bridge_close(&hand[1], r.index);
	hand_beats(1);
	ok(!pages_used() && !hand_root.busy, "but if it gives up, it is gone");
	hand_result(1, dsp_bridge_create(&hand[1], &req, now), &r);
	hand_beats(BRIDGE_CLAIM_TIMEOUT / 250 - 1);
	ok(pages_used() == 3, "likewise if its owner has never heard of it");
	hand_beats(1);
	ok(!pages_used() && !hand_root.busy && !hand_root.nr[1], "after a while");

	for (i = 0; i < 3; i++) {
		hand_start();
		req.flags = i == 1 ? BRIDGE_GLOBAL : 0;
		hand_result(1, dsp_bridge_create(&hand[1], &req, now), &r);
		if (i < 2)
			dsp_bridge_claim(&hand[1], r.index, r.generation);
		dsp_root_died(&hand[0], 1, now);
		ok(!pages_used() && !hand_root.nr[1] && !hand_root.busy &&
		   BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_FREE,
		   i < 2 ? "its owner dies while it clears it" : "or before it begins to");
	}
}

/* A vnode that asks without end is heard so often between two beats, and others as they ask. */
static void test_budget(void)
{
	struct dsp_result r;
	u32 i, n;
	int call;

	hand_start();
	hand_beats(1);
	n = hand[0].count.received;
	for (i = 0; i < 1000; i++) {
		call = dsp_bridge_destroy(&hand[1], 5, 0, now);
		hand_poll();
		dsp_call_result(&hand[1], call, &r);
	}
	n = hand[0].count.received - n;
	ok(n == DSP_BUDGET, "who asks without end is heard so often");
	rung[0] = 0;
	rung[1] = 0;
	hand_poll();
	ok(!rung[0] && !rung[1], "and then neither rings the other");
	ok(!hand_create(2, "other", 0, 1, &r), "others are heard");
	hand_beats(1);
	ok(hand[0].count.received > n + 4 && hand[0].root->heard[1],
	   "at the next beat it is heard again");
}

/* A message in the root's name, to the root: it would be obeyed. */
static void test_forged(void)
{
	struct dsp_result r, which;
	union dsp_msg msg = { .type = DSP_DESTROY, .version = ADEOS_ABI, .from = 1, .to = 1,
			      .length = sizeof(which), .txn = 1000 };
	u32 head = 0;

	hand_start();
	hand_create(1, "victim", 0, 1, &r);
	which = (struct dsp_result){ .index = r.index, .generation = r.generation };
	memcpy(msg.payload, &which, sizeof(which));
	dsp_ring_put(&commons->ring[0][0], &head, &msg);
	dsp_portal_post(commons, 0, PORTAL_DSP, 0);
	hand_poll();
	beat_and_tick(&hand[0], now);
	ok(BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_LIVE,
	   "nobody asks in the root's name");
	ok(!hand_create(0, "own", 0, 1, &r) &&
	   dsp_bridge_destroy(&hand[0], r.index, r.generation, now) >= 0 &&
	   BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_FREE, "but the root itself");
}

static void test_requests(void)
{
	struct dsp_bridge_request req = { .name = "x", .pages = 1 };
	struct dsp_result r;
	union dsp_msg msg;
	int call, i, full;

	hand_start();
	call = dsp_bridge_create(&hand[1], &req, now);
	msg = hand[1].call[call].msg;
	hand_poll();
	dsp_call_result(&hand[1], call, &r);
	dsp_send(&hand[1], 0, &msg);
	hand_poll();
	ok(!r.error && hand[0].count.duplicate == 1 && hand_root.nr[1] == 1 &&
	   hand[1].count.late == 1, "a request that comes twice is carried out once");
	msg.txn -= DSP_CALLS;
	call = dsp_bridge_create(&hand[1], &req, now);
	hand_poll();
	ok(!dsp_call_result(&hand[1], call, &r) && r.error == -EEXIST,
	   "a new one is not taken for it");

	for (i = 0; i < DSP_CALLS; i++)
		dsp_bridge_destroy(&hand[1], 5, 0, now);
	ok(dsp_bridge_destroy(&hand[1], 5, 0, now) == -EBUSY,
	   "so many requests at once, and not more");
	ok(hand[1].count.full && hand[1].call[DSP_CALLS - 1].state == DSP_CALL_QUEUED,
	   "those that find no room wait");
	hand_poll();
	for (i = 0, full = 0; i < DSP_CALLS; i++)
		full += !dsp_call_result(&hand[1], i, &r) && r.error == -ENOENT;
	ok(full == DSP_CALLS, "and are sent when the root rings back");
	for (i = 0; dsp_call_fits(&hand[1], DSP_CREATE); i++)
		dsp_bridge_create(&hand[1], &req, now);
	ok(i == DSP_CREATES && dsp_bridge_create(&hand[1], &req, now) == -EBUSY &&
	   dsp_call_fits(&hand[1], DSP_DESTROY), "some places are for destroying only");
	for (; dsp_call_fits(&hand[1], DSP_DESTROY); i++)
		dsp_bridge_destroy(&hand[1], 5, 0, now);
	ok(i == DSP_CALLS && dsp_bridge_destroy(&hand[1], 5, 0, now) == -EBUSY,
	   "all of which can be had");
	hand_poll();
	for (i = 0; i < DSP_CALLS; i++)
		dsp_call_result(&hand[1], i, &r);

	msg = (union dsp_msg){ .type = DSP_PONG };
	for (i = 0; i < COMMONS_SLOTS; i++)
		dsp_send(&hand[1], 2, &msg);
	rung[1] = 0;
	ok(dsp_send(&hand[1], 2, &msg) == -EAGAIN, "a full ring");
	hand_poll();
	ok(rung[1] == 1 && !dsp_send(&hand[1], 2, &msg), "whose receiver rings when there is room");
	ok(rung[2] && hand[1].count.coalesced, "rings are coalesced");

	call = dsp_bridge_create(&hand[1], &req, now);
	dsp_portal_post(commons, 2, PORTAL_DSP, 1);
	rung[2] = 0;
	dsp_root_died(&hand[0], 1, now);
	ok(rung[2], "who dies between a word and its interrupt silences nobody");
	hand_poll();
	ok(hand[0].count.bad_sender == 1 && !hand_root.nr[1], "a dead vnode's request is dropped");
	ok(dsp_send(&hand[2], 1, &msg) == -EHOSTDOWN, "and nothing can be sent to it");

	call = dsp_bridge_create(&hand[2], &req, now);
	for (i = 0; i < 12; i++)
		beat_and_tick(&hand[2], now += 1000);
	ok(!dsp_call_result(&hand[2], call, &r) && r.error == -EHOSTDOWN &&
	   dsp_bridge_create(&hand[2], &req, now) == -EHOSTDOWN,
	   "a root that does not beat is dead");
	beat_and_tick(&hand[0], now);
	beat_and_tick(&hand[2], now);
	ok(!hand_create(2, "y", 0, 1, &r), "unless it was only slow");
}

static bool all_agree(u64 mask)
{
	u32 i;

	for (i = 0; i < 3; i++)
		if (mask & commons_bit(i) &&
		    (hand[i].member.mask != mask || !dsp_joined(&hand[i]) ||
		     hand[i].member.epoch != hand_root.member.epoch))
			return false;
	return !dsp_member_unsettled(&hand_root.member, commons);
}

/* A vnode adopts a view at once, but settles in it when it has let go. */
static void test_settle(void)
{
	hand_start();
	hand_beats(1);
	ok(!dsp_member_unsettled(&hand_root.member, commons), "all have settled");
	settles = false;
	dsp_root_died(&hand[0], 2, now);
	hand_poll();
	hand_beats(2);
	ok(hand[1].member.mask == 3 && dsp_member_unsettled(&hand_root.member, commons) == 3,
	   "who uses memory of one that has left has not");
	dsp_settle(&hand[0]);
	hand_beats(2);
	ok(dsp_member_unsettled(&hand_root.member, commons) == 2, "not until it says so");
	rung[0] = 0;
	dsp_settle(&hand[1]);
	ok(!dsp_member_unsettled(&hand_root.member, commons) && rung[0], "and rings the root");
	dsp_root_start(&hand[0], 2);
	dsp_attach(&hand[2], commons, 2, 2, &hand_ops, NULL, now);
	hand_poll();
	ok(all_agree(7) && !dsp_member_unsettled(&hand_root.member, commons),
	   "who joins is nothing to let go of");
	settles = true;
}

/* The coordinator need not be vnode 0. */
static void test_coordinator(void)
{
	static const u32 ids[] = { 5, 1 };
	struct dsp_bridge_request req = { .name = "c", .pages = 1, .allowed = { ~0u, ~0u } };
	struct dsp_result r;
	int call, i, round;

	memset(commons, 0, sizeof(*commons));
	memset(used, 0, sizeof(used));
	dsp_root_init(&hand[0], &hand_root, commons, 5, 5, &hand_ops, NULL, now);
	ok(!dsp_root_start(&hand[0], 5) && dsp_root_start(&hand[0], 1) == 1 &&
	   !dsp_attach(&hand[1], commons, 1, 1, &hand_ops, NULL, now) &&
	   hand[1].member.coordinator == 5, "the view names the coordinator");
	for (round = 0; round < 4; round++)
		for (i = 0; i < 2; i++)
			if (dsp_portal_take(commons, ids[i], 0))
				dsp_poll(&hand[i], now);
	ok(hand[1].member.mask == (1u << 5 | 1 << 1) && dsp_joined(&hand[1]),
	   "who lets others join");
	call = dsp_bridge_create(&hand[1], &req, now);
	for (round = 0; round < 4; round++)
		for (i = 0; i < 2; i++)
			if (dsp_portal_take(commons, ids[i], 0))
				dsp_poll(&hand[i], now);
	ok(!dsp_call_result(&hand[1], call, &r) && !r.error, "and serves them");
	now += MEMBER_ROOT_TIMEOUT / 2;
	beat_and_tick(&hand[0], now);
	beat_and_tick(&hand[1], now);
	now += MEMBER_ROOT_TIMEOUT - 1;
	beat_and_tick(&hand[1], now);
	ok(!hand[1].member.root_lost, "it is its heart that counts");
	dsp_root_died(&hand[0], 5, now);
	ok(hand_root.member.mask & 1 << 5, "it does not end itself");
}

/* A view that nobody can tell from the root's */
static void forge_view_by(u32 coordinator, u32 epoch, u64 mask)
{
	struct commons_view v = {
		.epoch = epoch,
		.mask = { mask, mask >> 32 },
		.coordinator = coordinator,
	};
	u32 i;

	for (i = 0; i < COMMONS_NODES; i++)
		v.incarnation[i] = mask & commons_bit(i) ? 1 : 0;
	v.check = commons_check((u32 *)&v, offsetof(struct commons_view, check) / 4);
	commons->view[epoch % COMMONS_VIEWS] = v;
	commons->epoch = epoch;
}

static void forge_view(u32 epoch, u64 mask)
{
	forge_view_by(0, epoch, mask);
}

/* A view that names another coordinator: one that does not beat, or the vnode itself. */
static void test_forged_coordinator(void)
{
	static const u32 forged[] = { 40, 1, 2 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(forged); i++) {
		hand_start();
		hand_beats(1);
		forge_view_by(forged[i], hand_root.member.epoch + 0x40000000, 7 | 1ull << 40);
		beat_and_tick(&hand[1], now);
		ok(hand[1].member.coordinator == forged[i], "a forged coordinator is believed");
		hand_beats(4);
		ok(hand[1].member.coordinator == forged[i], "and does not go back at once");
		hand_beats(MEMBER_RETURN);
		ok(all_agree(7) && !hand[1].member.coordinator, "but to the one that beats");
	}

	/* The view that the root makes next differs by its coordinator alone. */
	hand_start();
	hand_beats(1);
	forge_view_by(1, hand_root.member.epoch + 1, 3);
	beat_and_tick(&hand[1], now);
	dsp_root_died(&hand[0], 2, now);
	hand_poll();
	ok(hand[1].member.epoch == hand_root.member.epoch && hand[1].member.coordinator == 1,
	   "a coordinator in a view of the epoch that comes next");
	hand_beats(MEMBER_RETURN + 2);
	ok(all_agree(3) && !hand[1].member.coordinator, "does not last either");
}

/* An entry that looks like the root's */
static void forge_flags(u32 index, u32 flags)
{
	struct commons_bridge *b = &commons->bridge[index];

	b->flags = flags;
	b->check = commons_check((u32 *)b, COMMONS_BRIDGE_WORDS - 1);
}

/* Words that are written once, or are believed for long. */
static void test_damage(void)
{
	struct commons_node *n;
	struct dsp_result r;
	u32 index, pfn, pages;

	hand_start();
	hand_beats(1);
	n = &commons->node[2];
	n->slot = 0;
	n->attached = 99;
	n->epoch = 12345;
	n->extent[0].pages = 9;
	n->extent[COMMONS_EXTENTS - 1].pfn = 9;
	commons->node[0].slot = 99;
	commons->cpu[2].owner = 1;
	commons->cpu[COMMONS_CPUS - 1].apic_id = 7;
	hand_beats(1);
	ok(n->slot == 2 && n->attached == 1 && n->epoch == hand_root.member.epoch &&
	   !commons->node[0].slot && hand[2].count.scrubbed && hand[0].count.scrubbed,
	   "where a vnode can be rung is repaired");
	ok(n->extent[0].pfn == 2 << 16 && n->extent[0].pages == 1024 &&
	   !n->extent[COMMONS_EXTENTS - 1].pfn, "and where it has memory");
	ok(commons->cpu[2].apic_id == 4 && commons->cpu[2].dest == 0x44 &&
	   commons->cpu[2].owner == 2 &&
	   commons->cpu[COMMONS_CPUS - 1].apic_id == COMMONS_NOBODY &&
	   commons->cpu[0].owner == COMMONS_NOBODY, "and which CPU is in a slot");

	forge_view(hand_root.member.epoch + 0x40000000, 1 | 1ull << 40);
	beat_and_tick(&hand[0], now);
	ok(all_agree(7), "the root does not believe in what others write");
	forge_view(hand_root.member.epoch + 0x40000000, 1 | 1ull << 40);
	beat_and_tick(&hand[1], now);
	ok(!dsp_joined(&hand[1]), "others must");
	hand_beats(4);
	ok(!dsp_joined(&hand[1]) && dsp_joined(&hand[2]), "and do not go back at once");
	hand_beats(MEMBER_RETURN);
	ok(all_agree(7), "but when the root goes on with its own");
	forge_view(hand_root.member.epoch + 1, 1 << 1);
	beat_and_tick(&hand[1], now);
	ok(hand[1].count.bad_view && hand[1].member.mask == 7, "a coordinator is a member");
	forge_view(hand_root.member.epoch + 1, 1);
	beat_and_tick(&hand[1], now);
	dsp_root_died(&hand[0], 2, now);
	hand_poll();
	ok(hand[1].member.epoch == hand_root.member.epoch && hand[1].member.mask == 1,
	   "a view of the epoch that comes next");
	hand_beats(MEMBER_RETURN + 1);
	ok(all_agree(3), "does not last either");

	hand_start();
	hand_create(1, "pin", BRIDGE_PINNED, 1, &r);
	dsp_bridge_open(&hand[1], 1, "pin", 1, &index);
	frozen_ops = 0;
	gone_ops = 0;
	commons->tag[index] = BRIDGE_TAG(BRIDGE_GENERATION(commons->tag[index]), BRIDGE_FREEZING);
	dsp_bridge_scan(&hand[1]);
	ok(!frozen_ops && !gone_ops && hand[1].count.bad_bridge == 1 &&
	   !dsp_bridge_where(&hand[1], index, &pfn, &pages), "what is pinned is not frozen");
	hand_beats(16);
	ok(BRIDGE_STATE(commons->tag[index]) == BRIDGE_LIVE && !gone_ops, "and is well again");

	hand_create(1, "kind", BRIDGE_MOVABLE, 1, &r);
	forge_flags(r.index, BRIDGE_KIND);
	ok(dsp_bridge_open(&hand[1], 1, "kind", 1, &index) == -EPROTO, "a kind that there is not");
	forge_flags(r.index, BRIDGE_FLAGS + 1);
	ok(dsp_bridge_open(&hand[1], 1, "kind", 1, &index) == -EPROTO, "likewise a flag");
	forge_flags(r.index, BRIDGE_MOVABLE);
	ok(!dsp_bridge_open(&hand[1], 1, "kind", 1, &index) && !dsp_bridge_close(&hand[1], index),
	   "but one that there is");

	hand_create(2, "orphan", BRIDGE_GLOBAL, 1, &r);
	commons_set(commons->bridge[r.index].users, 0);
	dsp_root_died(&hand[0], 2, now);
	hand_beats(1);
	ok(BRIDGE_STATE(hand_root.entry[r.index].tag) == BRIDGE_FREE && hand[0].count.stray_user,
	   "nobody inherits a bridge by a bit that somebody else has set");

	hand_root.done[1][0].txn = hand[1].call[0].msg.txn + 16000;
	ok(hand_create(1, "late", 0, 1, &r) == -EINPROGRESS, "the root believes a later request");
	hand_beats(4 * (DSP_TRIES + 2));
	ok(!dsp_call_result(&hand[1], 0, &r) && r.error == -ETIMEDOUT, "ours ends");
	ok(!hand_create(1, "late", 0, 1, &r), "the next is later still");
}

int main(void)
{
	commons = malloc(sizeof(*commons));
	test_errors();
	test_dying();
	test_moves();
	test_overlap();
	test_copying();
	test_room();
	test_clearing();
	test_clearing_ends();
	test_budget();
	test_forged();
	test_requests();
	test_settle();
	test_coordinator();
	test_forged_coordinator();
	test_damage();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
