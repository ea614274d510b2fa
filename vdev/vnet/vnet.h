/* SPDX-License-Identifier: GPL-2.0 */
/* The virtual Ethernet in one kernel. docs/vnet.md is its specification. */
#ifndef _VNET_H
#define _VNET_H

#include <linux/adeos.h>
#include <linux/etherdevice.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/seqlock.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include <net/page_pool/types.h>
#include <uapi/linux/virtio_net.h>

#include "wire.h"

#define VNET_QUEUES	4	/* queues of a vnode in a network, at most */
#define VNET_NAME	31	/* characters of a network's name, as of a bridge's, at most */
#define VNET_NETWORKS	32	/* interfaces of a vnode, at most */
#define VNET_LEARNED_BITS 6	/* log2 of the buckets of addresses that are remembered */
#define VNET_LEARNED	4	/* addresses in a bucket */

#define VNET_MAGIC	0x566e6574
#define VNET_ABI	1

/**
 * struct vnet_header - the first page of a receive area
 * @magic: VNET_MAGIC, written last
 * @abi: VNET_ABI
 * @size: of the area, bytes
 * @ring_size: of each ring, bytes
 * @nr_queues: how many there are
 * @life: of the interface, 24 bits
 * @mac: its address
 * @wire: the wires; their rings follow the page, one after the other
 *
 * The owner writes all of this before @magic, except @wire.
 */
struct vnet_header {
	u32 magic;
	u32 abi;
	u32 size;
	u32 ring_size;
	u32 nr_queues;
	u32 life;
	u8 mac[8];
	u32 pad[8];
	struct wire wire[VNET_QUEUES];
};

/* The metadata of a frame in the wire */
union vnet_meta {
	struct virtio_net_hdr hdr;
	u32 words[3];
};

_Static_assert(sizeof(struct vnet_header) == 64 + VNET_QUEUES * sizeof(struct wire), "ABI");
_Static_assert(sizeof(union vnet_meta) == sizeof_field(struct wire_frame, meta), "ABI");

/**
 * struct vnet_peer - another vnode with an interface in the same network
 * @vn: this vnode's interface
 * @id: its vnode ID
 * @life: of its interface
 * @mac: its address
 * @nr_ports: how many queues it has
 * @port: its wires
 * @bridge: its receive area
 * @frozen: it is being moved: @port must not be used
 * @gone: the nanokernel has reported that the area is gone
 * @stuck: by port: it does not read what is in its ring
 */
struct vnet_peer {
	struct vnet *vn;
	u32 id;
	u32 life;
	u8 mac[ETH_ALEN];
	u32 nr_ports;
	struct wire_port port[VNET_QUEUES];
	struct adeos_bridge *bridge;
	bool frozen;
	bool gone;
	bool stuck[VNET_QUEUES];
};

/* Counters of a queue: ethtool.c has their names, in this order. */
struct vnet_counts {
	unsigned long rx_frames;
	unsigned long rx_bad;
	unsigned long rx_bad_meta;
	unsigned long rx_no_memory;
	unsigned long rx_sleeps;
	unsigned long tx_full;
	unsigned long tx_aside;
	unsigned long tx_late;
	unsigned long tx_unheard;
	unsigned long tx_bad;
	unsigned long tx_rings;
};

/**
 * struct vnet_queue - a receive queue, and the transmit queue of the same number
 * @vn: the interface
 * @index: its number
 * @napi: receives, and sends what was set aside
 * @kick: has @napi scheduled on another CPU
 * @cpu: which that is to be
 * @receiver: receiver of its wire
 * @pool: pages for received frames
 * @seen: last value of the carrier word, for peer.c
 * @seen_head: last value of the head
 * @seen_at: since when both are unchanged, jiffies
 * @sender: its sender; the transmit queue's lock protects it and all below
 * @aside: a frame that is set aside
 * @aside_to: its receiver
 * @aside_until: when to drop it, jiffies
 * @delay: until the next attempt if the wire was busy, nanoseconds
 * @timer: starts that attempt
 * @counts: counters
 */
struct vnet_queue {
	struct vnet *vn;
	u32 index;
	struct napi_struct napi;
	call_single_data_t kick;
	int cpu;
	struct wire_receiver receiver;
	struct page_pool *pool;
	u32 seen;
	u32 seen_head;
	unsigned long seen_at;

	struct wire_sender sender ____cacheline_aligned_in_smp;
	struct sk_buff *aside;
	u32 aside_to;
	unsigned long aside_until;
	u32 delay;
	struct hrtimer timer;
	struct vnet_counts counts;
};

/**
 * struct vnet_learned - an address that is behind a peer
 * @mac: the address; zeros if there is none
 * @from: the peer's vnode ID
 * @at: when a frame last came from there, jiffies
 */
struct vnet_learned {
	u8 mac[ETH_ALEN];
	u32 from;
	unsigned long at;
};

