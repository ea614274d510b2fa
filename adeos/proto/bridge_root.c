// SPDX-License-Identifier: GPL-2.0
/*
 * The root's half of the life of bridges, drawn in bridge_state.h.  It works
 * from struct dsp_bridge_entry, which nobody else can write, and never believes a
 * word of the commons besides the masks of users.
 */
#include "dsp.h"

/* Whoever has asked for a bridge has given up before it ends for want of a user. */
_Static_assert(DSP_RESEND * (DSP_TRIES + 1) < BRIDGE_CLAIM_TIMEOUT, "timeouts");

/**
 * dsp_bridge_check_name() - may a bridge have this name?
 * @name: up to COMMONS_NAME bytes, padded with 0
 *
 * Return: its length, or -EINVAL.
 */
int dsp_bridge_check_name(const char *name)
{
	int len;

	for (len = 0; len < COMMONS_NAME && name[len]; len++)
		if (name[len] <= ' ' || name[len] > '~' || name[len] == '/')
			return -EINVAL;
	return len && len < COMMONS_NAME ? len : -EINVAL;
}

/**
 * dsp_bridge_hash() - hash of a bridge's name
 * @scope: vnode ID, or COMMONS_NOBODY
 * @name: the name, padded with 0
 *
 * Return: not 0.
 */
u32 dsp_bridge_hash(u32 scope, const char name[COMMONS_NAME])
{
	u32 w[1 + COMMONS_NAME / 4] = { scope };

	memcpy(w + 1, name, COMMONS_NAME);
	return commons_check(w, ARRAY_SIZE(w)) ?: 1;
}

static void bridge_set(struct dsp *d, u32 i, u32 generation, u32 state)
{
	struct dsp_bridge_entry *e = &d->root->entry[i];

	e->tag = BRIDGE_TAG(generation, state);
	/* What was published before the tag that says so. */
	/* Pairs with bridge_try() and dsp_bridge_scan(). */
	smp_store_release(&d->c->tag[i], e->tag);
	/* The tag before a look at the users: pairs with commons_set() of theirs. */
	smp_mb();
}

static void bridge_publish(struct dsp *d, u32 i)
{
	struct dsp_bridge_entry *e = &d->root->entry[i];

	e->pub.check = commons_check((u32 *)&e->pub, COMMONS_BRIDGE_WORDS - 1);
	commons_write((u32 *)&d->c->bridge[i], (u32 *)&e->pub, COMMONS_BRIDGE_WORDS);
	WRITE_ONCE(d->c->bridge[i].owner, e->pub.owner);
}

/* Members that have it open; other bits mean nothing. */
static u64 bridge_users(struct dsp *d, u32 i)
{
	return commons_mask(d->c->bridge[i].users) & d->root->member.mask;
}

static void bridge_tell(struct dsp *d, u32 i)
{
	u64 left = bridge_users(d, i);

	for (; left; left &= left - 1)
		dsp_ring(d, commons_first(left), PORTAL_BRIDGE);
}

/* Has the owner something left of what a vnode may own? */
static int bridge_quota(struct dsp_root *r, u32 owner, u32 pages)
{
	if (!pages || pages > BRIDGE_MAX_PAGES)
		return -EFBIG;
	if (r->nr[owner] >= BRIDGE_MAX_PER_VNODE)
		return -EMFILE;
	return r->pages[owner] + pages > BRIDGE_MAX_TOTAL ? -EDQUOT : 0;
}

static void bridge_charge(struct dsp_root *r, const struct commons_bridge *b, int sign)
{
	if (b->owner == COMMONS_NOBODY)
		return;
	r->nr[b->owner] += sign;
	r->pages[b->owner] += sign * (int)b->pages;
}

/* Finds a place: 0, -EEXIST if the name is taken, -ENFILE if there is none. */
static int bridge_place(struct dsp_root *r, const struct commons_bridge *b, u32 hash, u32 *index)
{
	int err = -ENFILE;
	u32 n, i;

	/* Those who look for the name begin there, too. */
	for (n = 0; n < COMMONS_BRIDGES; n++) {
		const struct dsp_bridge_entry *e;

		i = (hash + n) % COMMONS_BRIDGES;
		e = &r->entry[i];
		if (BRIDGE_STATE(e->tag) == BRIDGE_FREE) {
			if (err)
				*index = i;
			err = 0;
		} else if (e->hash == hash && e->pub.scope == b->scope &&
			   !memcmp(e->pub.name, b->name, COMMONS_NAME)) {
			return -EEXIST;
		}
	}
	return err;
}

