// SPDX-License-Identifier: GPL-2.0
/*
 * The distributed sharing protocol: messages, requests, and what drives the
 * state machines of membership and bridges.
 */
#include "dsp.h"

/**
 * dsp_init() - what dsp_attach() and dsp_root_init() have in common
 * @d: to be initialised
 * @c: the commons
 * @id: own vnode ID
 * @incarnation: own incarnation
 * @slot: the CPU slot that takes this vnode's portals
 * @ops: the kernel
 * @priv: for @ops
 * @now: the time, ms
 */
void dsp_init(struct dsp *d, struct commons *c, u32 id, u32 incarnation, u32 slot,
	      const struct dsp_ops *ops, void *priv, u32 now)
{
	u32 i;

	memset(d, 0, sizeof(*d));
	d->c = c;
	d->id = id;
	d->incarnation = incarnation;
	d->ops = ops;
	d->priv = priv;
	for (i = 0; i < DSP_CALLS; i++)
		d->call[i].msg.txn = i;
	for (i = 0; i < COMMONS_NODES; i++) {
		dsp_ring_attach_sender(&c->ring[i][id], &d->head[i]);
		dsp_ring_attach_receiver(&c->ring[id][i], &d->tail[i]);
	}
	dsp_member_init(&d->member, c, now);
	dsp_move_portals(d, slot);
	/* All of the above before the root makes it known. */
	/* Pairs with who reads the words of this node. */
	smp_store_release(&c->node[id].attached, incarnation);
}

/* Asks to become a member; the root takes no offence at hearing it twice. */
static void dsp_join(struct dsp *d)
{
	union dsp_msg msg = { .type = DSP_JOIN };

	/* If somebody overwrote it, the root has repaired it meanwhile. */
	/* Pairs with dsp_member_start(). */
	d->incarnation = smp_load_acquire(&d->c->node[d->id].incarnation);
	dsp_send(d, d->member.coordinator, &msg);
}

/**
 * dsp_attach() - take part; for all vnodes but the root
 * @d: to be initialised
 * @c: the commons
 * @id: own vnode ID
 * @slot: the CPU slot that takes this vnode's portals
 * @ops: the kernel
 * @priv: for @ops
 * @now: the time, ms
 *
 * As soon as it can take the interrupt of its portals it must call dsp_tick()
 * once: one that came earlier is lost, and others take the portal for rung.
 * From the first dsp_tick() or dsp_poll() that leaves dsp_joined() true, this
 * vnode is a member.
 *
 * Return: 0; -EINVAL if @id is wrong; -EPROTO if these are no commons, or of
 * another ABI; -ESTALE if the root takes this vnode for dead.
 */
int dsp_attach(struct dsp *d, struct commons *c, u32 id, u32 slot,
	       const struct dsp_ops *ops, void *priv, u32 now)
{
	u32 incarnation;

	if (!id || id >= COMMONS_NODES)
		return -EINVAL;
	/* Pairs with dsp_root_header(). */
	if (smp_load_acquire(&c->header.magic) != COMMONS_MAGIC ||
	    READ_ONCE(c->header.abi) != ADEOS_ABI || READ_ONCE(c->header.size) != sizeof(*c))
		return -EPROTO;
	/* Pairs with dsp_member_start(). */
	incarnation = smp_load_acquire(&c->node[id].incarnation);
	if (!incarnation)
		return -ESTALE;
	dsp_init(d, c, id, incarnation, slot, ops, priv, now);
	dsp_join(d);
	return 0;
}

/**
 * dsp_joined() - is this vnode a member, in the view that it has adopted?
 * @d: this vnode
 */
bool dsp_joined(const struct dsp *d)
{
	return d->incarnation && d->member.incarnation[d->id] == d->incarnation;
}

/**
 * dsp_ring() - ring a portal of another vnode
 * @d: this vnode; callers need not exclude each other
 * @to: the other, below COMMONS_NODES
 * @portal: the portal, below COMMONS_PORTALS
 *
 * Context: any in which dsp_ops.ring may be called.
 */
