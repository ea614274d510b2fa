// SPDX-License-Identifier: GPL-2.0
/*
 * Who is in the network: one's own receive area, and those of the others.
 *
 * All of this runs in process context.  vn->lock is taken before the
 * nanokernel's own lock, so what the nanokernel calls back does not take it;
 * vn->map_lock is taken behind both.
 *
 * An area may be moved at any time from when it is open.  Whoever touches one is in
 * a read section, of RCU or with bottom halves off, or holds vn->map_lock, and has
 * looked whether it is frozen.
 */
#include <linux/slab.h>

#include "../portals.h"
#include "vnet.h"

#define LOOK_AGAIN	(5 * HZ)	/* without having been rung */
#define LOST		(3 * HZ)	/* for so long a wire stands still */
#define JOIN_AGAIN	(HZ / 8)	/* until this vnode is a member, or an area is not moved */

static void set_port(struct wire_port *port, struct vnet_header *h, u32 index, u32 ring_size)
{
	port->wire = &h->wire[index];
	port->ring = (u8 *)h + PAGE_SIZE + index * ring_size;
	port->size = ring_size;
}

/* One's own area */

static void set_receivers(struct vnet *vn, struct vnet_header *h)
{
	u32 i;

	for (i = 0; i < vn->nr_queues; i++)
		set_port(&vn->queue[i].receiver.port, h, i, vnet_ring_size);
}

/* Expedited: all other users of the area wait for this one. */
static void own_freeze(struct adeos_bridge *b, void *priv)
{
	struct vnet *vn = priv;

	mutex_lock(&vn->map_lock);
	WRITE_ONCE(vn->frozen, true);
	mutex_unlock(&vn->map_lock);
	/* Whoever has seen it running is in a read section. */
	synchronize_rcu_expedited();
}

static void own_thaw(struct adeos_bridge *b, void *priv)
{
	struct vnet *vn = priv;

	mutex_lock(&vn->map_lock);
	set_receivers(vn, adeos_bridge_addr(b));
	/* Release: pairs with vnet_running(). */
	smp_store_release(&vn->frozen, false);
	mutex_unlock(&vn->map_lock);
	vnet_kick();
}

static void own_gone(struct adeos_bridge *b, void *priv)
{
	struct vnet *vn = priv;

	/* If not, it is this vnode that has destroyed it, or an old one. */
	if (!READ_ONCE(vn->up) || b != vn->bridge)
		return;
	WRITE_ONCE(vn->lost, true);
	netdev_err(vn->dev, "the receive area is lost: it must be taken down and up\n");
}

static const struct adeos_bridge_ops own_ops = {
	.freeze	= own_freeze,
	.thaw	= own_thaw,
	.gone	= own_gone,
};

static void fill_area(struct vnet *vn, struct vnet_header *h)
{
	u32 i;

	memset(h, 0, sizeof(*h));
	h->abi = VNET_ABI;
	h->size = adeos_bridge_size(vn->bridge);
	h->ring_size = vnet_ring_size;
	h->nr_queues = vn->nr_queues;
	h->life = vn->life;
	memcpy(h->mac, vn->dev->dev_addr, ETH_ALEN);
	set_receivers(vn, h);
	for (i = 0; i < vn->nr_queues; i++) {
		vn->queue[i].receiver.tail = 0;
		vn->queue[i].seen = 0;
		wire_sleep(&vn->queue[i].receiver);
	}
	/* Release: pairs with vnet_running(). */
	smp_store_release(&vn->running, true);
	/* Release: pairs with read_header(), in another vnode. */
	smp_store_release(&h->magic, VNET_MAGIC);
}

/* A program may have made a bridge of that name, too. */
static int check_old_area(const struct vnet_header *h)
{
	u32 magic = READ_ONCE(h->magic);

	return !magic || magic == VNET_MAGIC ? 0 : -EEXIST;
}

/*
 * One is there: the root did not answer when it was to be made, or to be destroyed.
 * Others may be using it as what it was, so it must go.  -EAGAIN: it does.
 */
static int end_old_area(struct vnet *vn)
{
	struct adeos_bridge *b = adeos_bridge_open(vn->id, vn->name, true, &own_ops, vn);
	int ret;

	if (IS_ERR(b))
		return PTR_ERR(b) == -ENOENT ? -EAGAIN : PTR_ERR(b);
	mutex_lock(&vn->map_lock);
	ret = vn->frozen ? -EAGAIN : check_old_area(adeos_bridge_addr(b));
	mutex_unlock(&vn->map_lock);
	if (!ret)
		ret = adeos_bridge_destroy(b) ?: -EAGAIN;
	adeos_bridge_close(b);
	return ret;
}