/* Takes over a request: 0 or an error. */
static int bridge_parse(struct commons_bridge *b, u32 from, const struct dsp_bridge_request *req)
{
	int len;

	memset(b, 0, sizeof(*b));
	memcpy(b->name, req->name, sizeof(req->name));
	len = dsp_bridge_check_name(b->name);
	if (len < 0)
		return len;
	memset(b->name + len, 0, COMMONS_NAME - len);
	if (req->flags & ~BRIDGE_FLAGS || (req->flags & BRIDGE_KIND) > BRIDGE_TRANSIENT)
		return -EOPNOTSUPP;
	b->scope = req->flags & BRIDGE_GLOBAL ? COMMONS_NOBODY : from;
	b->flags = req->flags;
	b->pages = req->pages;
	b->owner = from;
	b->allowed[0] = req->allowed[0];
	b->allowed[1] = req->allowed[1];
	b->allowed[from / 32] |= 1u << from % 32;
	return 0;
}

/* It is FREE: the bits are of one who will see that, and take them back. */
static void bridge_no_users(struct commons_bridge *b)
{
	commons_and(&b->users[0], 0);
	commons_and(&b->users[1], 0);
	commons_and(&b->frozen[0], 0);
	commons_and(&b->frozen[1], 0);
}

/**
 * dsp_bridge_root_create() - make a bridge
 * @d: the root
 * @from: vnode ID of its owner, a member
 * @req: what it shall be, not trusted
 * @result: what became of it
 * @now: the time, ms
 *
 * The owner has to clear it before others can open it: dsp_bridge_root_cleared().
 */
void dsp_bridge_root_create(struct dsp *d, u32 from, const struct dsp_bridge_request *req,
			    struct dsp_result *result, u32 now)
{
	struct dsp_root *r = d->root;
	struct commons_bridge b;
	struct dsp_bridge_entry *e;
	u32 i = 0, hash;
	int err;

	err = bridge_parse(&b, from, req);
	if (!err)
		err = bridge_quota(r, from, b.pages);
	hash = dsp_bridge_hash(b.scope, b.name);
	if (!err)
		err = bridge_place(r, &b, hash, &i);
	if (!err)
		err = d->ops->alloc(d->priv, from, b.pages, req->flags & BRIDGE_MAY_MOVE, &b.pfn);
	result->error = err;
	if (err)
		return;

	e = &r->entry[i];
	b.generation = BRIDGE_GENERATION(e->tag);
	e->born = b.generation;
	e->maker = from;
	e->doomed = false;
	e->deadline = now + BRIDGE_CLAIM_TIMEOUT;
	r->busy++;
	r->changes++;
	e->pub = b;
	e->hash = hash;
	bridge_charge(r, &b, 1);
	bridge_no_users(&d->c->bridge[i]);
	bridge_publish(d, i);
	bridge_set(d, i, b.generation, BRIDGE_CLEARING);
	WRITE_ONCE(d->c->hash[i], hash);
	result->index = i;
	result->generation = b.generation;
}

/* DYING, and nobody left. */
static void bridge_free(struct dsp *d, u32 i)
{
	struct dsp_bridge_entry *e = &d->root->entry[i];

	bridge_set(d, i, (BRIDGE_GENERATION(e->tag) + 1) & BRIDGE_GENERATION_MASK, BRIDGE_FREE);
	bridge_charge(d->root, &e->pub, -1);
	d->ops->release(d->priv, e->pub.pfn, e->pub.pages);
	d->root->busy--;
	d->root->changes++;
}

/* Gives back one place of a move, besides what belongs to the other one, too. */
static void bridge_leave(struct dsp *d, u32 place, u32 other, u32 pages)
{
	u32 apart = other > place ? other - place : place - other;
	u32 shared = apart < pages ? pages - apart : 0;

	d->ops->release(d->priv, other < place ? place + shared : place, pages - shared);
}