void dsp_ring(struct dsp *d, u32 to, u32 portal)
{
	if (!dsp_portal_post(d->c, to, portal, d->id)) {
		d->count.coalesced++;
		return;
	}
	d->count.rang++;
	d->ops->ring(d->priv, to);
}

/**
 * dsp_move_portals() - have portals rung elsewhere
 * @d: this vnode
 * @slot: the CPU slot that takes them from now on
 *
 * Context: any; callers exclude each other, but need not exclude others.
 */
void dsp_move_portals(struct dsp *d, u32 slot)
{
	/* In this order: what dsp_mend() may write in between is wrong for one beat. */
	WRITE_ONCE(d->slot, slot);
	WRITE_ONCE(d->c->node[d->id].slot, slot);
}

/**
 * dsp_send() - send a message
 * @d: this vnode
 * @to: the receiver
 * @msg: @type, @length, @txn and @payload are set
 *
 * Return: 0; -EAGAIN if the ring is full: PORTAL_DSP will be rung when there is
 * room; -EHOSTDOWN if @to is no member.
 */
int dsp_send(struct dsp *d, u32 to, union dsp_msg *msg)
{
	int err;

	if (to >= COMMONS_NODES || (!d->member.incarnation[to] && msg->type != DSP_JOIN))
		return -EHOSTDOWN;
	msg->version = ADEOS_ABI;
	msg->flags = 0;
	msg->from = d->incarnation;
	/* Before the first view, that of the coordinator is not known otherwise. */
	msg->to = d->member.incarnation[to] ?: READ_ONCE(d->c->node[to].incarnation);
	err = dsp_ring_put(&d->c->ring[to][d->id], &d->head[to], msg);
	if (!err)
		d->count.sent++;
	else if (err == -EPROTO)
		d->count.bad_ring++;
	else
		d->count.full++;
	/* Also if it is full: that it was rung before may have been lost. */
	dsp_ring(d, to, PORTAL_DSP);
	return err ? -EAGAIN : 0;
}

/* Sends requests that are to be sent. */
static void dsp_send_calls(struct dsp *d, u32 now)
{
	struct dsp_call *call;

	for (call = d->call; call < d->call + DSP_CALLS; call++) {
		if (call->state != DSP_CALL_QUEUED)
			continue;
		if (d->root) {
			/* Not by message: anybody could write one in our name. */
			call->result = (struct dsp_result){ };
			dsp_root_do(d, d->id, &call->msg, &call->result, now);
			call->state = call->result.error == -EINPROGRESS ? DSP_CALL_SENT :
				      DSP_CALL_DONE;
			continue;
		}
		if (dsp_send(d, d->member.coordinator, &call->msg))
			return;
		call->state = DSP_CALL_SENT;
		call->when = now;
	}
}

static void dsp_fail_call(struct dsp_call *call, int err)
{
	call->state = DSP_CALL_DONE;
	call->result = (struct dsp_result){ .error = err };
}

/* Asks again for replies that do not come. */
static void dsp_check_calls(struct dsp *d, u32 now)
{
	struct dsp_call *call;

	for (call = d->call; call < d->call + DSP_CALLS; call++) {
		if (call->state != DSP_CALL_SENT && call->state != DSP_CALL_QUEUED)
			continue;
		if (d->member.root_lost) {
			dsp_fail_call(call, -EHOSTDOWN);
			continue;
		}
		if (now - call->when < DSP_RESEND)
			continue;
		call->when = now;
		if (++call->tries > DSP_TRIES) {
			dsp_fail_call(call, -ETIMEDOUT);
			/*
			 * If somebody made the root believe in a later one, it
			 * drops ours: the next is later in any case, if not at
			 * once then behind two of these.
			 */
			call->msg.txn += 1u << 30;
			continue;
		}
		d->count.resent += call->state == DSP_CALL_SENT;
		call->state = DSP_CALL_QUEUED;
	}
	dsp_send_calls(d, now);
}

