// SPDX-License-Identifier: GPL-2.0
/*
 * This vnode's receive area.  The root makes and destroys it, which may take long.  So all
 * of this runs in a work item, or in callbacks of the nanokernel; peer.c describes the
 * locks.
 */
#include "vnet.h"

/**
 * vnet_set_port() - find a wire in an area
 * @port: where to store it
 * @h: the area
 * @index: of the wire
 * @ring_size: of each ring there, bytes
 *
 * Context: any in which the area cannot be moved.
 */
void vnet_set_port(struct wire_port *port, struct vnet_header *h, u32 index, u32 ring_size)
{
	port->wire = &h->wire[index];
	port->ring = (u8 *)h + PAGE_SIZE + index * ring_size;
	port->size = ring_size;
}

static void set_receivers(struct vnet *vn, struct vnet_header *h)
{
	u32 i;

	for (i = 0; i < vn->nr_queues; i++)
		vnet_set_port(&vn->queue[i].receiver.port, h, i, vnet_ring_size);
}

/* Expedited: all other users of the area wait for this one. */
static void own_freeze(struct adeos_bridge *b, void *priv)
{
	struct vnet *vn = priv;

	mutex_lock(&vn->map_lock);
	WRITE_ONCE(vn->frozen, true);
	mutex_unlock(&vn->map_lock);
	/* Code that has seen @running set is in a read section. */
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

	/* Expected: this vnode destroys it */
	if (READ_ONCE(vn->ending))
		return;
	WRITE_ONCE(vn->losses, vn->losses + 1);
	if (net_ratelimit())
		netdev_warn(vn->dev, "the receive area is lost: making another one\n");
	vnet_hide(vn, true);
	vnet_look_soon(vn);
}

static const struct adeos_bridge_ops own_ops = {
	.freeze	= own_freeze,
	.thaw	= own_thaw,
	.gone	= own_gone,
};

/* Allows use of the receivers, unless the interface has gone down meanwhile. */
static int publish_area(struct vnet *vn)
{
	int ret = -EAGAIN;

	spin_lock(&vn->state_lock);
	if (vnet_is_current(vn)) {
		/* Release: pairs with vnet_running(). */
		smp_store_release(&vn->running, true);
		ret = 0;
	}
	spin_unlock(&vn->state_lock);
	return ret;
}

static int fill_area(struct vnet *vn, struct vnet_header *h)
{
	int ret;
	u32 i;

	memset(h, 0, sizeof(*h));
	h->abi = VNET_ABI;
	h->size = adeos_bridge_size(vn->bridge);
	h->ring_size = vnet_ring_size;
	h->nr_queues = vn->nr_queues;
	h->life = vn->life;
	/* It changes only while the interface is down. */
	memcpy(h->mac, vn->dev->dev_addr, ETH_ALEN);
	set_receivers(vn, h);
	for (i = 0; i < vn->nr_queues; i++) {
		vn->queue[i].receiver.tail = 0;
		vn->queue[i].seen = 0;
		wire_sleep(&vn->queue[i].receiver);
	}
	ret = publish_area(vn);
	if (ret)
		return ret;
	/* Release: pairs with read_header(), in another vnode. */
	smp_store_release(&h->magic, VNET_MAGIC);
	return 0;
}

/* A request to the root can take 15 s, if it does not answer or makes room. */
static void ask_root(struct vnet *vn)
{
	WRITE_ONCE(vn->asked, vn->asked + 1);
}

static void root_answered(struct vnet *vn)
{
	WRITE_ONCE(vn->answered, vn->answered + 1);
}

/* Finds an area of this name that already exists */
struct old_area {
	struct vnet *vn;
	bool frozen;
};

static void old_freeze(struct adeos_bridge *b, void *priv)
{
	struct old_area *old = priv;

	mutex_lock(&old->vn->map_lock);
	old->frozen = true;
	mutex_unlock(&old->vn->map_lock);
}

/* It was checked, or the caller looks again. */
static void old_thaw(struct adeos_bridge *b, void *priv)
{
}

static void old_gone(struct adeos_bridge *b, void *priv)
{
}