static void bridge_kill(struct dsp *d, u32 i)
{
	struct dsp_bridge_entry *e = &d->root->entry[i];
	u32 state = BRIDGE_STATE(e->tag);

	if (state == BRIDGE_FREE || state == BRIDGE_DYING)
		return;
	/* The name is free at once, however long the users take. */
	e->hash = 0;
	WRITE_ONCE(d->c->hash[i], 0);
	/* Both of its places are being used. */
	e->doomed = state == BRIDGE_MOVING;
	if (e->doomed)
		return;
	if (state == BRIDGE_FREEZING)
		bridge_leave(d, e->new_pfn, e->pub.pfn, e->pub.pages);
	else if (state == BRIDGE_LIVE && e->pub.owner != COMMONS_NOBODY)
		d->root->busy++;
	bridge_set(d, i, BRIDGE_GENERATION(e->tag), BRIDGE_DYING);
	bridge_tell(d, i);
}

/* Back to LIVE, at the old place or a new one, unless it has been destroyed meanwhile. */
static void bridge_thaw(struct dsp *d, u32 i, u32 generation)
{
	struct dsp_bridge_entry *e = &d->root->entry[i];

	bridge_set(d, i, generation, e->doomed ? BRIDGE_DYING : BRIDGE_LIVE);
	if (!e->doomed && e->pub.owner != COMMONS_NOBODY)
		d->root->busy--;
	bridge_tell(d, i);
}

/* It stays where it was. */
static void bridge_stay(struct dsp *d, u32 i)
{
	struct dsp_bridge_entry *e = &d->root->entry[i];

	bridge_leave(d, e->new_pfn, e->pub.pfn, e->pub.pages);
	bridge_thaw(d, i, BRIDGE_GENERATION(e->tag));
}

static void bridge_move(struct dsp *d, u32 i, u32 now)
{
	struct dsp_bridge_entry *e = &d->root->entry[i];
	int err;

	if (bridge_users(d, i) & ~commons_mask(d->c->bridge[i].frozen)) {
		if ((s32)(now - e->deadline) < 0)
			return;
		d->count.freeze_timeouts++;
		bridge_stay(d, i);
		return;
	}
	bridge_set(d, i, BRIDGE_GENERATION(e->tag), BRIDGE_MOVING);
	err = d->ops->copy(d->priv, i, e->new_pfn, e->pub.pfn, e->pub.pages);
	if (err != -EINPROGRESS)
		dsp_bridge_root_copied(d, i, err);
}

/* From now on it is at the new place. */
static void bridge_arrive(struct dsp *d, u32 i)
{
	struct dsp_bridge_entry *e = &d->root->entry[i];
	u32 generation = (BRIDGE_GENERATION(e->tag) + 1) & BRIDGE_GENERATION_MASK;
	u32 old = e->pub.pfn;

	e->pub.pfn = e->new_pfn;
	e->pub.generation = generation;
	bridge_publish(d, i);
	d->count.moves++;
	bridge_thaw(d, i, generation);
	bridge_leave(d, old, e->pub.pfn, e->pub.pages);
}

/**
 * dsp_bridge_root_copied() - end a move
 * @d: the root
 * @index: number of the bridge, for which dsp_ops.copy has returned -EINPROGRESS
 * @err: 0; or nothing was copied, and it stays where it was
 */
void dsp_bridge_root_copied(struct dsp *d, u32 index, int err)
{
	struct dsp_bridge_entry *e = &d->root->entry[index];

	if (BRIDGE_STATE(e->tag) != BRIDGE_MOVING)
		return;
	if (err)
		bridge_stay(d, index);
	else
		bridge_arrive(d, index);
}

/* Does it end as soon as nobody uses it? */
static bool bridge_is_lost(const struct dsp_bridge_entry *e, u32 now)
{
	if (BRIDGE_STATE(e->tag) == BRIDGE_CLEARING)
		return (s32)(now - e->deadline) >= 0;
	return BRIDGE_STATE(e->tag) == BRIDGE_LIVE && e->pub.owner == COMMONS_NOBODY;
}

/**
 * dsp_bridge_root_step() - go on with the bridges that are in motion
 * @d: the root
 * @now: the time, ms
 *
 * To be called when PORTAL_BRIDGE was rung, and from time to time.
 */
