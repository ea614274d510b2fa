// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses behind a peer, as with a Linux bridge there, learned from what it sends.
 *
 * An address takes the place that was not used for longest, of the four that it may
 * have.  What is not in the table goes to all, so all that somebody can spoil by
 * sending nonsense is that.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/unaligned.h>

#include "vnet.h"

#define OLD	(300 * HZ)	/* then it is forgotten; as Linux bridges do */
#define NEW	HZ		/* for so long, it need not be written again */

static struct vnet_learned *bucket_of(struct vnet *vn, const u8 *mac)
{
	return vn->learned[hash_32(get_unaligned((const u32 *)(mac + 2)), VNET_LEARNED_BITS)];
}

/* Where an address is, or NULL.  Others may write at the same time. */
static struct vnet_learned *find(struct vnet_learned *bucket, const u8 *mac)
{
	u32 i;

	for (i = 0; i < VNET_LEARNED; i++)
		if (ether_addr_equal(bucket[i].mac, mac))
			return &bucket[i];
	return NULL;
}

/* The one that is free, or the oldest; learned_lock is held. */
static struct vnet_learned *find_place(struct vnet_learned *bucket)
{
	struct vnet_learned *place = bucket;
	u32 i;

	for (i = 0; i < VNET_LEARNED; i++) {
		if (is_zero_ether_addr(bucket[i].mac))
			return &bucket[i];
		if (time_before(bucket[i].at, place->at))
			place = &bucket[i];
	}
	return place;
}

/**
 * vnet_learn() - a frame has come: remember who sends for that address
 * @vn: the interface
 * @mac: the frame's source address
 * @from: the sender's vnode ID, as the frame says
 *
 * Context: softirq.
 */
void vnet_learn(struct vnet *vn, const u8 *mac, u32 from)
{
	struct vnet_learned *l, *bucket = bucket_of(vn, mac);
	struct vnet_peer *p;

	if (from >= ADEOS_MAX_VNODES)
		return;
	p = rcu_dereference_bh(vn->peers[from]);
	if (!p || ether_addr_equal(p->mac, mac) || !is_valid_ether_addr(mac))
		return;
	/* If this is wrong, it is looked at again with the next frame. */
	l = find(bucket, mac);
	if (l && READ_ONCE(l->from) == from && time_before(jiffies, READ_ONCE(l->at) + NEW))
		return;
	write_seqlock(&vn->learned_lock);
	l = find(bucket, mac) ?: find_place(bucket);
	ether_addr_copy(l->mac, mac);
	WRITE_ONCE(l->from, from);
	WRITE_ONCE(l->at, jiffies);
	write_sequnlock(&vn->learned_lock);
}

/**
 * vnet_find_learned() - behind whom is an address?
 * @vn: the interface
 * @mac: the address
 *
 * Context: softirq, or bottom halves off.
 * Return: the peer, or NULL if it is not known.
 */
struct vnet_peer *vnet_find_learned(struct vnet *vn, const u8 *mac)
{
	struct vnet_learned *l, *bucket = bucket_of(vn, mac);
	unsigned int seq;
	u32 from;

	if (!is_valid_ether_addr(mac))
		return NULL;
	do {
		seq = read_seqbegin(&vn->learned_lock);
		l = find(bucket, mac);
		from = l && time_before(jiffies, l->at + OLD) ? l->from : ADEOS_MAX_VNODES;
	} while (read_seqretry(&vn->learned_lock, seq));
	return from < ADEOS_MAX_VNODES ? rcu_dereference_bh(vn->peers[from]) : NULL;
}

/**
 * vnet_forget() - forget what was behind a peer that has left
 * @vn: the interface
 * @id: its vnode ID
 *
 * Context: process.
 */
void vnet_forget(struct vnet *vn, u32 id)
{
	struct vnet_learned *l = vn->learned[0];
	u32 i;

	write_seqlock_bh(&vn->learned_lock);
	for (i = 0; i < sizeof(vn->learned) / sizeof(*l); i++)
		if (l[i].from == id)
			eth_zero_addr(l[i].mac);
	write_sequnlock_bh(&vn->learned_lock);
}
