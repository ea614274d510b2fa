// SPDX-License-Identifier: GPL-2.0
/* The distributed sharing protocol: what only the root does. */
#include "dsp.h"

/* Tells all members to look at the newest view. */
static void dsp_tell_members(struct dsp *d)
{
	u64 left = d->root->member.mask & ~commons_bit(d->id);

	for (; left; left &= left - 1) {
		u32 id = commons_first(left);

		/*
		 * Not coalesced: who died may have done so between the word
		 * that says "rung" and the interrupt.
		 */
		dsp_portal_post(d->c, id, PORTAL_DSP, d->id);
		d->count.rang++;
		d->ops->ring(d->priv, id);
	}
}

/* The root's own view, as everybody else's. */
static void dsp_root_view(struct dsp *d)
{
	dsp_view(d);
	dsp_tell_members(d);
}

static void dsp_root_header(struct commons *c)
{
	WRITE_ONCE(c->header.abi, ADEOS_ABI);
	WRITE_ONCE(c->header.size, sizeof(*c));
	/* All that there is before the word by which others know it. */
	smp_store_release(&c->header.magic, COMMONS_MAGIC);	/* pairs with dsp_attach() */
}

/**
 * dsp_root_init() - create the commons
 * @d: the root, to be initialised
 * @root: what only the root has, to be initialised
 * @c: the commons, zeroed
 * @id: the root's vnode ID
 * @slot: the CPU slot that takes the root's portals
 * @ops: the kernel
 * @priv: for @ops
 * @now: the time, ms
 */
void dsp_root_init(struct dsp *d, struct dsp_root *root, struct commons *c, u32 id, u32 slot,
		   const struct dsp_ops *ops, void *priv, u32 now)
{
	u64 left, joined;

	dsp_init(d, c, id, 1, slot, ops, priv, now);
	memset(root, 0, sizeof(*root));
	memset(root->cpu, 0xff, sizeof(root->cpu));	/* COMMONS_NOBODY */
	commons_write((u32 *)c->cpu, (u32 *)root->cpu, sizeof(c->cpu) / 4);
	d->root = root;
	dsp_member_root_init(&root->member, c, id);
	dsp_member_poll_root(&d->member, &root->member, &left, &joined);
	dsp_settle(d);
	dsp_root_header(c);
}

/**
 * dsp_root_set_cpu() - tell all whose a CPU is, and how it is interrupted
 * @d: the root
 * @slot: its slot, below COMMONS_CPUS
 * @apic_id: its APIC ID
 * @dest: destination of interrupts for it
 * @owner: vnode ID, or COMMONS_NOBODY
 */
void dsp_root_set_cpu(struct dsp *d, u32 slot, u32 apic_id, u32 dest, u32 owner)
{
	d->root->cpu[slot] = (struct commons_cpu){ apic_id, dest, owner, COMMONS_NOBODY };
	commons_write((u32 *)&d->c->cpu[slot], (u32 *)&d->root->cpu[slot],
		      sizeof(struct commons_cpu) / 4);
}

/**
 * dsp_root_set_extent() - tell all where a vnode has memory
 * @d: the root
 * @id: its vnode ID
 * @n: number of the extent, below COMMONS_EXTENTS
 * @pfn: its first page
 * @pages: size of it, 0 if there is none any more
 */
void dsp_root_set_extent(struct dsp *d, u32 id, u32 n, u32 pfn, u32 pages)
{
	d->root->extent[id][n] = (struct commons_extent){ pfn, pages };
	commons_write((u32 *)&d->c->node[id].extent[n], (u32 *)&d->root->extent[id][n],
		      sizeof(struct commons_extent) / 4);
}

/* Writes again what is not as the root has written it. */
static bool dsp_root_mend(u32 *is, const u32 *right, u32 nr)
{
	bool bad = false;
	u32 i;

	for (i = 0; i < nr; i++) {
		if (READ_ONCE(is[i]) == right[i])
			continue;
		WRITE_ONCE(is[i], right[i]);
		bad = true;
	}
	return bad;
}

/* Repairs what somebody else has overwritten of that. */
static bool dsp_root_scrub(struct dsp *d)
{
	bool bad;
	u32 id;

	bad = dsp_root_mend((u32 *)d->c->cpu, (u32 *)d->root->cpu, sizeof(d->root->cpu) / 4);
	for (id = 0; id < COMMONS_NODES; id++)
		bad |= dsp_root_mend((u32 *)d->c->node[id].extent, (u32 *)d->root->extent[id],
				     sizeof(d->root->extent[id]) / 4);
	return bad;
}

/**
 * dsp_root_start() - begin the life of a vnode
 * @d: the root
 * @id: its vnode ID
 *
 * Context: before its first CPU is started; dsp_root_set_cpu() and
 * dsp_root_set_extent() have told what it has.
 * Return: its incarnation; 0 if @id is wrong, or it lives.
 */