void dsp_bridge_root_step(struct dsp *d, u32 now)
{
	struct dsp_bridge_entry *e;
	u32 i;

	for (i = 0; i < COMMONS_BRIDGES && d->root->busy; i++) {
		e = &d->root->entry[i];
		if (BRIDGE_STATE(e->tag) == BRIDGE_FREEZING)
			bridge_move(d, i, now);
		if (bridge_is_lost(e, now) && !bridge_users(d, i))
			bridge_kill(d, i);
		if (BRIDGE_STATE(e->tag) == BRIDGE_DYING && !bridge_users(d, i))
			bridge_free(d, i);
	}
}

/* Is it the bridge that had this generation once? */
static bool bridge_is(const struct dsp_bridge_entry *e, u32 generation)
{
	u32 age = (BRIDGE_GENERATION(e->tag) - e->born) & BRIDGE_GENERATION_MASK;

	return BRIDGE_STATE(e->tag) != BRIDGE_FREE &&
	       ((generation - e->born) & BRIDGE_GENERATION_MASK) <= age;
}

/**
 * dsp_bridge_root_cleared() - let others open a bridge
 * @d: the root
 * @from: vnode ID of who has cleared it: its owner
 * @index: number of the bridge
 * @generation: and its generation
 *
 * Return: 0, also if they may already; -ENOENT, -EPERM; -EIDRM if it is DYING.
 */
int dsp_bridge_root_cleared(struct dsp *d, u32 from, u32 index, u32 generation)
{
	struct dsp_bridge_entry *e;

	if (index >= COMMONS_BRIDGES)
		return -ENOENT;
	e = &d->root->entry[index];
	if (!bridge_is(e, generation))
		return -ENOENT;
	if (from != e->pub.owner)
		return -EPERM;
	if (BRIDGE_STATE(e->tag) == BRIDGE_CLEARING) {
		bridge_set(d, index, BRIDGE_GENERATION(e->tag), BRIDGE_LIVE);
		d->root->busy--;
	}
	return BRIDGE_STATE(e->tag) == BRIDGE_DYING ? -EIDRM : 0;
}

/**
 * dsp_bridge_root_destroy() - end a bridge
 * @d: the root
 * @from: vnode ID of who wants it: its owner, or 0
 * @index: number of the bridge
 * @generation: and its generation, or one from before it was moved
 * @now: the time, ms
 *
 * Return: 0, also if it is DYING already, or will be when it is copied; -ENOENT, -EPERM.
 */
int dsp_bridge_root_destroy(struct dsp *d, u32 from, u32 index, u32 generation, u32 now)
{
	struct dsp_bridge_entry *e;

	if (index >= COMMONS_BRIDGES)
		return -ENOENT;
	e = &d->root->entry[index];
	if (!bridge_is(e, generation))
		return -ENOENT;
	if (from && from != e->pub.owner)
		return -EPERM;
	bridge_kill(d, index);
	dsp_bridge_root_step(d, now);
	return 0;
}

/**
 * dsp_bridge_root_move() - begin to move a bridge to another place
 * @d: the root
 * @index: number of the bridge
 * @pfn: where to, as many pages as it has, allocated by the caller and from
 *	now on the bridge's: it ends as an argument of dsp_ops.release if the
 *	move fails, and its old place does if it succeeds.  If the two overlap,
 *	the caller has allocated what was free, and the rest is not released.
 * @now: the time, ms
 *
 * Return: 0; -ENOENT; -EBUSY if it is not LIVE, or does not move; -EINVAL if it
 * is there already.  On error,
 * @pfn remains the caller's.
 */