/*
 * A place for a request, or DSP_CALLS.  Room is made for a bridge in seconds;
 * that must not keep others from being cleared and destroyed, which takes none.
 */
static u32 dsp_free_call(const struct dsp *d, u8 type)
{
	u32 end = type == DSP_CREATE ? DSP_CREATES : DSP_CALLS, i;

	for (i = 0; i < end; i++)
		if (d->call[i].state == DSP_CALL_IDLE)
			return i;
	return DSP_CALLS;
}

/**
 * dsp_call_fits() - is there room for one more request?
 * @d: this vnode
 * @type: DSP_CREATE, DSP_CLEARED or DSP_DESTROY
 *
 * Return: true if there is; otherwise dsp_call() returns -EBUSY until
 * dsp_call_result() has returned 0 for others.
 */
bool dsp_call_fits(const struct dsp *d, u8 type)
{
	return dsp_free_call(d, type) < DSP_CALLS;
}

/**
 * dsp_call() - begin a request to the root
 * @d: this vnode
 * @type: DSP_CREATE, DSP_CLEARED or DSP_DESTROY
 * @payload: its payload
 * @length: bytes of it, DSP_PAYLOAD at most
 * @now: the time, ms
 *
 * Return: a call for dsp_call_result(), 0 and up; -ENOTCONN if this vnode is
 * no member; -EHOSTDOWN if the root is dead; -EBUSY if there is no room for it.
 */
int dsp_call(struct dsp *d, u8 type, const void *payload, u8 length, u32 now)
{
	struct dsp_call *call;
	u32 i;

	if (d->member.root_lost)
		return -EHOSTDOWN;
	if (!dsp_joined(d))
		return -ENOTCONN;
	i = dsp_free_call(d, type);
	if (i == DSP_CALLS)
		return -EBUSY;

	call = &d->call[i];
	/* The root tells a new request of this number by a higher transaction. */
	call->msg = (union dsp_msg){ .txn = call->msg.txn + DSP_CALLS };
	if (call->msg.txn < DSP_CALLS)
		call->msg.txn += DSP_CALLS;	/* wrapped; 0 means none */
	call->msg.type = type;
	call->msg.length = length;
	memcpy(call->msg.payload, payload, length);
	call->state = DSP_CALL_QUEUED;
	call->tries = 0;
	call->when = now;
	dsp_send_calls(d, now);
	return i;
}

/**
 * dsp_call_result() - what became of a request?
 * @d: this vnode
 * @call: what dsp_call() returned
 * @result: where to store it
 *
 * Return: 0, and the call is over, with @result->error; -EINPROGRESS: ask again
 * when PORTAL_DSP was rung, or at the next dsp_tick(); -EBADF.
 */
int dsp_call_result(struct dsp *d, int call, struct dsp_result *result)
{
	struct dsp_call *c;

	if (call < 0 || call >= DSP_CALLS || d->call[call].state == DSP_CALL_IDLE)
		return -EBADF;
	c = &d->call[call];
	if (c->state != DSP_CALL_DONE)
		return -EINPROGRESS;
	*result = c->result;
	c->state = DSP_CALL_IDLE;
	return 0;
}

static bool dsp_reply(struct dsp *d, u32 from, const union dsp_msg *msg)
{
	struct dsp_call *call = &d->call[msg->txn % DSP_CALLS];
	struct dsp_result result;

	if (from != d->member.coordinator || msg->length != sizeof(result))
		return false;
	if (call->msg.txn != msg->txn ||
	    (call->state != DSP_CALL_SENT && call->state != DSP_CALL_QUEUED)) {
		d->count.late++;
		return true;
	}
	memcpy(&result, msg->payload, sizeof(result));
	if (result.error > 0 || result.error < -4095 || result.index >= COMMONS_BRIDGES)
		return false;
	call->result = result;
	call->state = DSP_CALL_DONE;
	return true;
}

