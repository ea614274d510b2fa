// SPDX-License-Identifier: GPL-2.0
/* Membership: the root's half and everybody's. */
#include "member.h"

/* Words of a view that its check covers, and all that count. */
#define VIEW_CHECKED	(offsetof(struct commons_view, check) / 4)
#define VIEW_WORDS	(VIEW_CHECKED + 1)

/* Reads the newest view: 0, -EAGAIN if the root is writing, -EPROTO if it is bad. */
static int member_read(struct commons *c, struct commons_view *v)
{
	u32 epoch = smp_load_acquire(&c->epoch);	/* pairs with member_publish() */
	struct commons_view *slot = &c->view[epoch % COMMONS_VIEWS];

	commons_read((u32 *)v, (u32 *)slot, VIEW_WORDS);
	/* The copy before the second look: pairs with smp_wmb() in member_publish(). */
	smp_rmb();
	if (v->epoch != epoch || READ_ONCE(slot->epoch) != epoch)
		/* Was it overtaken, or is it bad?. */
		return smp_load_acquire(&c->epoch) == epoch ? -EPROTO : -EAGAIN;
	if (v->check != commons_check((u32 *)v, VIEW_CHECKED) ||
	    v->coordinator >= COMMONS_NODES ||
	    !(commons_mask(v->mask) & commons_bit(v->coordinator)))
		return -EPROTO;
	return 0;
}

/**
 * dsp_member_init() - begin as somebody who knows of nobody
 * @m: to be initialised
 * @c: the commons
 * @now: the time, ms
 */
void dsp_member_init(struct dsp_member *m, struct commons *c, u32 now)
{
	struct commons_view v;

	memset(m, 0, sizeof(*m));
	/* Whom to ask to become a member; 0, if that cannot be read now. */
	if (!member_read(c, &v))
		m->coordinator = v.coordinator;
	m->root_heartbeat = READ_ONCE(c->node[m->coordinator].heartbeat);
	m->root_heard = now;
}

/* Makes a view ours, and tells what has changed. */
static void member_adopt(struct dsp_member *m, const struct commons_view *v, u64 *left, u64 *joined)
{
	u64 mask = commons_mask(v->mask);
	unsigned int i;

	for (i = 0; i < COMMONS_NODES; i++) {
		if (m->incarnation[i] == v->incarnation[i])
			continue;
		*left |= m->mask & commons_bit(i);
		*joined |= mask & commons_bit(i);
		m->incarnation[i] = v->incarnation[i];
	}
	m->mask = mask;
	m->epoch = v->epoch;
	m->coordinator = v->coordinator;
}

/**
 * dsp_member_poll() - adopt the newest view
 * @m: what was known so far
 * @c: the commons
 * @left: members that are no more, or were replaced by a new incarnation
 * @joined: new members, or new incarnations
 *
 * Views may be skipped, but are never adopted out of order.
 *
 * Context: any, but callers of one vnode exclude each other.
 * Return: 1 if there was a new view; 0 if not; -EPROTO if it is damaged, and
 * then the last one holds.
 */
int dsp_member_poll(struct dsp_member *m, struct commons *c, u64 *left, u64 *joined)
{
	unsigned int tries = 0;
	struct commons_view v;
	int err;

	*left = 0;
	*joined = 0;
	if (smp_load_acquire(&c->epoch) == m->epoch)	/* pairs with member_publish() */
		return 0;
	/* A root that overtakes us four times is followed the next time. */
	do {
		err = member_read(c, &v);
	} while (err == -EAGAIN && ++tries < 4);
	if (err == -EAGAIN)
		return 0;
	if (err || (s32)(v.epoch - m->epoch) < 0)
		return -EPROTO;
	if (v.epoch == m->epoch)
		return 0;

	member_adopt(m, &v, left, joined);
	return 1;
}

/* Is that what we believe? */
static bool member_same(const struct dsp_member *m, const struct commons_view *v)
{
	return v->epoch == m->epoch && commons_mask(v->mask) == m->mask &&
	       v->coordinator == m->coordinator &&
	       !memcmp(v->incarnation, m->incarnation, sizeof(m->incarnation));
}

