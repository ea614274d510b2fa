// SPDX-License-Identifier: GPL-2.0
/*
 * Every vnode's half of the life of bridges, drawn in bridge_state.h: needs the
 * root only to make a bridge or to end it.
 */
#include "dsp.h"

/**
 * dsp_bridge_create() - ask the root for a bridge
 * @d: this vnode
 * @req: what it shall be
 * @now: the time, ms
 *
 * Return: a call for dsp_call_result(), or a negative error code: dsp_call().
 */
int dsp_bridge_create(struct dsp *d, const struct dsp_bridge_request *req, u32 now)
{
	return dsp_call(d, DSP_CREATE, req, sizeof(*req), now);
}

/**
 * dsp_bridge_destroy() - ask the root to end a bridge
 * @d: this vnode
 * @index: its number
 * @generation: and generation, which dsp_call_result() told
 * @now: the time, ms
 *
 * Return: a call for dsp_call_result(), or a negative error code: dsp_call().
 */
int dsp_bridge_destroy(struct dsp *d, u32 index, u32 generation, u32 now)
{
	struct dsp_result which = { .index = index, .generation = generation };

	return dsp_call(d, DSP_DESTROY, &which, sizeof(which), now);
}

/* Copies an entry of a generation: 0, -EPROTO if it is damaged, or of no known kind. */
static int bridge_read(struct dsp *d, u32 i, u32 generation, struct commons_bridge *b)
{
	commons_read((u32 *)b, (u32 *)&d->c->bridge[i], COMMONS_BRIDGE_WORDS);
	smp_rmb();	/* the copy before the caller's second look at the tag */
	if (b->check != commons_check((u32 *)b, COMMONS_BRIDGE_WORDS - 1) ||
	    b->generation != generation || !b->pages || b->pages > BRIDGE_MAX_PAGES ||
	    b->pfn > BRIDGE_END_PFN - b->pages || b->flags & ~BRIDGE_FLAGS ||
	    (b->flags & BRIDGE_KIND) > BRIDGE_TRANSIENT)
		return -EPROTO;
	return 0;
}

static int bridge_may(const struct dsp *d, const struct commons_bridge *b, u32 owner, bool write)
{
	if (d->id == owner)
		return 0;
	if (!(b->allowed[d->id / 32] & 1u << d->id % 32))
		return -EACCES;
	return write && b->flags & BRIDGE_READ_ONLY ? -EROFS : 0;
}

/* Sets the bit in users; -EAGAIN if the tag is not, or does not stay, what it was. */
static int bridge_enter(struct dsp *d, u32 i, u32 tag)
{
	/* The bit before the second look at the tag: bridge_set() of the root. */
	commons_set(d->c->bridge[i].users, d->id);
	/* Behind the full barrier of commons_set(). */
	if (smp_load_acquire(&d->c->tag[i]) == tag)
		return 0;
	commons_clear(d->c->bridge[i].users, d->id);
	/* The root may have waited for us. */
	dsp_ring(d, d->member.coordinator, PORTAL_BRIDGE);
	return -EAGAIN;
}

/**
 * dsp_bridge_claim() - begin to use a bridge that was made for this vnode just now
 * @d: this vnode
 * @index: its number
 * @generation: and generation, which dsp_call_result() told
 *
 * It has to be cleared, where dsp_bridge_where() says; then follow dsp_bridge_cleared() and
 * dsp_bridge_begin().  If any of it fails, it has to be destroyed and closed.
 *
 * Return: 0; -EIDRM if it was destroyed; -EPROTO if the entry is damaged.
 */
int dsp_bridge_claim(struct dsp *d, u32 index, u32 generation)
{
	u32 tag = BRIDGE_TAG(generation, BRIDGE_CLEARING);
	struct dsp_bridge_open *o;
	struct commons_bridge b;

	if (index >= COMMONS_BRIDGES || d->open[index].refs)
		return -EPROTO;
	o = &d->open[index];
	if (bridge_read(d, index, generation, &b)) {
		d->count.bad_bridge++;
		return -EPROTO;
	}
	if (bridge_enter(d, index, tag))
		return -EIDRM;
	*o = (struct dsp_bridge_open){
		tag, b.pfn, b.pages, 1, BRIDGE_CLAIMED, b.flags & BRIDGE_KIND
	};
	d->count.opens++;
	return 0;
}

