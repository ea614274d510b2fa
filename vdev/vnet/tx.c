// SPDX-License-Identifier: GPL-2.0
/*
 * Transmitting: frames are copied into the wires of their receivers.
 *
 * If there is no room, or the wire is busy, the frame is set aside.  A queue can have one
 * such frame, and is stopped meanwhile.  The receiver rings when there is room; a timer
 * tries again when the wire was busy.  Both lead to vnet_tx_retry(), in softirq.
 */
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <linux/virtio_net.h>

#include "../portals.h"
#include "vnet.h"

#define LATE		(HZ / 5)		/* after that, drop what is set aside */
#define SHORTEST	(20 * NSEC_PER_USEC)	/* of the delays when the wire was busy */
#define LONGEST		NSEC_PER_MSEC

static struct netdev_queue *tx_queue(struct vnet_queue *q)
{
	return netdev_get_tx_queue(q->vn->dev, q->index);
}

/* The receiver, or NULL for all. The bits of @members are a hint, because peers come and go. */
static struct vnet_peer *find_peer(struct vnet *vn, const u8 *mac)
{
	u64 members = vnet_members(vn);
	struct vnet_peer *p;

	/* Usually, the ID is in the address. */
	p = rcu_dereference_bh(vn->peers[mac[5] % ADEOS_MAX_VNODES]);
	if (p && ether_addr_equal(p->mac, mac))
		return p;
	for (; members; members &= members - 1) {
		p = rcu_dereference_bh(vn->peers[__ffs64(members)]);
		if (p && ether_addr_equal(p->mac, mac))
			return p;
	}
	return vnet_find_learned(vn, mac);
}

/*
 * Which of a peer's wires a queue transmits on: always the same one, so a flow stays in order.
 * Vnodes begin at different wires, so many vnodes with one CPU use all wires of a receiver
 * with several.
 */
static u32 port_index(const struct vnet_queue *q, const struct vnet_peer *p)
{
	return (q->vn->id + q->index) % p->nr_ports;
}

static void copy_bits(const struct wire_port *port, u32 at, const struct sk_buff *skb)
{
	u32 done, bytes;
	u8 *to;

	for (done = 0; done < skb->len; done += bytes) {
		bytes = wire_span(port, at + done, skb->len - done, &to);
		skb_copy_bits(skb, done, to, bytes);
	}
}

static void copy_piece(const struct wire_port *port, u32 at, const void *from, u32 length)
{
	u32 bytes;
	u8 *to;

	for (; length; length -= bytes, at += bytes, from += bytes) {
		bytes = wire_span(port, at, length, &to);
		vnet_wide_copy(to, from, bytes);
	}
}

static void copy_frame(const struct wire_port *port, const struct wire_frame *frame,
		       struct sk_buff *skb)
{
	struct skb_seq_state pieces;
	u32 done, bytes;
	const u8 *from;

	/* skb_seq_read() does not find lists within lists. */
	if (skb_has_frag_list(skb) || !vnet_wide_begin(frame->length)) {
		copy_bits(port, wire_body(frame), skb);
		return;
	}
	skb_prepare_seq_read(skb, 0, frame->length, &pieces);
	for (done = 0; (bytes = skb_seq_read(done, &from, &pieces)); done += bytes)
		copy_piece(port, wire_body(frame) + done, from, bytes);
	vnet_wide_end();
}

/*
 * Copies a frame into a peer's wire.  -EBUSY: the wire is in use; -ENOSPC: it is
 * full; -EINVAL: it cannot be sent; -EIO: the peer's words are impossible.
 */
static int send_to(struct vnet_queue *q, struct vnet_peer *p, struct sk_buff *skb)
{
	u32 index = port_index(q, p);
	struct wire_port *port = &p->port[index];
	struct wire_frame frame = { .length = skb->len, .from = q->vn->id };
	union vnet_meta meta = { };
	int ret;

	if (skb->len > WIRE_FRAME_MAX || virtio_net_hdr_from_skb(skb, &meta.hdr, true, true, 0))
		return -EINVAL;
	/* Acquire: pairs with peer_thaw(). */
	if (smp_load_acquire(&p->frozen))
		return -EBUSY;
	ret = wire_enter(port, &q->sender);
	if (ret)
		return ret;
	ret = wire_room(port, frame.length, &frame.at);
	if (likely(!ret)) {
		memcpy(frame.meta, meta.words, sizeof(frame.meta));
		wire_describe(port, &frame);
		copy_frame(port, &frame, skb);
		wire_publish(port, &frame);
	}
	wire_leave(port, &q->sender);
	if (ret != -ENOSPC && wire_must_ring(port)) {
		q->counts.tx_rings++;
		adeos_portal_ring(p->id, PORTAL_VNET);
	}
	if (likely(!ret) && unlikely(READ_ONCE(p->stuck[index])))
		WRITE_ONCE(p->stuck[index], false);
	return ret;
}

static void count_sent(struct vnet_queue *q, struct sk_buff *skb)
{
	dev_sw_netstats_tx_add(q->vn->dev, 1, skb->len);
	dev_consume_skb_any(skb);
}

static void count_lost(struct vnet_queue *q, struct sk_buff *skb, int error)
{
	if (error == -EIO)
		q->counts.tx_bad++;
	if (error == -EIO || error == -EINVAL)
		DEV_STATS_INC(q->vn->dev, tx_errors);
	DEV_STATS_INC(q->vn->dev, tx_dropped);
	dev_kfree_skb_any(skb);
}

