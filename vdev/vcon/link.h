/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bridge that contains a console and its channels, and one side's use of it.
 */
#ifndef _VCON_LINK_H
#define _VCON_LINK_H

#include <linux/adeos.h>
#include <linux/cache.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "stream.h"

#define VCON_MAGIC	0x6e6f6376
#define VCON_VERSION	1
#define VCON_SESSIONS	64
#define VCON_CHANNELS	(1 + VCON_SESSIONS)	/* 0 is the console */

/* Sizes of the rings, bytes, powers of two */
#define VCON_CONSOLE_IN		(4u << 10)	/* to the server */
#define VCON_CONSOLE_OUT	(64u << 10)	/* to the client */
#define VCON_SESSION_RING	(8u << 10)

/* The lower byte of a sysrq: the key, and the server's answer */
#define VCON_SYSRQ_KEY		0x7f
#define VCON_SYSRQ_REFUSED	0x80

#define VCON_KICK_WORDS	3
#define VCON_KICK_HEAD	(VCON_KICK_WORDS * 32 - 1)	/* the header has changed */

enum vcon_role {
	VCON_SERVER,	/* owns the bridge */
	VCON_CLIENT,
	VCON_ROLES,
};

/**
 * struct vcon_wire - the beginning of the bridge; the rings follow it
 * @magic: VCON_MAGIC, stored last, by the server, as the next two
 * @version: VCON_VERSION
 * @channels: 1 or VCON_CHANNELS
 * @listening: how many agents wait for sessions; written by the server
 * @winsize: rows << 16 | columns, 0 if unknown; written by the client
 * @sysrq: number << 8 | key; written by the client
 * @sysrq_done: the last @sysrq that was seen, with VCON_SYSRQ_REFUSED if it was not done;
 *	written by the server
 * @kick: channels to look at, by the side that should look; set and cleared atomically
 * @side: the channels
 */
struct vcon_wire {
	u32 magic;
	u32 version;
	u32 channels;
	u32 listening;
	u32 pad[12];

	u32 winsize;
	u32 sysrq;
	u32 client_pad[14];

	u32 sysrq_done;
	u32 server_pad[15];

	struct {
		atomic_t word[VCON_KICK_WORDS];
		u32 pad[16 - VCON_KICK_WORDS];
	} kick[VCON_ROLES];

	struct stream_side side[VCON_CHANNELS][VCON_ROLES];
};

#define VCON_WIRE_SIZE		PAGE_ALIGN(sizeof(struct vcon_wire))
#define VCON_CONSOLE_SIZE	(VCON_WIRE_SIZE + VCON_CONSOLE_IN + VCON_CONSOLE_OUT)
#define VCON_FULL_SIZE		(VCON_CONSOLE_SIZE + VCON_SESSIONS * 2 * VCON_SESSION_RING)

/**
 * struct vcon_budget - how much is done for the other side in one jiffy
 * @tick: the jiffy
 * @spent: how much was done, bytes or an equivalent
 *
 * The other side can always have more to do, and can ring at any time.  Work beyond the
 * budget is done in the next jiffy, so that there is time for others.
 */
struct vcon_budget {
	unsigned long tick;
	u32 spent;
};

#define VCON_COST	1024u	/* the least cost of looking at a stream */

/* Is some budget left? Only one caller at a time may spend it. */
static inline bool vcon_may_spend(struct vcon_budget *b, u32 max)
{
	unsigned long now = jiffies;

	if (b->tick != now) {
		b->tick = now;
		b->spent = 0;
	}
	return b->spent < max;
}

struct vcon_link;

/**
 * struct vcon_chan - a channel
 * @link: the bridge
 * @nr: its number
 * @wait: woken when there is something to do
 * @rx: those who read
 * @tx: those who write
 * @s: its streams
 */
struct vcon_chan {
	struct vcon_link *link;
	unsigned int nr;
	wait_queue_head_t wait;
	struct mutex rx;	/* one reads at a time */
	struct mutex tx;	/* and one writes */
	struct stream s;
};

/**
 * struct vcon_link - one side's use of a bridge
 * @ref: one for the table, one for each open file
 * @rcu: to free it
 * @role: which side
 * @peer: vnode ID of the other side
 * @bridge: the bridge
 * @wire: where it is mapped
 * @channels: how many it has
 * @life: held for reading to use @wire, and for writing to end it
 * @dead: the bridge is gone
 * @ended: it is being ended, or was; protected by opening of link.c
 * @bury: ends it; has a reference of its own while it is queued
 * @lock: protects @busy, and opening, accepting, closing and reaping sessions
 * @busy: channels that are in use on this side
 * @agents: how many agents listen, if this is the server
 * @wait: woken when a session may begin or has ended
 * @view: what viewers see, if this is the client
 * @tty: the terminal, if this is the server
 * @chan: the channels
 */
struct vcon_link {
	struct kref ref;
	struct rcu_head rcu;
	enum vcon_role role;
	u32 peer;
	struct adeos_bridge *bridge;
	struct vcon_wire *wire;
	unsigned int channels;
	struct rw_semaphore life;
	bool dead;
	bool ended;
	struct work_struct bury;
	spinlock_t lock;	/* sessions; nothing sleeps under it */
	DECLARE_BITMAP(busy, VCON_CHANNELS);
	unsigned int agents;
	wait_queue_head_t wait;
	struct vcon_view *view;
	struct vcon_tty *tty;
	struct vcon_chan chan[VCON_CHANNELS];
};

/* link.c */
struct vcon_link *vcon_link_get(enum vcon_role role, u32 peer);
void vcon_link_put(struct vcon_link *link);
void vcon_kick(struct vcon_link *link, unsigned int nr);
int vcon_serve(u32 client);
void vcon_withdraw(u32 client);
void vcon_look(u32 peer);
int vcon_links_init(void);
void vcon_links_exit(void);
void vcon_links_show(struct seq_file *m);

/* main.c */
void vcon_serve_later(u32 client);
bool vcon_may_sysrq(u32 client);

/* chan.c */
ssize_t vcon_chan_read(struct vcon_chan *ch, char __user *buf, size_t len, bool block);
ssize_t vcon_chan_write(struct vcon_chan *ch, const char __user *buf, size_t len, bool block);
__poll_t vcon_chan_events(struct vcon_chan *ch);
int vcon_session(struct vcon_link *link, unsigned long ms);
int vcon_accept(struct vcon_link *link);

/* agent.c */
int vcon_agent_init(void);
void vcon_agent_exit(void);

/* view.c */
int vcon_view_add(struct vcon_link *link);
void vcon_view_kick(struct vcon_link *link);
void vcon_view_end(struct vcon_link *link);
void vcon_view_free(struct vcon_view *view);
u64 vcon_view_lost(struct vcon_link *link);
int vcon_views_init(void);
void vcon_views_exit(void);

/* tty.c */
int vcon_tty_attach(struct vcon_link *link);
void vcon_tty_kick(struct vcon_link *link);
void vcon_tty_sysrq(struct vcon_link *link);
void vcon_tty_detach(struct vcon_link *link);
u32 vcon_tty_dropped(const struct vcon_link *link);
int vcon_ttys_init(void);
void vcon_ttys_exit(void);

#endif /* _VCON_LINK_H */