/**
 * dsp_bridge_cleared() - tell the root that others may open a bridge
 * @d: this vnode
 * @index: its number; it is claimed
 * @now: the time, ms
 *
 * Return: a call for dsp_call_result(), or a negative error code: dsp_call().
 */
int dsp_bridge_cleared(struct dsp *d, u32 index, u32 now)
{
	struct dsp_result which = {
		.index = index, .generation = BRIDGE_GENERATION(d->open[index].tag),
	};

	return dsp_call(d, DSP_CLEARED, &which, sizeof(which), now);
}

/**
 * dsp_bridge_begin() - use a bridge that this vnode has cleared as any other
 * @d: this vnode
 * @index: its number; the root has agreed
 *
 * Return: 0; -EIDRM if it was destroyed meanwhile.
 */
int dsp_bridge_begin(struct dsp *d, u32 index)
{
	struct dsp_bridge_open *o = &d->open[index];

	if (o->state != BRIDGE_CLAIMED)
		return -EIDRM;
	o->tag = BRIDGE_TAG(BRIDGE_GENERATION(o->tag), BRIDGE_LIVE);
	o->state = BRIDGE_USED;
	return 0;
}

/* -ENOENT: not this one; -EAGAIN: it changed while we looked. */
static int bridge_try(struct dsp *d, u32 i, u32 scope, const char *name, bool write)
{
	u32 tag = smp_load_acquire(&d->c->tag[i]);	/* pairs with bridge_set() */
	struct dsp_bridge_open *o = &d->open[i];
	struct commons_bridge b;
	int err;

	if (BRIDGE_STATE(tag) == BRIDGE_FREEZING || BRIDGE_STATE(tag) == BRIDGE_MOVING)
		return -EAGAIN;
	if (BRIDGE_STATE(tag) != BRIDGE_LIVE)
		return -ENOENT;
	err = bridge_read(d, i, BRIDGE_GENERATION(tag), &b);
	if (READ_ONCE(d->c->tag[i]) != tag)
		return -EAGAIN;
	if (err) {
		d->count.bad_bridge++;
		return err;
	}
	if (b.scope != scope || memcmp(b.name, name, COMMONS_NAME))
		return -ENOENT;
	err = bridge_may(d, &b, READ_ONCE(d->c->bridge[i].owner), write);
	if (err)
		return err;
	if (o->refs) {
		/* Ours is another one, or to be thawed: dsp_bridge_scan() first. */
		if (o->tag != tag || o->state != BRIDGE_USED || o->refs == 0xffff)
			return -EAGAIN;
		o->refs++;
		return 0;
	}

	err = bridge_enter(d, i, tag);
	if (err)
		return err;
	*o = (struct dsp_bridge_open){ tag, b.pfn, b.pages, 1, BRIDGE_USED, b.flags & BRIDGE_KIND };
	d->count.opens++;
	return 0;
}

/**
 * dsp_bridge_open() - begin to use a bridge
 * @d: this vnode
 * @scope: vnode ID whose bridge it is, or COMMONS_NOBODY: a global one
 * @name: its name, terminated
 * @write: not only for reading
 * @index: where to store its number
 *
 * A bridge may be opened several times, and must be closed as often.
 *
 * Return: 0; -EINVAL, -ENOENT, -EACCES, -EROFS; -EAGAIN if it is being moved;
 * -ENOTCONN if this vnode is no member; -EPROTO if the entry is damaged.
 */
