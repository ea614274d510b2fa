// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: frames are copied out of this vnode's wires, and only then read.
 */
#include <linux/skbuff.h>
#include <linux/virtio_net.h>
#include <net/busy_poll.h>
#include <net/page_pool/helpers.h>

#include "../portals.h"
#include "vnet.h"

#define SMALL	2048	/* bytes: up to this, a frame lies in one piece */
#define HEAD	256	/* bytes of a larger frame that are searched for headers */
#define ORDER	3	/* of the pieces of memory for the rest */
#define PIECES	64	/* of these that a queue keeps for the next frames */

/* Memory that is fragmented has single pages at least. */
static struct page *alloc_piece(struct vnet_queue *q, u32 *offset, u32 *bytes)
{
	struct page *page;

	*bytes = min_t(u32, *bytes, PAGE_SIZE << ORDER);
	page = page_pool_dev_alloc(q->pool, offset, bytes);
	if (likely(page))
		return page;
	*offset = 0;
	*bytes = PAGE_SIZE;
	return dev_alloc_page();
}

static void copy_out(const struct wire_port *port, u32 at, void *to, u32 length)
{
	u32 bytes;
	u8 *from;

	if (!vnet_wide_begin(length)) {
		wire_copy(port, at, to, length);
		return;
	}
	for (; length; length -= bytes, at += bytes, to += bytes) {
		bytes = wire_span(port, at, length, &from);
		vnet_wide_copy(to, from, bytes);
	}
	vnet_wide_end();
}

/* The rest of a frame, after the skb's head, goes to pages. */
static bool copy_pages(struct vnet_queue *q, struct sk_buff *skb, u32 at, u32 length)
{
	u32 offset, bytes, truesize;
	struct page *page;

	skb_mark_for_recycle(skb);
	for (; length; length -= bytes, at += bytes) {
		truesize = length;
		page = alloc_piece(q, &offset, &truesize);
		if (unlikely(!page))
			return false;
		bytes = min(length, truesize);
		copy_out(&q->receiver.port, at, page_address(page) + offset, bytes);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, offset, bytes, truesize);
	}
	return true;
}

/*
 * The head of a large frame ends with its headers, so that the data in pages has the same
 * alignment as the buffer of the program that reads it.  That makes the copy faster.
 */
static struct sk_buff *copy_frame(struct vnet_queue *q, const struct wire_frame *frame)
{
	u32 head = frame->length <= SMALL ? frame->length : HEAD;
	struct sk_buff *skb = napi_alloc_skb(&q->napi, head);

	if (unlikely(!skb))
		return NULL;
	wire_copy(&q->receiver.port, wire_body(frame), skb->data, head);
	if (head != frame->length)
		head = eth_get_headlen(skb->dev, skb->data, head);
	skb_put(skb, head);
	if (head == frame->length ||
	    copy_pages(q, skb, wire_body(frame) + head, frame->length - head))
		return skb;
	dev_kfree_skb_any(skb);
	return NULL;
}