/* False if the message is not as it should be. */
static bool dsp_dispatch(struct dsp *d, u32 from, union dsp_msg *msg, u32 now)
{
	switch (msg->type) {
	case DSP_JOIN:
	case DSP_CREATE:
	case DSP_DESTROY:
	case DSP_CLEARED:
		return d->root && dsp_root_request(d, from, msg, now);
	case DSP_REPLY:
		return dsp_reply(d, from, msg);
	case DSP_PING:
		msg->type = DSP_PONG;
		dsp_send(d, from, msg);
		return true;
	case DSP_PONG:
		break;
	default:
		if (msg->type < DSP_USER)
			return false;
	}
	if (!d->ops->message)
		return false;
	d->ops->message(d->priv, from, msg);
	return true;
}

/* Words of ours, written once, that somebody else may have overwritten */
static void dsp_mend(struct dsp *d)
{
	struct commons_node *n = &d->c->node[d->id];
	u32 slot = READ_ONCE(d->slot);

	if (READ_ONCE(n->attached) == d->incarnation &&
	    READ_ONCE(n->slot) == slot &&
	    READ_ONCE(n->epoch) == d->settled)
		return;
	WRITE_ONCE(n->slot, slot);
	WRITE_ONCE(n->epoch, d->settled);
	/* As in dsp_init(): pairs with who reads the words of this node. */
	smp_store_release(&n->attached, d->incarnation);
	d->count.scrubbed++;
}

/**
 * dsp_settle() - tell the root that this vnode uses no memory of those that have left
 * @d: this vnode, whose dsp_ops.view has returned false
 *
 * The root waits for this before it gives such memory to others.
 */
void dsp_settle(struct dsp *d)
{
	d->settled = d->member.epoch;
	/* The last use of that memory comes before this: pairs with dsp_member_unsettled(). */
	smp_store_release(&d->c->node[d->id].epoch, d->settled);
	if (!d->root)
		dsp_ring(d, d->member.coordinator, PORTAL_BRIDGE);
}

/**
 * dsp_view() - adopt the newest view
 * @d: this vnode
 */
void dsp_view(struct dsp *d)
{
	u64 left, joined;
	int ret;

	if (d->root)
		ret = dsp_member_poll_root(&d->member, &d->root->member, &left, &joined);
	else
		ret = dsp_member_poll(&d->member, d->c, &left, &joined);
	if (ret < 0)
		d->count.bad_view++;
	if (ret <= 0)
		return;
	d->count.views++;
	if (!d->ops->view || d->ops->view(d->priv, left, joined))
		dsp_settle(d);
}

/* Is it from whom it seems to be, and for us? */
static bool dsp_authentic(struct dsp *d, u32 from, const union dsp_msg *msg)
{
	if (msg->to != d->incarnation)
		return false;
	if (d->root)
		return msg->from && msg->from == d->root->member.incarnation[from] &&
		       d->root->member.started & commons_bit(from) &&
		       (msg->type == DSP_JOIN || d->root->member.mask & commons_bit(from));
	if (msg->from && msg->from == d->member.incarnation[from])
		return true;
	/* It may be in a view that we have not adopted yet. */
	dsp_view(d);
	return msg->from && msg->from == d->member.incarnation[from];
}

/*
 * What a vnode asks for costs the root time.  When it has asked often enough, it is not
 * heard, and not told that its ring has room, until the next beat.
 */
static bool dsp_may_ask(struct dsp *d, u32 from)
{
	return !d->root || d->root->heard[from] < DSP_BUDGET;
}