/**
 * dsp_member_return() - leave a view that was not the root's
 * @m: what was known so far
 * @c: the commons
 *
 * Views are adopted forward only.  So one that somebody forged, newer than all
 * that the root will write for a long time, would hold for as long.  But what
 * the root goes on beating with is the root's, however old: the next
 * dsp_member_poll() shall adopt it.
 *
 * To be called with each beat.
 */
void dsp_member_return(struct dsp_member *m, struct commons *c)
{
	struct commons_view v;
	bool other = !member_read(c, &v) && (s32)(v.epoch - m->epoch) <= 0 && !member_same(m, &v);
	/* Who that view says is the root: a forged one may have named one that is dead. */
	u32 root = other ? v.coordinator : m->coordinator;
	u32 beat = READ_ONCE(c->node[root].heartbeat);

	if (!other || v.epoch != m->other || root != m->other_root) {
		m->other = READ_ONCE(c->epoch);
		m->other_root = root;
		m->other_since = beat;
	} else if (beat - m->other_since >= MEMBER_RETURN) {
		m->epoch = v.epoch - 1;
	}
}

/**
 * dsp_member_watch_root() - notice that the root is dead, or is back
 * @m: what was known so far
 * @c: the commons
 * @now: the time, ms
 *
 * Return: true if the root is lost since this call.
 */
bool dsp_member_watch_root(struct dsp_member *m, struct commons *c, u32 now)
{
	u32 beat = READ_ONCE(c->node[m->coordinator].heartbeat);

	if (beat != m->root_heartbeat) {
		m->root_heartbeat = beat;
		m->root_heard = now;
		m->root_lost = false;
		return false;
	}
	if (m->root_lost || now - m->root_heard < MEMBER_ROOT_TIMEOUT)
		return false;
	m->root_lost = true;
	return true;
}

/* Fills in a view. */
static void member_view(const struct dsp_member_root *r, struct commons_view *v)
{
	unsigned int i;

	memset(v, 0, sizeof(*v));
	v->epoch = r->epoch;
	v->mask[0] = (u32)r->mask;
	v->mask[1] = r->mask >> 32;
	v->coordinator = r->id;
	for (i = 0; i < COMMONS_NODES; i++)
		if (r->mask & commons_bit(i))
			v->incarnation[i] = r->incarnation[i];
	v->check = commons_check((u32 *)v, VIEW_CHECKED);
}

static void member_publish(const struct dsp_member_root *r, struct commons *c)
{
	struct commons_view *slot = &c->view[r->epoch % COMMONS_VIEWS];
	struct commons_view v;

	member_view(r, &v);
	/* Void while it is written, for one who reads it since four views. */
	WRITE_ONCE(slot->epoch, v.epoch - 1);
	smp_wmb();	/* pairs with smp_rmb() in member_read() */
	commons_write((u32 *)slot + 1, (u32 *)&v + 1, VIEW_WORDS - 1);
	smp_store_release(&slot->epoch, v.epoch);	/* pairs with smp_rmb() in member_read() */
	smp_store_release(&c->epoch, v.epoch);	/* pairs with member_read() */
}

/**
 * dsp_member_poll_root() - the root's own dsp_member_poll(), which asks nobody
 * @m: what was known so far
 * @r: the root's record
 * @left: as there
 * @joined: as there
 *
 * Return: 1 if there was a new view; 0 if not.
 */
int dsp_member_poll_root(struct dsp_member *m, const struct dsp_member_root *r,
			 u64 *left, u64 *joined)
{
	struct commons_view v;

	*left = 0;
	*joined = 0;
	if (m->epoch == r->epoch)
		return 0;
	member_view(r, &v);
	member_adopt(m, &v, left, joined);
	return 1;
}

/**
 * dsp_member_root_init() - begin as the root, the only member
 * @r: to be initialised
 * @c: the commons, zeroed
 * @id: its vnode ID
 */
void dsp_member_root_init(struct dsp_member_root *r, struct commons *c, u32 id)
{
	memset(r, 0, sizeof(*r));
	r->id = id;
	r->started = commons_bit(id);
	r->mask = r->started;
	r->incarnation[id] = 1;
	r->epoch = 1;
	WRITE_ONCE(c->node[id].incarnation, 1);
	member_publish(r, c);
}

/**
 * dsp_member_start() - begin the life of a vnode
 * @r: the root's record
 * @c: the commons
 * @id: its ID; it must be dead
 *
 * Context: the root, before the vnode's first CPU is started.
 * Return: its incarnation; 0 if @id is wrong or not dead.
 */