static const struct adeos_bridge_ops old_ops = {
	.freeze	= old_freeze,
	.thaw	= old_thaw,
	.gone	= old_gone,
};

/* A program may also have made a bridge of that name. */
static int check_old_area(const struct vnet_header *h)
{
	u32 magic = READ_ONCE(h->magic);

	return !magic || magic == VNET_MAGIC ? 0 : -EEXIST;
}

/*
 * An old area may exist: the root did not answer when it was to be made or destroyed, or
 * somebody has forged its destruction.  Others may still use it, so it must go.  Returns 0
 * if there is none any more, -EAGAIN while it is being moved.
 */
static int end_old_area(struct vnet *vn)
{
	struct old_area old = { .vn = vn };
	struct adeos_bridge *b = adeos_bridge_open(vn->id, vn->name, true, &old_ops, &old);
	int ret;

	if (IS_ERR(b))
		return PTR_ERR(b) == -ENOENT ? 0 : PTR_ERR(b);
	mutex_lock(&vn->map_lock);
	ret = old.frozen ? -EAGAIN : check_old_area(adeos_bridge_addr(b));
	mutex_unlock(&vn->map_lock);
	if (!ret) {
		ask_root(vn);
		ret = adeos_bridge_destroy(b);
		root_answered(vn);
	}
	adeos_bridge_close(b);
	return ret;
}

/* Is it unknown whether the root has done, or will do, what it was asked for? */
static bool is_open(int error)
{
	return error == -ETIMEDOUT || error == -EHOSTDOWN;
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
	u32 i;

	WRITE_ONCE(vn->frozen, false);
	spin_lock(&vn->state_lock);
	vn->lost = false;
	spin_unlock(&vn->state_lock);
	ask_root(vn);
	b = adeos_bridge_make(&spec, &own_ops, vn);
	root_answered(vn);
	if (PTR_ERR_OR_ZERO(b) == -EEXIST)
		return end_old_area(vn) ?: -EAGAIN;
	vn->unsure = is_open(PTR_ERR_OR_ZERO(b));
	if (IS_ERR(b))
		return PTR_ERR(b);
	vn->bridge = b;
	vn->life = get_random_u32() & (WIRE_LIFE >> 8);
	for (i = 0; i < vn->nr_queues; i++)
		vnet_tx_live(&vn->queue[i], vn->life);
	return 0;
}

/**
 * vnet_create_area() - get an area for the session that was joined
 * @vn: the interface, without peers
 *
 * Context: its @work; waits for the root.
 * Return: 0 if it receives; -EAGAIN if the caller must try again at once, because the area
 * is being moved or an old one had to go; -ENOTCONN if this vnode is not yet a member of
 * the cluster; another negative errno.
 */
int vnet_create_area(struct vnet *vn)
{
	int ret = vn->bridge ? 0 : open_area(vn);

	if (ret)
		return ret;
	mutex_lock(&vn->map_lock);
	ret = vn->frozen ? -EAGAIN : fill_area(vn, adeos_bridge_addr(vn->bridge));
	mutex_unlock(&vn->map_lock);
	return ret;
}

/**
 * vnet_destroy_area() - undo vnet_create_area()
 * @vn: the interface; nobody uses the area any more
 * @last: do not try again
 *
 * Context: its @work, or when that is disabled; waits for the root.
 * Return: 0; negative errno if the root does not answer, or moves it.  Then the area still
 * exists, and the caller can try again; if @last, it stays until the network is joined
 * again, or this vnode ends.
 */
int vnet_destroy_area(struct vnet *vn, bool last)
{
	int ret;

	if (!vn->bridge) {
		ret = vn->unsure ? end_old_area(vn) : 0;
		vn->unsure = is_open(ret) || ret == -EAGAIN;
		return vn->unsure && !last ? ret : 0;
	}
	WRITE_ONCE(vn->ending, true);
	ask_root(vn);
	ret = adeos_bridge_destroy(vn->bridge);
	root_answered(vn);
	if (is_open(ret) && !last)
		return ret;
	adeos_bridge_close(vn->bridge);
	vn->bridge = NULL;
	WRITE_ONCE(vn->ending, false);
	return 0;
}