u32 dsp_root_start(struct dsp *d, u32 id)
{
	if (id >= COMMONS_NODES || d->root->member.started & commons_bit(id))
		return 0;
	memset(d->root->done[id], 0, sizeof(d->root->done[id]));
	d->root->unsent[id] = 0;
	return dsp_member_start(&d->root->member, d->c, id);
}

/**
 * dsp_root_died() - end the life of a vnode
 * @d: the root
 * @id: its vnode ID
 * @now: the time, ms
 *
 * Context: when its CPUs are known to stand still: they write nothing any more.
 */
void dsp_root_died(struct dsp *d, u32 id, u32 now)
{
	bool told;

	if (id == d->id || id >= COMMONS_NODES)
		return;
	/* First no member, then no user: nobody waits for it from here on. */
	told = dsp_member_remove(&d->root->member, d->c, id);
	d->root->unsent[id] = 0;
	dsp_bridge_root_died(d, id, now);
	if (told)
		dsp_root_view(d);
}

/**
 * dsp_root_flush() - send the replies that found no room
 * @d: the root
 * @to: whose
 */
void dsp_root_flush(struct dsp *d, u32 to)
{
	struct dsp_root *r = d->root;

	while (r->unsent[to]) {
		struct dsp_done *done = &r->done[to][commons_first(r->unsent[to])];
		union dsp_msg msg = { .type = DSP_REPLY, .length = sizeof(done->result) };

		msg.txn = done->txn;
		memcpy(msg.payload, &done->result, sizeof(done->result));
		if (dsp_send(d, to, &msg))
			return;
		r->unsent[to] &= r->unsent[to] - 1;
	}
}

/**
 * dsp_root_do() - carry out a request, once
 * @d: the root
 * @from: vnode ID of the sender
 * @msg: the request
 * @result: cleared by the caller; what became of it.  An error of -EINPROGRESS
 *	means that it is not carried out yet: try again later
 * @now: the time, ms
 */
void dsp_root_do(struct dsp *d, u32 from, const union dsp_msg *msg, struct dsp_result *result,
		 u32 now)
{
	struct dsp_bridge_request req;
	struct dsp_result which;

	if (msg->type == DSP_CREATE && msg->length == sizeof(req)) {
		memcpy(&req, msg->payload, sizeof(req));
		dsp_bridge_root_create(d, from, &req, result, now);
	} else if (msg->type == DSP_CLEARED && msg->length == sizeof(which)) {
		memcpy(&which, msg->payload, sizeof(which));
		result->error = dsp_bridge_root_cleared(d, from, which.index, which.generation);
	} else if (msg->type == DSP_DESTROY && msg->length == sizeof(which)) {
		memcpy(&which, msg->payload, sizeof(which));
		result->error = dsp_bridge_root_destroy(d, from, which.index, which.generation,
							now);
	} else {
		result->error = -EOPNOTSUPP;
		d->count.bad_message++;
	}
}

/**
 * dsp_root_request() - carry out a request
 * @d: the root
 * @from: vnode ID of the sender
 * @msg: the request; only that it is from that vnode is certain
 * @now: the time, ms
 *
 * A request that was carried out before is only answered again.  One for which
 * room is being made is not answered at all: it will be sent again.
 *
 * Return: false if it is not as it should be.
 */
bool dsp_root_request(struct dsp *d, u32 from, const union dsp_msg *msg, u32 now)
{
	struct dsp_done *done = &d->root->done[from][msg->txn % DSP_CALLS];
	struct dsp_result result = { };
	int joined;

	if (msg->type == DSP_JOIN) {
		joined = dsp_member_join(&d->root->member, d->c, from, msg->from);
		if (joined > 0)
			dsp_root_view(d);
		return joined >= 0;
	}
	if (msg->txn < DSP_CALLS)
		return false;
	if (done->txn != msg->txn) {
		/* Older than the one that was answered: nobody waits for it. */
		if (done->txn && (s32)(msg->txn - done->txn) < 0) {
			d->count.duplicate++;
			return true;
		}
		dsp_root_do(d, from, msg, &result, now);
		/* Not yet, and not refused: ask again. */
		if (result.error == -EINPROGRESS)
			return true;
		done->txn = msg->txn;
		done->result = result;
	} else {
		d->count.duplicate++;
	}
	d->root->unsent[from] |= 1u << msg->txn % DSP_CALLS;
	dsp_root_flush(d, from);
	return true;
}

/**
 * dsp_root_tick() - the root's part of dsp_tick()
 * @d: the root
 * @now: the time, ms
 */
void dsp_root_tick(struct dsp *d, u32 now)
{
	dsp_root_header(d->c);
	if (dsp_member_scrub(&d->root->member, d->c))
		d->count.scrubbed++;
	if (dsp_root_scrub(d))
		d->count.scrubbed++;
	if (dsp_member_unsettled(&d->root->member, d->c))
		dsp_tell_members(d);
	dsp_bridge_root_step(d, now);
	dsp_bridge_root_scrub(d);
}
