// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses behind a peer, as with a Linux bridge there, learned from what it sends.
 *
 * An address has one slot, and takes it from whoever had it: what is not in the table
 * goes to all, so all that somebody can spoil by sending nonsense is that.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/unaligned.h>

#include "vnet.h"

#define OLD	(300 * HZ)	/* then it is forgotten; as Linux bridges do */
#define NEW	HZ		/* for so long, it need not be written again */

static struct vnet_learned *slot_of(struct vnet *vn, const u8 *mac)
{
	return &vn->learned[hash_32(get_unaligned((const u32 *)(mac + 2)), VNET_LEARNED_BITS)];
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
	struct vnet_learned *l = slot_of(vn, mac);
	struct vnet_peer *p;

	if (from >= ADEOS_MAX_VNODES)
		return;
	p = rcu_dereference_bh(vn->peers[from]);
	if (!p || ether_addr_equal(p->mac, mac) || !is_valid_ether_addr(mac))
		return;
	/* Others may write at the same time; then it is looked at again with the next frame. */
	if (READ_ONCE(l->from) == from && ether_addr_equal(l->mac, mac) &&
	    time_before(jiffies, READ_ONCE(l->at) + NEW))
		return;
	write_seqlock(&vn->learned_lock);
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
	struct vnet_learned *l = slot_of(vn, mac);
	unsigned int seq;
	u32 from;

	if (!is_valid_ether_addr(mac))
		return NULL;
	do {
		seq = read_seqbegin(&vn->learned_lock);
		from = ADEOS_MAX_VNODES;
		if (ether_addr_equal(l->mac, mac) && time_before(jiffies, l->at + OLD))
			from = l->from;
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
	u32 i;

	write_seqlock_bh(&vn->learned_lock);
	for (i = 0; i < ARRAY_SIZE(vn->learned); i++)
		if (vn->learned[i].from == id)
			eth_zero_addr(vn->learned[i].mac);
	write_sequnlock_bh(&vn->learned_lock);
}