int dsp_bridge_open(struct dsp *d, u32 scope, const char *name, bool write, u32 *index)
{
	char padded[COMMONS_NAME] = "";
	int err = -ENOENT;
	u32 n, i, hash;

	n = strnlen(name, COMMONS_NAME);
	memcpy(padded, name, n % COMMONS_NAME);
	if (n == COMMONS_NAME || dsp_bridge_check_name(padded) < 0)
		return -EINVAL;
	if (!dsp_joined(d))
		return -ENOTCONN;
	hash = dsp_bridge_hash(scope, padded);
	for (n = 0; n < COMMONS_BRIDGES && err == -ENOENT; n++) {
		i = (hash + n) % COMMONS_BRIDGES;
		if (READ_ONCE(d->c->hash[i]) != hash)
			continue;
		*index = i;
		err = bridge_try(d, i, scope, padded, write);
	}
	return err;
}

/**
 * dsp_bridge_close() - end the use of a bridge
 * @d: this vnode
 * @index: its number; with the last use, the caller has unmapped it
 *
 * Return: number of uses that are left, or -EBADF.
 */
int dsp_bridge_close(struct dsp *d, u32 index)
{
	struct dsp_bridge_open *o;
	u32 tag;

	if (index >= COMMONS_BRIDGES || !d->open[index].refs)
		return -EBADF;
	o = &d->open[index];
	if (--o->refs)
		return o->refs;
	tag = o->tag;
	memset(o, 0, sizeof(*o));
	/* Both before the look at the tag. */
	commons_clear(d->c->bridge[index].users, d->id);
	commons_clear(d->c->bridge[index].frozen, d->id);
	/* Behind the full barrier of commons_clear(). */
	if (smp_load_acquire(&d->c->tag[index]) != tag ||
	    READ_ONCE(d->c->bridge[index].owner) == COMMONS_NOBODY)
		dsp_ring(d, d->member.coordinator, PORTAL_BRIDGE);
	return 0;
}

/**
 * dsp_bridge_where() - where is an open bridge?
 * @d: this vnode
 * @index: its number
 * @pfn: where to store its first page; it may be mapped until dsp_ops.freeze
 *	or dsp_ops.gone is called, or it is closed
 * @pages: where to store its size
 *
 * Return: 0; -EBADF if it is not open; -EAGAIN if it is frozen; -EHOSTDOWN if
 * it is frozen and the root is dead; -EIDRM if it was destroyed.
 */
int dsp_bridge_where(const struct dsp *d, u32 index, u32 *pfn, u32 *pages)
{
	const struct dsp_bridge_open *o;

	if (index >= COMMONS_BRIDGES || !d->open[index].refs)
		return -EBADF;
	o = &d->open[index];
	if (o->state == BRIDGE_FROZEN)
		return d->member.root_lost ? -EHOSTDOWN : -EAGAIN;
	if (o->state == BRIDGE_GONE)
		return -EIDRM;
	*pfn = o->pfn;
	*pages = o->pages;
	return 0;
}

static void bridge_freeze(struct dsp *d, u32 i)
{
	d->open[i].state = BRIDGE_FROZEN;
	d->ops->freeze(d->priv, i);
	/* All that was done to it before the bit that says so. */
	commons_set(d->c->bridge[i].frozen, d->id);
	dsp_ring(d, d->member.coordinator, PORTAL_BRIDGE);
}

static void bridge_lose(struct dsp *d, u32 i)
{
	d->open[i].state = BRIDGE_GONE;
	d->ops->gone(d->priv, i);
}

/*
 * LIVE again.  The root may want the next move before it has seen that we are
 * through with this one: so the bit goes first, and only if the tag is the same
 * behind it may the bridge be touched.
 */
static void bridge_melt(struct dsp *d, u32 i, u32 tag)
{
	struct dsp_bridge_open *o = &d->open[i];
	struct commons_bridge b;
	int err;

	err = bridge_read(d, i, BRIDGE_GENERATION(tag), &b);
	commons_clear(d->c->bridge[i].frozen, d->id);
	/* Behind the full barrier of commons_clear(). */
	if (smp_load_acquire(&d->c->tag[i]) != tag) {
		commons_set(d->c->bridge[i].frozen, d->id);
		dsp_ring(d, d->member.coordinator, PORTAL_BRIDGE);
		return;
	}
	if (err || b.pages != o->pages) {
		d->count.bad_bridge++;
		bridge_lose(d, i);
		return;
	}
	o->tag = tag;
	o->pfn = b.pfn;
	o->state = BRIDGE_USED;
	d->ops->thaw(d->priv, i, b.pfn);
}