static int open_area(struct vnet *vn)
{
	struct adeos_bridge_spec spec = {
		.name = vn->name,
		.size = PAGE_SIZE + vn->nr_queues * vnet_ring_size,
		.allowed = ~0ULL,
		.flags = ADEOS_BRIDGE_MOVABLE | ADEOS_BRIDGE_MAY_MOVE,
	};
	struct adeos_bridge *b;

	WRITE_ONCE(vn->frozen, false);
	WRITE_ONCE(vn->lost, false);
	b = adeos_bridge_make(&spec, &own_ops, vn);
	if (IS_ERR(b))
		return PTR_ERR(b) == -EEXIST ? end_old_area(vn) : PTR_ERR(b);
	vn->bridge = b;
	return 0;
}

/* -EAGAIN while it is being moved */
static int create_area(struct vnet *vn)
{
	int ret = vn->bridge ? 0 : open_area(vn);

	if (ret)
		return ret;
	mutex_lock(&vn->map_lock);
	if (vn->frozen)
		ret = -EAGAIN;
	else
		fill_area(vn, adeos_bridge_addr(vn->bridge));
	mutex_unlock(&vn->map_lock);
	return ret;
}

/* The others' */

static void peer_freeze(struct adeos_bridge *b, void *priv)
{
	struct vnet_peer *p = priv;

	mutex_lock(&p->vn->map_lock);
	WRITE_ONCE(p->frozen, true);
	mutex_unlock(&p->vn->map_lock);
	/* Who transmits is in a read section. */
	synchronize_rcu_expedited();
}

static void peer_thaw(struct adeos_bridge *b, void *priv)
{
	struct vnet_peer *p = priv;
	u32 i;

	mutex_lock(&p->vn->map_lock);
	for (i = 0; i < p->nr_ports; i++)
		set_port(&p->port[i], adeos_bridge_addr(b), i, p->port[i].size);
	/* Release: pairs with send_to(); the ports come before it. */
	smp_store_release(&p->frozen, false);
	mutex_unlock(&p->vn->map_lock);
}

static void peer_gone(struct adeos_bridge *b, void *priv)
{
	struct vnet_peer *p = priv;

	WRITE_ONCE(p->gone, true);
	if (READ_ONCE(p->vn->up))
		mod_delayed_work(system_wq, &p->vn->work, 0);
}

static const struct adeos_bridge_ops peer_ops = {
	.freeze	= peer_freeze,
	.thaw	= peer_thaw,
	.gone	= peer_gone,
};

/* Another vnode's words: each is read once, and checked. */
static int read_header(struct vnet_peer *p, struct vnet_header *h, size_t size)
{
	u32 i, ring_size;

	/* Acquire: the rest was written before; pairs with fill_area(). */
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
		set_port(&p->port[i], h, i, ring_size);
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
			netdev_warn_once(vn->dev, "vnode %u is not reached: error %d\n", id, ret);
		goto free;
	}
	mutex_lock(&vn->map_lock);
	ret = p->frozen ? -EBUSY : read_header(p, adeos_bridge_addr(p->bridge),
					       adeos_bridge_size(p->bridge));
	mutex_unlock(&vn->map_lock);
	if (!ret)
		return p;
	if (ret == -EPROTO)
		netdev_warn_once(vn->dev, "vnode %u has no receive area that makes sense\n", id);
	adeos_bridge_close(p->bridge);
free:
	kfree(p);
	return ERR_PTR(ret);
}

/* The carrier word of a peer that transmits */
static u32 peer_word(const struct vnet_peer *p)
{
	return p->life << 8 | (p->id + 1);
}

/* Takes own wires from one that has no area any more, so it does not transmit. */
static void recover_from(struct vnet *vn, const struct vnet_peer *p)
{
	u32 i;

	rcu_read_lock();
	for (i = 0; vnet_running(vn) && i < vn->nr_queues; i++)
		if (wire_recover(&vn->queue[i].receiver.port, peer_word(p)))
			vn->recovered++;
	rcu_read_unlock();
}

static struct vnet_peer *get_peer(struct vnet *vn, u32 id)
{
	return rcu_dereference_protected(vn->peers[id], lockdep_is_held(&vn->lock));
}

static void add_peer(struct vnet *vn, struct vnet_peer *p)
{
	rcu_assign_pointer(vn->peers[p->id], p);
	WRITE_ONCE(vn->members[p->id / 32], vn->members[p->id / 32] | BIT(p->id % 32));
}

static void remove_peer(struct vnet *vn, struct vnet_peer *p)
{
	WRITE_ONCE(vn->members[p->id / 32], vn->members[p->id / 32] & ~BIT(p->id % 32));
	RCU_INIT_POINTER(vn->peers[p->id], NULL);
	synchronize_net();
	vnet_forget(vn, p->id);
	/* Perhaps only its area could not be mapped again, and it transmits: is_lost(). */
	if (!READ_ONCE(p->frozen))
		recover_from(vn, p);
	adeos_bridge_close(p->bridge);
	kfree(p);
}

