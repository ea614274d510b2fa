// SPDX-License-Identifier: GPL-2.0
/*
 * Who is in the network, and the work item that brings an interface into the wanted state.
 *
 * All of this runs in process context, most of it in the interface's @work, of which
 * there is one at a time.  @work may wait for the root, so nobody waits for @work: code
 * under RTNL only takes vn->state_lock, stores the wanted state, and queues @work.  vnet.h
 * draws the states.
 *
 * The nanokernel holds its own lock in callbacks; vn->map_lock is taken inside that lock,
 * and vn->state_lock inside both.
 *
 * An open area may be moved at any time.  Code that touches one is in a read section, of
 * RCU or with bottom halves off, or holds vn->map_lock, and has checked whether the area is
 * frozen.
 */
#include <linux/slab.h>

#include "../portals.h"
#include "vnet.h"

#define LOOK_AGAIN	(5 * HZ)	/* without having been rung */
#define LOST		(3 * HZ)	/* how long a wire may stand still */
#define JOIN_AGAIN	(HZ / 8)	/* until this vnode is a member, or an area is not moved */
#define ASK_AGAIN	HZ		/* if the root has refused, or does not answer */
#define SOON		(HZ / 8)	/* between two looks, however often others ring */

/**
 * vnet_look_soon() - something has changed: queue @vn->work
 * @vn: the interface
 *
 * At once, unless it has just run, so that others cannot make it run more often by ringing.
 *
 * Context: any.
 */
void vnet_look_soon(struct vnet *vn)
{
	unsigned long since = jiffies - READ_ONCE(vn->looked);

	if (READ_ONCE(vn->up))
		mod_delayed_work(vnet_wq, &vn->work, since < SOON ? SOON - since : 0);
}

/* The others' */

static void peer_freeze(struct adeos_bridge *b, void *priv)
{
	struct vnet_peer *p = priv;

	mutex_lock(&p->vn->map_lock);
	WRITE_ONCE(p->frozen, true);
	mutex_unlock(&p->vn->map_lock);
	/* Senders are in a read section. */
	synchronize_rcu_expedited();
}

static void peer_thaw(struct adeos_bridge *b, void *priv)
{
	struct vnet_peer *p = priv;
	u32 i;

	mutex_lock(&p->vn->map_lock);
	for (i = 0; i < p->nr_ports; i++)
		vnet_set_port(&p->port[i], adeos_bridge_addr(b), i, p->port[i].size);
	/* Release: pairs with send_to(); the ports come before it. */
	smp_store_release(&p->frozen, false);
	mutex_unlock(&p->vn->map_lock);
}

static void peer_gone(struct adeos_bridge *b, void *priv)
{
	struct vnet_peer *p = priv;

	WRITE_ONCE(p->gone, true);
	vnet_look_soon(p->vn);
}

static const struct adeos_bridge_ops peer_ops = {
	.freeze	= peer_freeze,
	.thaw	= peer_thaw,
	.gone	= peer_gone,
};

/* These are another vnode's words: each is read once, and checked. */
static int read_header(struct vnet_peer *p, struct vnet_header *h, size_t size)
{
	u32 i, ring_size;

	/* Acquire: the rest was written before @magic; pairs with fill_area(). */
	if (size < PAGE_SIZE || smp_load_acquire(&h->magic) != VNET_MAGIC)
		return -EAGAIN;
	if (READ_ONCE(h->abi) != VNET_ABI)
		return -EPROTO;
	p->nr_ports = READ_ONCE(h->nr_queues);
	ring_size = READ_ONCE(h->ring_size);
	if (!p->nr_ports || p->nr_ports > VNET_QUEUES || !is_power_of_2(ring_size) ||
	    ring_size < WIRE_RING_MIN || ring_size > WIRE_RING_MAX ||
	    size < PAGE_SIZE + p->nr_ports * ring_size)
		return -EPROTO;
	p->life = READ_ONCE(h->life) & (WIRE_LIFE >> 8);
	memcpy(p->mac, h->mac, ETH_ALEN);
	if (!is_valid_ether_addr(p->mac))
		return -EPROTO;
	for (i = 0; i < p->nr_ports; i++)
		vnet_set_port(&p->port[i], h, i, ring_size);
	return 0;
}