/**
 * struct vnet - an interface
 * @dev: the network device
 * @list: all of them; changes under RTNL, RCU for those who look
 * @name: of its network
 * @id: this vnode's ID
 * @speed: as its link settings have it, Mbit/s
 * @duplex: likewise
 *
 * The states.  Transitions with * happen at once, under RTNL or in the nanokernel's
 * callbacks.  @work makes the others, and may have to wait for the root.
 *
 *	            up *                       the root has made an area
 *	 DOWN ------------------> WANTED -------------------------------> THERE
 *	  ^ ^       down *         | ^                                      |
 *	  | +----------------------+ | it has ended, and                    |
 *	  |                          | the interface is up                  |
 *	  |   it has ended, and      |                                      |
 *	  +----------------------- ENDING <---------------------------------+
 *	      the interface is down           down *, or the area is lost *
 *
 * WANTED: no area, or one that is being moved; @work asks the root again and again.  THERE:
 * @running; there may be peers, and with them a carrier.  ENDING: the area may exist, but
 * nobody uses it or those of others, and there is no carrier; up and down only change the
 * next state.  A device that is removed keeps its memory, but not its name, until it is
 * DOWN.
 *
 * @state_lock: protects the next ones, and the carrier
 * @up: between ndo_open and ndo_stop
 * @session: number of times it was opened, never 0
 * @lost: the area is gone, but this vnode did not end it
 * @running: the receivers are set up
 * @members: a bit for each of @peers that is set
 * @peers: those to send to; RCU
 *
 * @map_lock: areas are not moved while it is held; see peer.c
 * @frozen: this vnode's area is being moved, and must not be used
 *
 * @work: brings the interface into the wanted state, looks for others, and owns what follows
 * @joined: the session that @bridge is or will be for; 0: none
 * @life: drawn for each area
 * @bridge: this vnode's receive area, or NULL
 * @ending: this vnode destroys it
 * @unsure: the root did not answer whether it has made one
 * @error: the reason that was logged why there is no area
 * @known: all whose area is open
 *
 * @looked: when @work last ran, jiffies
 * @looks: how often it has run
 * @end: frees the device when it was removed
 * @asked: how often the root was asked to make or end an area
 * @answered: how many of these requests are over
 * @losses: of areas
 * @recovered: how often a wire was taken from a dead sender
 * @learned_lock: protects changes of @learned
 * @learned: addresses behind peers
 * @nr_queues: how many
 * @queue: the queues
 */
struct vnet {
	struct net_device *dev;
	struct list_head list;
	char name[VNET_NAME + 1];
	u32 id;
	u32 speed;
	u8 duplex;

	spinlock_t state_lock;	/* see above */
	bool up;
	u32 session;
	bool lost;
	bool running;
	u32 members[2];
	struct vnet_peer __rcu *peers[ADEOS_MAX_VNODES];

	struct mutex map_lock;	/* see above */
	bool frozen;

	struct delayed_work work;
	u32 joined;
	u32 life;
	struct adeos_bridge *bridge;
	bool ending;
	bool unsure;
	int error;
	struct vnet_peer *known[ADEOS_MAX_VNODES];

	unsigned long looked;
	unsigned long looks;
	struct work_struct end;
	unsigned long asked;
	unsigned long answered;
	unsigned long losses;
	unsigned long recovered;
	seqlock_t learned_lock;	/* see above */
	struct vnet_learned learned[1 << VNET_LEARNED_BITS][VNET_LEARNED];
	u32 nr_queues;
	struct vnet_queue queue[VNET_QUEUES];
};

static inline u64 vnet_members(const struct vnet *vn)
{
	u64 high = READ_ONCE(vn->members[1]);

	return high << 32 | READ_ONCE(vn->members[0]);
}

/* May the receivers be used? Call it in a read section, of RCU or with bottom halves off. */
static inline bool vnet_running(const struct vnet *vn)
{
	/* Acquire: pairs with publish_area() and own_thaw(). */
	return smp_load_acquire(&vn->running) && !smp_load_acquire(&vn->frozen);
}

/* Is the interface up for what @work has joined?  state_lock is held. */
static inline bool vnet_is_current(const struct vnet *vn)
{
	return vn->up && vn->session == vn->joined && !vn->lost;
}

/* main.c */
extern unsigned int vnet_ring_size;
extern struct workqueue_struct *vnet_wq;

void vnet_kick(void);
void vnet_queue_kicked(void *napi);

/* device.c */
extern struct list_head vnet_interfaces;

void vnet_setup(struct net_device *dev);
int vnet_register(struct net_device *dev, const char *name);

/* link.c */
extern struct rtnl_link_ops vnet_link_ops;

int vnet_create(const char *name);

/* area.c */
void vnet_set_port(struct wire_port *port, struct vnet_header *h, u32 index, u32 ring_size);
int vnet_create_area(struct vnet *vn);
int vnet_destroy_area(struct vnet *vn, bool last);

/* peer.c */
void vnet_hide(struct vnet *vn, bool lost);
void vnet_look_soon(struct vnet *vn);
void vnet_look_around(struct work_struct *work);
int vnet_part(struct vnet *vn, bool last);

/* tx.c */
netdev_tx_t vnet_xmit(struct sk_buff *skb, struct net_device *dev);
void vnet_tx_retry(struct vnet_queue *q);
void vnet_tx_start(struct vnet_queue *q);
void vnet_tx_stop(struct vnet_queue *q);
void vnet_tx_live(struct vnet_queue *q, u32 life);

/* rx.c */
int vnet_poll(struct napi_struct *napi, int budget);
int vnet_rx_start(struct vnet_queue *q);
void vnet_rx_stop(struct vnet_queue *q);

/* copy_x86.c */
bool vnet_wide_begin(u32 length);
void vnet_wide_copy(void *to, const void *from, u32 bytes);
void vnet_wide_end(void);

/* learn.c */
void vnet_learn(struct vnet *vn, const u8 *mac, u32 from);
struct vnet_peer *vnet_find_learned(struct vnet *vn, const u8 *mac);
void vnet_forget(struct vnet *vn, u32 id);

/* ethtool.c */
extern const struct ethtool_ops vnet_ethtool_ops;

#endif /* _VNET_H */