/* Takes what one vnode has sent; true if there may be more. */
static bool dsp_receive(struct dsp *d, u32 from, u32 now)
{
	struct commons_ring *r = &d->c->ring[d->id][from];
	union dsp_msg msg;
	u32 n;
	int ret;

	/* No more than that, lest one who sends without end is all we hear. */
	for (n = 0; n < COMMONS_SLOTS; n++) {
		if (!dsp_may_ask(d, from))
			return false;
		ret = dsp_ring_get(r, &d->tail[from], &msg);
		if (!ret)
			break;
		if (d->root)
			d->root->heard[from]++;
		if (ret < 0) {
			d->count.bad_ring++;
			continue;
		}
		if (!dsp_authentic(d, from, &msg)) {
			d->count.bad_sender++;
			continue;
		}
		d->count.received++;
		if (msg.version != ADEOS_ABI || msg.length > DSP_PAYLOAD || msg.flags ||
		    !dsp_dispatch(d, from, &msg, now))
			d->count.bad_message++;
	}
	/* Also if there was nothing: we may just have come, or mended our position. */
	if (dsp_ring_stalled(r))
		dsp_ring(d, from, PORTAL_DSP);
	return n == COMMONS_SLOTS;
}

/* Hears a set of vnodes; those that have more to say are kept for later. */
static bool dsp_hear(struct dsp *d, u64 from, u32 now)
{
	bool more = false;

	/* Nobody sends to itself. */
	for (from &= ~commons_bit(d->id); from; from &= from - 1) {
		u32 id = commons_first(from);

		if (dsp_receive(d, id, now)) {
			dsp_portal_post(d->c, d->id, PORTAL_DSP, id);
			more = true;
		}
		/* It may have rung because there is room in our ring to it. */
		dsp_ring_resume(&d->c->ring[id][d->id]);
		if (d->root)
			dsp_root_flush(d, id);
	}
	return more;
}

/**
 * dsp_poll() - do what the nanokernel's portals were rung for
 * @d: this vnode
 * @now: the time, ms
 *
 * To be called when dsp_portal_take() has returned PORTAL_DSP or PORTAL_BRIDGE.
 *
 * Return: true if it should be called again, when others have had their turn.
 */
bool dsp_poll(struct dsp *d, u32 now)
{
	u64 dsp = dsp_portal_rang(d->c, d->id, PORTAL_DSP);
	u64 bridge = dsp_portal_rang(d->c, d->id, PORTAL_BRIDGE);
	bool more;

	dsp_view(d);
	more = dsp_hear(d, dsp, now);
	if (bridge) {
		dsp_bridge_scan(d);
		if (d->root)
			dsp_bridge_root_step(d, now);
	}
	dsp_send_calls(d, now);
	return more;
}

/**
 * dsp_beat() - show that this vnode lives
 * @d: this vnode
 *
 * To be called some times a second, by one caller at a time, who need not exclude
 * others.
 */
void dsp_beat(struct dsp *d)
{
	struct commons_node *n = &d->c->node[d->id];

	WRITE_ONCE(n->heartbeat, READ_ONCE(n->heartbeat) + 1);
}

/**
 * dsp_tick() - find what got lost
 * @d: this vnode
 * @now: the time, ms
 *
 * To be called about once a second.  Rings whose interrupt nobody has sent, as
 * the sender died or somebody overwrote a word, are heard here.
 *
 * Return: true if dsp_poll() should be called.
 */
bool dsp_tick(struct dsp *d, u32 now)
{
	bool more;

	dsp_mend(d);
	dsp_portal_take(d->c, d->id, ~(1u << PORTAL_DSP | 1u << PORTAL_BRIDGE));
	dsp_portal_rang(d->c, d->id, PORTAL_DSP);
	dsp_portal_rang(d->c, d->id, PORTAL_BRIDGE);
	dsp_view(d);
	if (d->root)
		memset(d->root->heard, 0, sizeof(d->root->heard));
	more = dsp_hear(d, ~0ULL, now);
	if (d->root) {
		dsp_root_tick(d, now);
	} else {
		dsp_member_watch_root(&d->member, d->c, now);
		dsp_member_return(&d->member, d->c);
		if (!dsp_joined(d))
			dsp_join(d);
	}
	dsp_bridge_scan(d);
	dsp_check_calls(d, now);
	return more;
}
