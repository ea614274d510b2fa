// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses behind a peer, for example if it has a Linux bridge, learned from the frames
 * that it sends.
 *
 * Of the four places that an address may have, it replaces the one not used for longest.
 * Frames to addresses that are not in the table go to all, so wrong addresses do no more
 * harm than that.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/unaligned.h>

#include "vnet.h"

#define OLD	(300 * HZ)	/* until it is forgotten; as Linux bridges do */
#define NEW	HZ		/* until it is written again */

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

/* A free place, or the oldest; learned_lock is held. */
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
 * vnet_learn() - store which peer an address is behind
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
	/* If this value is wrong, the next frame repeats the check. */
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
 * vnet_find_learned() - find the peer that an address is behind
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
 * vnet_forget() - forget the addresses behind a peer that has left
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