int dsp_bridge_root_move(struct dsp *d, u32 index, u32 pfn, u32 now)
{
	struct dsp_bridge_entry *e;

	if (index >= COMMONS_BRIDGES)
		return -ENOENT;
	e = &d->root->entry[index];
	if (BRIDGE_STATE(e->tag) == BRIDGE_FREE)
		return -ENOENT;
	if (BRIDGE_STATE(e->tag) != BRIDGE_LIVE || (e->pub.flags & BRIDGE_KIND) == BRIDGE_PINNED)
		return -EBUSY;
	if (pfn == e->pub.pfn)
		return -EINVAL;
	e->new_pfn = pfn;
	e->deadline = now + BRIDGE_FREEZE_TIMEOUT;
	if (e->pub.owner != COMMONS_NOBODY)
		d->root->busy++;
	bridge_set(d, index, BRIDGE_GENERATION(e->tag), BRIDGE_FREEZING);
	bridge_tell(d, index);
	dsp_bridge_root_step(d, now);
	return 0;
}

/**
 * dsp_bridge_root_died() - take back what a dead vnode had of bridges
 * @d: the root
 * @id: its ID; it is no member any more, and its CPUs stand still
 * @now: the time, ms
 *
 * Its local bridges die, and those that it had not cleared yet; its other global ones
 * stay for as long as somebody has them open, and belong to nobody.
 */
void dsp_bridge_root_died(struct dsp *d, u32 id, u32 now)
{
	u32 i;

	for (i = 0; i < COMMONS_BRIDGES; i++) {
		struct dsp_bridge_entry *e = &d->root->entry[i];

		if (BRIDGE_STATE(e->tag) == BRIDGE_FREE)
			continue;
		commons_clear(d->c->bridge[i].users, id);
		commons_clear(d->c->bridge[i].frozen, id);
		if (e->pub.owner != id)
			continue;
		if (e->pub.scope == id || BRIDGE_STATE(e->tag) == BRIDGE_CLEARING)
			bridge_kill(d, i);
		if (BRIDGE_STATE(e->tag) == BRIDGE_LIVE)
			d->root->busy++;
		bridge_charge(d->root, &e->pub, -1);
		e->pub.owner = COMMONS_NOBODY;
		WRITE_ONCE(d->c->bridge[i].owner, COMMONS_NOBODY);
	}
	dsp_bridge_root_step(d, now);
}

/**
 * dsp_bridge_root_kept() - bridges that died with a vnode, and are still in use
 * @d: the root
 * @id: its ID; dsp_bridge_root_died() was called, and it has not begun a new life
 *
 * Return: how many.
 */
u32 dsp_bridge_root_kept(const struct dsp *d, u32 id)
{
	const struct dsp_bridge_entry *e;
	u32 n = 0;

	for (e = d->root->entry; e < d->root->entry + COMMONS_BRIDGES; e++)
		n += e->maker == id && (BRIDGE_STATE(e->tag) == BRIDGE_DYING ||
					(BRIDGE_STATE(e->tag) == BRIDGE_MOVING && e->doomed));
	return n;
}

/* Bits in a bridge that nobody has: those who look whether they may take them back. */
static bool bridge_clean(struct commons_bridge *b)
{
	if (!commons_mask(b->users) && !commons_mask(b->frozen))
		return false;
	bridge_no_users(b);
	return true;
}

/**
 * dsp_bridge_root_scrub() - repair what somebody else may have overwritten
 * @d: the root
 *
 * A few bridges a call, all of them by and by.
 */
void dsp_bridge_root_scrub(struct dsp *d)
{
	u32 n;

	for (n = 0; n < COMMONS_BRIDGES / 16; n++) {
		u32 i = d->root->scrub++ % COMMONS_BRIDGES;
		struct dsp_bridge_entry *e = &d->root->entry[i];
		u32 is[COMMONS_BRIDGE_WORDS];

		commons_read(is, (u32 *)&d->c->bridge[i], ARRAY_SIZE(is));
		if (BRIDGE_STATE(e->tag) == BRIDGE_FREE) {
			d->count.scrubbed += bridge_clean(&d->c->bridge[i]);
		} else if (memcmp(is, &e->pub, sizeof(is)) ||
			 READ_ONCE(d->c->bridge[i].owner) != e->pub.owner) {
			bridge_publish(d, i);
			d->count.scrubbed++;
		}
		if (READ_ONCE(d->c->tag[i]) != e->tag || READ_ONCE(d->c->hash[i]) != e->hash) {
			WRITE_ONCE(d->c->hash[i], e->hash);
			smp_store_release(&d->c->tag[i], e->tag);	/* as in bridge_set() */
			d->count.scrubbed++;
		}
	}
}