/* Somebody else may have overwritten our bits; the caller looks at the tag again. */
static void bridge_mend(struct dsp *d, u32 i)
{
	struct commons_bridge *b = &d->c->bridge[i];

	if (commons_mask(b->frozen) & commons_bit(d->id)) {
		commons_clear(b->frozen, d->id);
		d->count.stray_user++;
	}
	if (!(commons_mask(b->users) & commons_bit(d->id))) {
		commons_set(b->users, d->id);
		d->count.stray_user++;
	}
}

/*
 * One step for a bridge that this vnode clears.  It stays where it is: if the root wants
 * to move it as soon as others may open it, it is frozen when dsp_bridge_begin() was called.
 */
static void bridge_follow_claimed(struct dsp *d, u32 i, u32 tag)
{
	u32 state = BRIDGE_STATE(tag);

	if (BRIDGE_GENERATION(tag) == BRIDGE_GENERATION(d->open[i].tag) &&
	    (state == BRIDGE_CLEARING || state == BRIDGE_LIVE || state == BRIDGE_FREEZING)) {
		bridge_mend(d, i);
		return;
	}
	if (state != BRIDGE_DYING)
		d->count.bad_bridge++;
	bridge_lose(d, i);
}

/* One step for a bridge that is open. */
static void bridge_follow(struct dsp *d, u32 i, u32 tag)
{
	struct dsp_bridge_open *o = &d->open[i];
	bool used = o->state == BRIDGE_USED;

	if (o->state == BRIDGE_GONE)
		return;
	if (o->state == BRIDGE_CLAIMED) {
		bridge_follow_claimed(d, i, tag);
		return;
	}
	switch (BRIDGE_STATE(tag)) {
	case BRIDGE_LIVE:
		if (!used)
			bridge_melt(d, i, tag);
		else if (BRIDGE_GENERATION(tag) == BRIDGE_GENERATION(o->tag))
			bridge_mend(d, i);
		else
			break;
		return;
	case BRIDGE_FREEZING:
		if (!used)
			return;
		if (o->kind == BRIDGE_PINNED) {
			/* Not the root's word, which will be right again: do not unmap it. */
			d->count.bad_bridge++;
			return;
		}
		if (BRIDGE_GENERATION(tag) != BRIDGE_GENERATION(o->tag))
			break;
		bridge_freeze(d, i);
		return;
	case BRIDGE_MOVING:
		if (used)
			break;
		return;
	case BRIDGE_DYING:
		bridge_lose(d, i);
		return;
	}
	/* The root does not move or free what we use: so that was not the root. */
	d->count.bad_bridge++;
	bridge_lose(d, i);
}

/**
 * dsp_bridge_scan() - follow what the root does to bridges
 * @d: this vnode
 *
 * To be called when PORTAL_BRIDGE was rung, and from time to time.
 */
void dsp_bridge_scan(struct dsp *d)
{
	u32 i, again, tag;

	for (i = 0; i < COMMONS_BRIDGES; i++) {
		tag = smp_load_acquire(&d->c->tag[i]);	/* pairs with bridge_set() */
		if (d->open[i].refs) {
			/* While we are told of one step, the next may be taken. */
			for (again = 0; again < 4; again++) {
				bridge_follow(d, i, tag);
				if (READ_ONCE(d->c->tag[i]) == tag)
					break;
				tag = smp_load_acquire(&d->c->tag[i]);	/* likewise */
			}
			continue;
		}
		if (BRIDGE_STATE(tag) == BRIDGE_FREE)
			continue;
		if (!(commons_mask(d->c->bridge[i].users) & commons_bit(d->id)))
			continue;
		/* Somebody else set our bit, and the root waits for us, or will. */
		commons_clear(d->c->bridge[i].users, d->id);
		d->count.stray_user++;
		dsp_ring(d, d->member.coordinator, PORTAL_BRIDGE);
	}
}