/* Decides when to try @aside again, which is already set. */
static void wait_for_wire(struct vnet_queue *q, struct vnet_peer *p, int error)
{
	u32 delay;

	if (error == -ENOSPC) {
		q->counts.tx_full++;
		/* In the same read section as the attempt, so the area has not been moved. */
		if (!wire_want_room(&p->port[port_index(q, p)], q->vn->id, q->aside->len)) {
			hrtimer_start(&q->timer, ms_to_ktime(jiffies_to_msecs(LATE + 1)),
				      HRTIMER_MODE_REL);
			return;
		}
		delay = 0;
	} else {
		delay = q->delay / 2 + get_random_u32_below(q->delay / 2);
		q->delay = min_t(u32, 2 * q->delay, LONGEST);
	}
	hrtimer_start(&q->timer, ns_to_ktime(delay), HRTIMER_MODE_REL);
}

static enum hrtimer_restart try_again(struct hrtimer *timer)
{
	napi_schedule(&container_of(timer, struct vnet_queue, timer)->napi);
	return HRTIMER_NORESTART;
}

/* The transmit queue is locked. */
static void set_aside(struct vnet_queue *q, struct vnet_peer *p, struct sk_buff *skb, int error)
{
	netif_tx_stop_queue(tx_queue(q));
	q->counts.tx_aside++;
	q->aside_to = p->id;
	q->aside_until = jiffies + LATE;
	q->delay = SHORTEST;
	WRITE_ONCE(q->aside, skb);
	wait_for_wire(q, p, error);
}

static void retry(struct vnet_queue *q)
{
	struct vnet_peer *p = rcu_dereference_bh(q->vn->peers[q->aside_to]);
	struct sk_buff *skb = q->aside;
	int ret = p ? send_to(q, p, skb) : -ENODEV;

	if (ret == -EBUSY || ret == -ENOSPC) {
		if (time_before(jiffies, q->aside_until)) {
			wait_for_wire(q, p, ret);
			return;
		}
		q->counts.tx_late++;
		if (ret == -ENOSPC) {
			WRITE_ONCE(p->stuck[port_index(q, p)], true);
			/* If it sleeps nevertheless, somebody has damaged its words. */
			adeos_portal_ring(p->id, PORTAL_VNET);
		}
	}
	WRITE_ONCE(q->aside, NULL);
	if (ret)
		count_lost(q, skb, ret);
	else
		count_sent(q, skb);
	netif_tx_wake_queue(tx_queue(q));
}

/**
 * vnet_tx_retry() - try again to send what was set aside
 * @q: the queue
 *
 * Context: softirq, from @q's NAPI.
 */
void vnet_tx_retry(struct vnet_queue *q)
{
	struct netdev_queue *nq = tx_queue(q);

	if (likely(!READ_ONCE(q->aside)))
		return;
	__netif_tx_lock(nq, smp_processor_id());
	if (q->aside)
		retry(q);
	__netif_tx_unlock(nq);
}

static void send_to_all(struct vnet_queue *q, struct sk_buff *skb)
{
	u64 members = vnet_members(q->vn);
	struct vnet_peer *p;
	int ret;

	for (; members; members &= members - 1) {
		p = rcu_dereference_bh(q->vn->peers[__ffs64(members)]);
		ret = p ? send_to(q, p, skb) : 0;
		if (ret)
			q->counts.tx_unheard++;
	}
	count_sent(q, skb);
}

/**
 * vnet_xmit() - transmit a frame
 * @skb: the frame
 * @dev: the interface
 *
 * Context: softirq, or bottom halves off, the transmit queue locked.
 * Return: NETDEV_TX_OK
 */
netdev_tx_t vnet_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct vnet *vn = netdev_priv(dev);
	struct vnet_queue *q = &vn->queue[skb_get_queue_mapping(skb)];
	struct vnet_peer *p;
	int ret;

	skb_tx_timestamp(skb);
	/*
	 * A sender that bypasses the queueing discipline may not have checked whether the
	 * queue is stopped.
	 */
	if (unlikely(q->aside || skb->len < ETH_HLEN)) {
		count_lost(q, skb, -EBUSY);
		return NETDEV_TX_OK;
	}
	p = find_peer(vn, skb->data);
	if (!p) {
		send_to_all(q, skb);
		return NETDEV_TX_OK;
	}
	ret = send_to(q, p, skb);
	if (likely(!ret))
		count_sent(q, skb);
	else if (ret == -EBUSY ||
		 (ret == -ENOSPC && !READ_ONCE(p->stuck[port_index(q, p)])))
		set_aside(q, p, skb, ret);
	else
		count_lost(q, skb, ret);
	return NETDEV_TX_OK;
}

/**
 * vnet_tx_start() - prepare a queue for transmitting
 * @q: the queue
 *
 * Context: process.
 */
void vnet_tx_start(struct vnet_queue *q)
{
	wire_sender_init(&q->sender, q->vn->id, 0, get_random_u32());
	hrtimer_init(&q->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	q->timer.function = try_again;
}

/**
 * vnet_tx_live() - set a queue's life to that of a new area
 * @q: the queue; there are no peers yet
 * @life: that one
 *
 * Context: process.
 */
void vnet_tx_live(struct vnet_queue *q, u32 life)
{
	__netif_tx_lock_bh(tx_queue(q));
	wire_sender_live(&q->sender, q->vn->id, life);
	__netif_tx_unlock_bh(tx_queue(q));
}

/**
 * vnet_tx_stop() - drop what was set aside
 * @q: the queue; only its timer still uses it
 *
 * Context: process.
 */
void vnet_tx_stop(struct vnet_queue *q)
{
	struct sk_buff *skb = q->aside;

	hrtimer_cancel(&q->timer);
	WRITE_ONCE(q->aside, NULL);
	if (skb)
		count_lost(q, skb, -ENODEV);
}