u32 dsp_member_start(struct dsp_member_root *r, struct commons *c, u32 id)
{
	struct commons_node *n;
	unsigned int i;

	if (id >= COMMONS_NODES || r->started & commons_bit(id))
		return 0;
	n = &c->node[id];
	r->started |= commons_bit(id);
	/* 0 means dead. */
	if (!++r->incarnation[id])
		r->incarnation[id] = 1;
	WRITE_ONCE(n->attached, 0);
	WRITE_ONCE(n->heartbeat, 0);
	WRITE_ONCE(n->epoch, 0);
	/* Somebody may have died between setting a bit and its interrupt. */
	for (i = 0; i < COMMONS_PORTALS; i++) {
		xchg(&n->rang[i][0], 0);
		xchg(&n->rang[i][1], 0);
	}
	xchg(&n->pending, 0);
	smp_store_release(&n->incarnation, r->incarnation[id]);	/* pairs with dsp_attach() */
	return r->incarnation[id];
}

/**
 * dsp_member_join() - make a vnode that has asked for it a member
 * @r: the root's record
 * @c: the commons
 * @id: its ID
 * @incarnation: what it believes to be
 *
 * Context: the root; callers exclude each other.
 * Return: 1 if there is a new view, of which members must be told; 0 if it was
 * a member before; -ESTALE if it is not the incarnation that was started.
 */
int dsp_member_join(struct dsp_member_root *r, struct commons *c, u32 id, u32 incarnation)
{
	if (!(r->started & commons_bit(id)) || incarnation != r->incarnation[id])
		return -ESTALE;
	if (r->mask & commons_bit(id))
		return 0;
	r->mask |= commons_bit(id);
	r->epoch++;
	member_publish(r, c);
	return 1;
}

/**
 * dsp_member_remove() - end the life of a vnode
 * @r: the root's record
 * @c: the commons
 * @id: its ID, not the root's
 *
 * Context: the root, when the vnode's CPUs are known to stand still; callers
 * exclude each other.
 * Return: true if there is a new view, of which members must be told.
 */
bool dsp_member_remove(struct dsp_member_root *r, struct commons *c, u32 id)
{
	u64 bit = commons_bit(id);

	if (id == r->id || !(r->started & bit))
		return false;
	r->started &= ~bit;
	WRITE_ONCE(c->node[id].incarnation, 0);
	if (!(r->mask & bit))
		return false;
	r->mask &= ~bit;
	r->epoch++;
	member_publish(r, c);
	return true;
}

/**
 * dsp_member_unsettled() - who has not settled in the newest view yet?
 * @r: the root's record
 * @c: the commons
 *
 * A vnode has settled when it has adopted the view, and uses no memory any more of those
 * that it has not.
 *
 * Return: a set of vnodes.
 */
u64 dsp_member_unsettled(const struct dsp_member_root *r, const struct commons *c)
{
	u64 unsettled = 0, left = r->mask;

	for (; left; left &= left - 1) {
		u32 id = commons_first(left);

		/* Pairs with dsp_settle(). */
		if (smp_load_acquire(&c->node[id].epoch) != r->epoch)
			unsettled |= commons_bit(id);
	}
	return unsettled;
}

/**
 * dsp_member_scrub() - repair what somebody else may have overwritten
 * @r: the root's record
 * @c: the commons
 *
 * Return: true if there was something to repair.
 */
bool dsp_member_scrub(const struct dsp_member_root *r, struct commons *c)
{
	struct commons_view v, is;
	bool bad = false;
	unsigned int i;

	for (i = 0; i < COMMONS_NODES; i++) {
		u32 right = r->started & commons_bit(i) ? r->incarnation[i] : 0;

		if (READ_ONCE(c->node[i].incarnation) == right)
			continue;
		WRITE_ONCE(c->node[i].incarnation, right);
		bad = true;
	}
	member_view(r, &v);
	commons_read((u32 *)&is, (u32 *)&c->view[r->epoch % COMMONS_VIEWS], VIEW_WORDS);
	if (READ_ONCE(c->epoch) == r->epoch && !memcmp(&is, &v, 4 * VIEW_WORDS))
		return bad;
	member_publish(r, c);
	return true;
}