/* Is one's own area to be thawed? */
static bool is_moving(const struct vnet *vn)
{
	return READ_ONCE(vn->frozen) && !READ_ONCE(vn->lost);
}

/* Opens those that have come, and closes those that have gone: true if one is being moved. */
static bool look_for_peers(struct vnet *vn)
{
	bool left = false, moving = false;
	struct vnet_peer *p;
	u32 id;

	for (id = 0; id < ADEOS_MAX_VNODES; id++) {
		if (id == vn->id)
			continue;
		p = get_peer(vn, id);
		if (p && READ_ONCE(p->gone)) {
			/* Then its carrier could not be taken away. */
			if (is_moving(vn)) {
				moving = true;
				continue;
			}
			remove_peer(vn, p);
			/* In between, after all: is_lost() is to look soon. */
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
	if (vnet_members(vn))
		netif_carrier_on(vn->dev);
	else
		netif_carrier_off(vn->dev);
	/* What was set aside for those who have left */
	if (left)
		vnet_kick();
	return moving;
}

/*
 * Does a wire stand still, and who has it is not there?  Not there is also one
 * whose new area this vnode has not heard of yet, though it may transmit, and so
 * it gets time: much longer than news needs.
 */
static bool is_lost(struct vnet *vn, struct vnet_queue *q)
{
	u32 word = wire_transmits(&q->receiver.port), id = wire_id(word);
	u32 head = READ_ONCE(q->receiver.port.wire->head);
	struct vnet_peer *p = id < ADEOS_MAX_VNODES ? get_peer(vn, id) : NULL;

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
	/* A poll also writes anew what somebody may have overwritten. */
	local_bh_disable();
	for (i = 0; i < vn->nr_queues; i++)
		napi_schedule(&vn->queue[i].napi);
	local_bh_enable();
}

/**
 * vnet_look_around() - see who is in the network, and repair what needs it
 * @work: the interface's @work
 *
 * Context: process.
 */
void vnet_look_around(struct work_struct *work)
{
	struct vnet *vn = container_of(to_delayed_work(work), struct vnet, work);
	unsigned long again = LOOK_AGAIN;
	bool late = false;

	mutex_lock(&vn->lock);
	if (!vn->up)
		goto out;
	if (!vn->running) {
		if (create_area(vn)) {
			again = JOIN_AGAIN;
			goto out;
		}
		late = true;
	}
	if (look_for_peers(vn))
		again = JOIN_AGAIN;
	look_at_wires(vn);
	if (late)
		adeos_portal_ring_set(~BIT_ULL(vn->id), PORTAL_VNET_HELLO);
out:
	if (vn->up)
		queue_delayed_work(system_wq, &vn->work, again);
	mutex_unlock(&vn->lock);
}

/**
 * vnet_join() - take part in the network
 * @vn: the interface
 *
 * Context: process, sleeps.
 * Return: 0, also if this vnode is no member of the cluster yet, or its area is
 * being moved: then it joins as soon as it can; negative errno.
 */
int vnet_join(struct vnet *vn)
{
	unsigned long again = JOIN_AGAIN;
	int ret;

	mutex_lock(&vn->lock);
	ret = create_area(vn);
	if (!ret || ret == -ENOTCONN || ret == -EAGAIN)
		WRITE_ONCE(vn->up, true);
	if (!ret) {
		/* Up, then look: who greets sees the one, or is seen by the other; greeted(). */
		smp_mb();
		/* The area comes first: of two that come at once, one sees the other. */
		if (!look_for_peers(vn))
			again = LOOK_AGAIN;
		adeos_portal_ring_set(~BIT_ULL(vn->id), PORTAL_VNET_HELLO);
	}
	if (vn->up)
		queue_delayed_work(system_wq, &vn->work, again);
	mutex_unlock(&vn->lock);
	return vn->up ? 0 : ret;
}

/**
 * vnet_part() - take part no more
 * @vn: the interface; nothing transmits or receives any more
 *
 * Context: process, sleeps.
 */
void vnet_part(struct vnet *vn)
{
	struct vnet_peer *p;
	u32 id;

	mutex_lock(&vn->lock);
	netif_carrier_off(vn->dev);
	/* Its own area last: as long as it is there, it may transmit. */
	for (id = 0; id < ADEOS_MAX_VNODES; id++) {
		p = get_peer(vn, id);
		if (p)
			remove_peer(vn, p);
	}
	if (vn->bridge) {
		adeos_bridge_destroy(vn->bridge);
		adeos_bridge_close(vn->bridge);
		vn->bridge = NULL;
	}
	mutex_unlock(&vn->lock);
}