/* -EBUSY while it is being moved; -EAGAIN: its owner will ring when it is complete */
static struct vnet_peer *open_peer(struct vnet *vn, u32 id)
{
	struct vnet_peer *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int ret;

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->vn = vn;
	p->id = id;
	p->bridge = adeos_bridge_open(id, vn->name, true, &peer_ops, p);
	if (IS_ERR(p->bridge)) {
		/* It is being moved. */
		ret = PTR_ERR(p->bridge) == -EAGAIN ? -EBUSY : PTR_ERR(p->bridge);
		if (ret != -EBUSY && ret != -ENOENT && ret != -ENOTCONN)
			netdev_warn_once(vn->dev, "vnode %u cannot be reached: error %d\n", id,
					 ret);
		goto free;
	}
	mutex_lock(&vn->map_lock);
	ret = p->frozen ? -EBUSY : read_header(p, adeos_bridge_addr(p->bridge),
					       adeos_bridge_size(p->bridge));
	mutex_unlock(&vn->map_lock);
	if (!ret)
		return p;
	if (ret == -EPROTO)
		netdev_warn_once(vn->dev, "vnode %u has an invalid receive area\n", id);
	adeos_bridge_close(p->bridge);
free:
	kfree(p);
	return ERR_PTR(ret);
}

/* The carrier word that a peer has while it transmits */
static u32 peer_word(const struct vnet_peer *p)
{
	return p->life << 8 | (p->id + 1);
}

/* Takes this vnode's wires from a peer that has no area any more and so does not transmit. */
static void recover_from(struct vnet *vn, const struct vnet_peer *p)
{
	u32 i;

	rcu_read_lock();
	for (i = 0; vnet_running(vn) && i < vn->nr_queues; i++)
		if (wire_recover(&vn->queue[i].receiver.port, peer_word(p)))
			vn->recovered++;
	rcu_read_unlock();
}

/* From now on, nobody begins to send to it; state_lock is held. */
static void unpublish_peer(struct vnet *vn, u32 id)
{
	WRITE_ONCE(vn->members[id / 32], vn->members[id / 32] & ~BIT(id % 32));
	RCU_INIT_POINTER(vn->peers[id], NULL);
}

/**
 * vnet_hide() - prevent new uses of areas, this vnode's and others'
 * @vn: the interface
 * @lost: this vnode's area is gone
 *
 * This holds until @vn->work has joined again. Present uses are in read sections.
 *
 * Context: process; does not wait.
 */
void vnet_hide(struct vnet *vn, bool lost)
{
	u32 id;

	spin_lock(&vn->state_lock);
	vn->lost |= lost;
	WRITE_ONCE(vn->running, false);
	for (id = 0; id < ADEOS_MAX_VNODES; id++)
		unpublish_peer(vn, id);
	netif_carrier_off(vn->dev);
	spin_unlock(&vn->state_lock);
}

static void add_peer(struct vnet *vn, struct vnet_peer *p)
{
	vn->known[p->id] = p;
	spin_lock(&vn->state_lock);
	if (vnet_is_current(vn)) {
		rcu_assign_pointer(vn->peers[p->id], p);
		WRITE_ONCE(vn->members[p->id / 32], vn->members[p->id / 32] | BIT(p->id % 32));
	}
	spin_unlock(&vn->state_lock);
}

/* Nobody sends to it any more. */
static void drop_peer(struct vnet *vn, struct vnet_peer *p)
{
	vn->known[p->id] = NULL;
	vnet_forget(vn, p->id);
	/*
	 * Perhaps its area could only not be mapped again, and the peer still transmits:
	 * is_lost().
	 */
	if (!READ_ONCE(p->frozen))
		recover_from(vn, p);
	adeos_bridge_close(p->bridge);
	kfree(p);
}

static void remove_peer(struct vnet *vn, struct vnet_peer *p)
{
	spin_lock(&vn->state_lock);
	unpublish_peer(vn, p->id);
	spin_unlock(&vn->state_lock);
	synchronize_net();
	drop_peer(vn, p);
}

/* The carrier is on as long as there is somebody to send to. */
static void set_carrier(struct vnet *vn)
{
	spin_lock(&vn->state_lock);
	if (!vnet_is_current(vn) || !vnet_members(vn))
		netif_carrier_off(vn->dev);
	else
		netif_carrier_on(vn->dev);
	spin_unlock(&vn->state_lock);
}

/* Is it this vnode's area that is thawed? */
static bool is_moving(const struct vnet *vn)
{
	return READ_ONCE(vn->frozen) && !READ_ONCE(vn->lost);
}

/* Opens new areas, and closes those that are gone; true if one is being moved. */
static bool look_for_peers(struct vnet *vn)
{
	bool left = false, moving = false;
	struct vnet_peer *p;
	u32 id;

	for (id = 0; id < ADEOS_MAX_VNODES; id++) {
		if (id == vn->id)
			continue;
		p = vn->known[id];
		if (p && READ_ONCE(p->gone)) {
			/* Then its carrier could not be taken away. */
			if (is_moving(vn)) {
				moving = true;
				continue;
			}
			remove_peer(vn, p);
			/* It came in between: is_lost() must look soon. */
			moving |= is_moving(vn);
			left = true;
			p = NULL;
		}
		if (p)
			continue;
		p = open_peer(vn, id);
		if (!IS_ERR(p))
			add_peer(vn, p);
		else if (PTR_ERR(p) == -EBUSY)
			moving = true;
	}
	set_carrier(vn);
	/* Frames that were set aside for peers that have left */
	if (left)
		vnet_kick();
	return moving;
}