/* Checks the metadata, which the sender has written. */
static bool apply_meta(struct sk_buff *skb, const struct wire_frame *frame)
{
	union vnet_meta meta;

	memcpy(meta.words, frame->meta, sizeof(meta.words));
	if ((meta.hdr.gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == VIRTIO_NET_HDR_GSO_UDP)
		return false;	/* no vnode sends that */
	if (meta.hdr.flags & VIRTIO_NET_HDR_F_DATA_VALID)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return !virtio_net_hdr_to_skb(skb, &meta.hdr, true);
}

/*
 * A lone frame bypasses GRO, because there is nothing to merge it with, and somebody
 * probably waits for it.  Not if GRO holds earlier frames, or is told to wait for more, or
 * if this poll has already had frames.
 */
static bool is_lone(struct vnet_queue *q)
{
	const struct napi_struct *napi = &q->napi;

	return !napi->gro_bitmask && !napi->rx_count && wire_is_empty(&q->receiver) &&
	       !READ_ONCE(q->vn->dev->gro_flush_timeout);
}

static void pass_on(struct vnet_queue *q, struct sk_buff *skb, bool first)
{
	if (!first || !is_lone(q)) {
		napi_gro_receive(&q->napi, skb);
		return;
	}
	skb_mark_napi_id(skb, &q->napi);
	netif_receive_skb(skb);
}

static void receive(struct vnet_queue *q, const struct wire_frame *frame, bool first)
{
	struct net_device *dev = q->vn->dev;
	struct sk_buff *skb = copy_frame(q, frame);

	wire_take(&q->receiver, frame);
	if (unlikely(!skb)) {
		q->counts.rx_no_memory++;
		DEV_STATS_INC(dev, rx_dropped);
		return;
	}
	if (unlikely(!apply_meta(skb, frame))) {
		q->counts.rx_bad_meta++;
		DEV_STATS_INC(dev, rx_errors);
		dev_kfree_skb_any(skb);
		return;
	}
	q->counts.rx_frames++;
	dev_sw_netstats_rx_add(dev, frame->length);
	vnet_learn(q->vn, ((struct ethhdr *)skb->data)->h_source, frame->from);
	skb_record_rx_queue(skb, q->index);
	skb->protocol = eth_type_trans(skb, dev);
	pass_on(q, skb, first);
}

static int receive_some(struct vnet_queue *q, int budget)
{
	struct wire_frame frame;
	int done, ret;

	for (done = 0; done < budget; done++) {
		ret = wire_look(&q->receiver, &frame);
		if (!ret)
			break;
		if (likely(ret > 0)) {
			receive(q, &frame, !done);
			continue;
		}
		q->counts.rx_bad++;
		DEV_STATS_INC(q->vn->dev, rx_errors);
	}
	return done;
}

/**
 * vnet_poll() - receive frames, and send what was set aside
 * @napi: a queue's
 * @budget: how many frames at most
 *
 * Context: softirq.
 * Return: number of frames.
 */
int vnet_poll(struct napi_struct *napi, int budget)
{
	struct vnet_queue *q = container_of(napi, struct vnet_queue, napi);
	struct vnet *vn = q->vn;
	u64 wanted;
	int done;

	/* This is netpoll, which may have interrupted a transmission */
	if (!budget)
		return 0;
	vnet_tx_retry(q);
	if (!vnet_running(vn)) {
		napi_complete_done(napi, 0);
		return 0;
	}
	done = receive_some(q, budget);
	/* Also for peers whose areas this vnode has not opened yet */
	wanted = wire_make_room(&q->receiver) & ~BIT_ULL(vn->id);
	if (wanted)
		adeos_portal_ring_set(wanted, PORTAL_VNET);
	if (done == budget)
		return done;
	/* While this CPU owns the receiver; afterwards, another CPU may poll it. */
	if (!wire_sleep(&q->receiver))
		return budget;
	q->counts.rx_sleeps++;
	napi_complete_done(napi, done);
	return done;
}

/**
 * vnet_rx_start() - prepare a queue for receiving
 * @q: the queue
 *
 * Context: process.
 * Return: 0 or negative errno.
 */
int vnet_rx_start(struct vnet_queue *q)
{
	struct page_pool_params params = {
		.order = ORDER,
		.pool_size = PIECES,
		.nid = NUMA_NO_NODE,
		.napi = &q->napi,
		.netdev = q->vn->dev,
	};

	q->pool = page_pool_create(&params);
	if (IS_ERR(q->pool))
		return PTR_ERR(q->pool);
	napi_enable(&q->napi);
	return 0;
}

/**
 * vnet_rx_stop() - undo vnet_rx_start()
 * @q: the queue
 *
 * Context: process, sleeps.
 */
void vnet_rx_stop(struct vnet_queue *q)
{
	napi_disable(&q->napi);
	page_pool_destroy(q->pool);
}