/*
 * Does a wire stand still, and is its sender missing?  A sender also seems to be missing if
 * this vnode has not yet heard of its new area.  It may transmit, so it gets time: much
 * more than it takes to hear of an area.
 */
static bool is_lost(struct vnet *vn, struct vnet_queue *q)
{
	u32 word = wire_transmits(&q->receiver.port), id = wire_id(word);
	u32 head = READ_ONCE(q->receiver.port.wire->head);
	struct vnet_peer *p = id < ADEOS_MAX_VNODES ? vn->known[id] : NULL;

	if (!word || (p && peer_word(p) == word) || word != q->seen || head != q->seen_head) {
		q->seen = word;
		q->seen_head = head;
		q->seen_at = jiffies;
		return false;
	}
	if (time_before(jiffies, q->seen_at + LOST))
		return false;
	return wire_recover(&q->receiver.port, word);
}

static void look_at_wires(struct vnet *vn)
{
	u32 i;

	rcu_read_lock();
	for (i = 0; vnet_running(vn) && i < vn->nr_queues; i++)
		if (is_lost(vn, &vn->queue[i]))
			vn->recovered++;
	rcu_read_unlock();
	/* A poll also rewrites words that somebody may have overwritten. */
	local_bh_disable();
	for (i = 0; i < vn->nr_queues; i++)
		napi_schedule(&vn->queue[i].napi);
	local_bh_enable();
}

/* Logs once why there is no area, for reasons that do not pass by themselves. */
static void complain(struct vnet *vn, int error)
{
	if (error == -EAGAIN || error == -ENOTCONN || error == vn->error)
		return;
	vn->error = error;
	if (error)
		netdev_warn(vn->dev, "no receive area yet: %pe; trying again\n",
			    ERR_PTR(error));
}

/* Gets an area, and looks who else has one. Returns when to look again, in jiffies. */
static unsigned long join(struct vnet *vn)
{
	bool late = !vn->running, moving;
	int ret = late ? vnet_create_area(vn) : 0;

	complain(vn, ret);
	if (ret)
		return ret == -EAGAIN || ret == -ENOTCONN ? JOIN_AGAIN : ASK_AGAIN;
	/*
	 * First up, then look: so either the greeter sees this interface, or this one sees
	 * the greeter; greeted().
	 */
	smp_mb();
	/* The area comes first: if two come up at once, at least one sees the other. */
	moving = look_for_peers(vn);
	look_at_wires(vn);
	if (late)
		adeos_portal_ring_set(~BIT_ULL(vn->id), PORTAL_VNET_HELLO);
	return moving ? JOIN_AGAIN : LOOK_AGAIN;
}

/**
 * vnet_part() - leave the network
 * @vn: the interface; it was hidden when its session, or its area, came to an end
 * @last: do not try again
 *
 * Context: @vn->work, or when that is disabled; waits for the root.
 * Return: as vnet_destroy_area().
 */
int vnet_part(struct vnet *vn, bool last)
{
	int ret;
	u32 id;

	/* Wait for senders, receivers and kick_interface() */
	synchronize_net();
	/* This vnode's area last: as long as it exists, this vnode may transmit. */
	for (id = 0; id < ADEOS_MAX_VNODES; id++)
		if (vn->known[id])
			drop_peer(vn, vn->known[id]);
	ret = vnet_destroy_area(vn, last);
	if (!ret)
		vn->joined = 0;
	return ret;
}

/* The wanted state: the session, or 0 if the interface is down; and may the old one go on? */
static u32 wanted_session(struct vnet *vn, bool *goes_on)
{
	u32 session;

	spin_lock(&vn->state_lock);
	session = vn->up ? vn->session : 0;
	*goes_on = vnet_is_current(vn);
	spin_unlock(&vn->state_lock);
	return session;
}

/**
 * vnet_look_around() - bring the interface into the wanted state, look for other interfaces
 * in the network, and repair damage
 * @work: the interface's @work
 *
 * Context: process; waits for the root.
 */
void vnet_look_around(struct work_struct *work)
{
	struct vnet *vn = container_of(to_delayed_work(work), struct vnet, work);
	unsigned long again = ASK_AGAIN;
	bool goes_on;
	u32 session;

	WRITE_ONCE(vn->looked, jiffies);
	WRITE_ONCE(vn->looks, vn->looks + 1);
	session = wanted_session(vn, &goes_on);
	if (vn->joined && !goes_on && vnet_part(vn, false))
		goto again;
	if (!session)
		return;
	vn->joined = session;
	again = join(vn);
again:
	/* If something has changed meanwhile, the work is already queued, for an earlier time. */
	queue_delayed_work(vnet_wq, &vn->work, again);
}
