// SPDX-License-Identifier: GPL-2.0
/*
 * Bridges: their server makes them, their client opens them when it is rung, and both give
 * them up when they are gone.
 *
 *  server   (none) --member of the cluster--> bridge made --client opens the console--> in use
 *  client   (none) --rung, and there is one--> opened --gone--> buried --> (none)
 *               |
 *               '--it is not as it should be--> refused: (none), and not again for LOOK_AGAIN
 *
 * The portal's handler only records who rang.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "../portals.h"
#include "link.h"

#define LOOK_AGAIN	(HZ / 2)	/* to look after a refusal */

static struct vcon_link __rcu *links[VCON_ROLES][ADEOS_MAX_VNODES];
static DEFINE_MUTEX(links_lock);	/* those who change the table; nobody waits for the root */

/* Opening of bridges, which may wait for the root; taken before links_lock. */
static struct mutex opening[VCON_ROLES] = {
	[VCON_SERVER] = __MUTEX_INITIALIZER(opening[VCON_SERVER]),
	[VCON_CLIENT] = __MUTEX_INITIALIZER(opening[VCON_CLIENT]),
};

static struct workqueue_struct *burials;

/* Vnodes that rang, and those that may have a bridge for this one. */
static atomic_t rung[2], unknown[2];

static void look_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(look, look_work);

/**
 * struct prospect - another vnode that may have a bridge for this one
 * @next: earliest time of the next look, jiffies; written under opening[VCON_CLIENT]
 * @refused: how often its bridge was refused; likewise
 * @told: a refusal was logged; likewise
 */
static struct prospect {
	unsigned long next;
	u32 refused;
	bool told;
} prospects[ADEOS_MAX_VNODES];

static struct vcon_link *link_of(enum vcon_role role, u32 peer)
{
	return rcu_dereference_protected(links[role][peer], lockdep_is_held(&links_lock));
}

static bool is_linked(enum vcon_role role, u32 peer)
{
	return rcu_access_pointer(links[role][peer]);
}

/**
 * vcon_link_get() - find a bridge
 * @role: this kernel's side
 * @peer: the other side's vnode ID
 *
 * Context: process, sleeps.
 * Return: the link, for vcon_link_put(), or NULL.
 */
struct vcon_link *vcon_link_get(enum vcon_role role, u32 peer)
{
	struct vcon_link *link;

	/* After link_begin(): the device exists before the link is in the table. */
	mutex_lock(&links_lock);
	link = link_of(role, peer);
	if (link)
		kref_get(&link->ref);
	mutex_unlock(&links_lock);
	return link;
}

static void link_free_rcu(struct rcu_head *rcu)
{
	kvfree(container_of(rcu, struct vcon_link, rcu));
}

static void link_free(struct kref *ref)
{
	struct vcon_link *link = container_of(ref, struct vcon_link, ref);

	vcon_view_free(link->view);
	call_rcu(&link->rcu, link_free_rcu);
}

/**
 * vcon_link_put() - undo vcon_link_get()
 * @link: the link
 */
void vcon_link_put(struct vcon_link *link)
{
	kref_put(&link->ref, link_free);
}

/**
 * vcon_kick() - make the other side look at a channel
 * @link: the bridge, alive
 * @nr: the channel, or VCON_KICK_HEAD
 *
 * Context: any.
 */
void vcon_kick(struct vcon_link *link, unsigned int nr)
{
	enum vcon_role other = link->role == VCON_SERVER ? VCON_CLIENT : VCON_SERVER;

	atomic_or(BIT(nr % 32), &link->wire->kick[other].word[nr / 32]);
	/* If the other side has died, the bridge will end, too. */
	adeos_portal_ring(link->peer, PORTAL_VCON);
}

static void kicked(struct vcon_link *link, unsigned int nr)
{
	if (nr >= link->channels || (nr && !test_bit(nr, link->busy))) {
		wake_up_all(&link->wait);
		return;
	}
	wake_up_all(&link->chan[nr].wait);
	if (nr)
		return;
	if (link->role == VCON_SERVER) {
		vcon_tty_kick(link);
		vcon_tty_sysrq(link);
	} else {
		vcon_view_kick(link);
	}
}

static void take_kicks(struct vcon_link *link)
{
	unsigned long bits;
	unsigned int i, nr;

	for (i = 0; i < VCON_KICK_WORDS; i++) {
		bits = atomic_xchg(&link->wire->kick[link->role].word[i], 0);
		for_each_set_bit(nr, &bits, 32)
			kicked(link, i * 32 + nr);
	}
}

/* Vnodes have one for the root, and the root may have one for each vnode. */
static bool may_serve(u32 peer)
{
	return adeos_vnode_id() ? !peer : peer;
}

/* Limit the delay, because jiffies may have wrapped since @next was set. */
static bool is_too_soon(u32 peer)
{
	unsigned long left = READ_ONCE(prospects[peer].next) - jiffies;

	return left <= LOOK_AGAIN;
}

/* Vnodes that ring without end delay nobody: they are looked at only now and then. */
static void look_later(u32 peer)
{
	atomic_or(BIT(peer % 32), &unknown[peer / 32]);
	if (is_too_soon(peer))
		queue_delayed_work(system_wq, &look, LOOK_AGAIN);
	else
		mod_delayed_work(system_wq, &look, 0);
}

static void take_peer(u32 peer)
{
	struct vcon_link *link;
	unsigned int role;

	for (role = 0; role < VCON_ROLES; role++) {
		link = rcu_dereference(links[role][peer]);
		if (link)
			take_kicks(link);
		else if (role == VCON_CLIENT && may_serve(peer))
			look_later(peer);
	}
}

static void take_rings(struct irq_work *work)
{
	unsigned long from;
	unsigned int i, nr;

	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(rung); i++) {
		from = atomic_xchg(&rung[i], 0);
		for_each_set_bit(nr, &from, 32)
			take_peer(i * 32 + nr);
	}
	rcu_read_unlock();
}

static DEFINE_IRQ_WORK(rings, take_rings);

/* Runs like an NMI handler */
static void portal_rung(unsigned int portal, u64 from, void *cookie)
{
	atomic_or(lower_32_bits(from), &rung[0]);
	atomic_or(upper_32_bits(from), &rung[1]);
	irq_work_queue(&rings);
}

static void wake_everybody(struct vcon_link *link)
{
	unsigned int i;

	wake_up_all(&link->wait);
	for (i = 0; i < link->channels; i++)
		wake_up_all(&link->chan[i].wait);
}

/* Viewers can still read what was read from the bridge before. */
static void link_end(struct vcon_link *link)
{
	if (link->role == VCON_CLIENT)
		vcon_view_end(link);
	else
		vcon_tty_detach(link);

	mutex_lock(&links_lock);
	RCU_INIT_POINTER(links[link->role][link->peer], NULL);
	mutex_unlock(&links_lock);
	/* take_rings() does not use it any more. */
	synchronize_rcu();

	down_write(&link->life);
	link->dead = true;
	up_write(&link->life);
	wake_everybody(link);
	/* Also if only this side has lost it, so that its name is free for the next one. */
	if (link->role == VCON_SERVER)
		adeos_bridge_destroy(link->bridge);
	adeos_bridge_close(link->bridge);
	if (link->role == VCON_SERVER)
		vcon_serve_later(link->peer);
	vcon_link_put(link);
}

static void link_bury(struct work_struct *work)
{
	struct vcon_link *link = container_of(work, struct vcon_link, bury);
	bool ended;

	/*
	 * Wait for opening to end: the bridge may go before the link has a device, or is
	 * dropped.  And this work may have been queued again while it ran.
	 */
	mutex_lock(&opening[link->role]);
	ended = link->ended;
	link->ended = true;
	mutex_unlock(&opening[link->role]);
	if (!ended)
		link_end(link);
	vcon_link_put(link);
}

static void queue_bury(struct vcon_link *link)
{
	kref_get(&link->ref);
	if (!queue_work(burials, &link->bury))
		vcon_link_put(link);
}

static void link_gone(struct adeos_bridge *b, void *priv)
{
	queue_bury(priv);
}

/* For pinned bridges only: with these, the nanokernel opens no other bridges. */
static const struct adeos_bridge_ops link_ops = {
	.gone = link_gone,
};

static void init_channel(struct vcon_link *link, unsigned int nr, u8 *in)
{
	u32 in_size = nr ? VCON_SESSION_RING : VCON_CONSOLE_IN;
	u32 out_size = nr ? VCON_SESSION_RING : VCON_CONSOLE_OUT;
	struct vcon_chan *ch = &link->chan[nr];
	bool server = link->role == VCON_SERVER;
	u8 *out = in + in_size;

	ch->link = link;
	ch->nr = nr;
	init_waitqueue_head(&ch->wait);
	mutex_init(&ch->rx);
	mutex_init(&ch->tx);
	ch->s = (struct stream) {
		.own = &link->wire->side[nr][server ? VCON_SERVER : VCON_CLIENT],
		.peer = &link->wire->side[nr][server ? VCON_CLIENT : VCON_SERVER],
		.tx = server ? out : in,
		.tx_size = server ? out_size : in_size,
		.rx = server ? in : out,
		.rx_size = server ? in_size : out_size,
	};
	stream_attach(&ch->s);
}

static void init_channels(struct vcon_link *link)
{
	u8 *ring = (u8 *)link->wire + VCON_WIRE_SIZE;
	unsigned int i;

	for (i = 0; i < link->channels; i++) {
		init_channel(link, i, ring);
		ring += i ? 2 * VCON_SESSION_RING : VCON_CONSOLE_IN + VCON_CONSOLE_OUT;
	}
}

/* The name says which vnode a bridge is for, if not the root. */
static void bridge_name(char name[16], u32 client)
{
	if (client)
		snprintf(name, 16, "console.%u", client);
	else
		strscpy(name, "console", 16);
}

/* A vnode's bridge for the root also carries commands. */
static bool is_full(const struct vcon_link *link)
{
	return link->role == VCON_SERVER ? !link->peer : link->peer;
}

static size_t size_of(const struct vcon_link *link)
{
	return is_full(link) ? VCON_FULL_SIZE : VCON_CONSOLE_SIZE;
}

static struct adeos_bridge *make_bridge(struct vcon_link *link)
{
	char name[16];
	struct adeos_bridge_spec spec = {
		.name = name,
		.size = size_of(link),
		.allowed = BIT_ULL(link->peer),
		.flags = ADEOS_BRIDGE_PINNED | ADEOS_BRIDGE_MAY_MOVE,
	};

	bridge_name(name, link->peer);
	return adeos_bridge_make(&spec, &link_ops, link);
}

static struct adeos_bridge *open_bridge(struct vcon_link *link)
{
	char name[16];

	bridge_name(name, adeos_vnode_id());
	return adeos_bridge_open(link->peer, name, true, &link_ops, link);
}

/* Locked as for link_open(): if the bridge has gone meanwhile, link_bury() waits. */
static void link_drop(struct vcon_link *link)
{
	link->ended = true;
	adeos_bridge_close(link->bridge);
	vcon_link_put(link);
}

/* @role is locked for opening, until link_begin() or link_drop(). */
static struct vcon_link *link_open(enum vcon_role role, u32 peer)
{
	struct vcon_link *link;
	int ret;

	link = kvzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		return ERR_PTR(-ENOMEM);
	kref_init(&link->ref);
	link->role = role;
	link->peer = peer;
	init_rwsem(&link->life);
	INIT_WORK(&link->bury, link_bury);
	spin_lock_init(&link->lock);
	init_waitqueue_head(&link->wait);
	link->bridge = role == VCON_SERVER ? make_bridge(link) : open_bridge(link);
	if (IS_ERR(link->bridge)) {
		ret = PTR_ERR(link->bridge);
		kvfree(link);
		return ERR_PTR(ret);
	}
	/* Valid as long as the bridge is open: it is pinned, or it was not opened. */
	link->wire = adeos_bridge_addr(link->bridge);
	/* Only movable bridges can have no address. */
	if (!link->wire) {
		link_drop(link);
		return ERR_PTR(-EPROTO);
	}
	link->channels = is_full(link) ? VCON_CHANNELS : 1;
	return link;
}

/* Puts the link into the table; both sides may use it before this returns. */
static int link_begin(struct vcon_link *link)
{
	int ret;

	init_channels(link);
	mutex_lock(&links_lock);
	ret = link->role == VCON_SERVER ? vcon_tty_attach(link) : vcon_view_add(link);
	if (!ret)
		rcu_assign_pointer(links[link->role][link->peer], link);
	mutex_unlock(&links_lock);
	if (ret)
		return ret;
	/* Kicks that came before the link was in the table */
	if (link->role == VCON_SERVER)
		vcon_tty_kick(link);
	else
		vcon_view_kick(link);
	return 0;
}

/*
 * Is the bridge as its server should have made it?  It is pinned: the nanokernel opens no
 * other one with link_ops, which has neither freeze nor thaw.
 */
static int check_wire(const struct vcon_link *link)
{
	const struct vcon_wire *wire = link->wire;

	if (adeos_bridge_size(link->bridge) != size_of(link))
		return -EPROTO;
	/* Pairs with vcon_serve(): the rest was written. */
	if (smp_load_acquire(&wire->magic) != VCON_MAGIC)
		return -EAGAIN;
	if (READ_ONCE(wire->version) != VCON_VERSION ||
	    READ_ONCE(wire->channels) != link->channels)
		return -EPROTO;
	return 0;
}

static int open_and_begin(u32 peer)
{
	struct vcon_link *link = link_open(VCON_CLIENT, peer);
	int ret;

	if (IS_ERR(link))
		return PTR_ERR(link);
	ret = check_wire(link);
	if (!ret)
		ret = link_begin(link);
	if (ret)
		link_drop(link);
	return ret;
}

/* Bridges of another kind: -EINVAL: may move; -EROFS: read-only; -EPROTO: wrong contents. */
static bool is_refusal(int error)
{
	return error == -EINVAL || error == -EROFS || error == -EPROTO;
}

static void note_look(u32 peer, int error)
{
	struct prospect *p = &prospects[peer];

	if (!error) {
		p->told = false;
		return;
	}
	/* Its server rings every second until the console is open. */
	WRITE_ONCE(p->next, jiffies + LOOK_AGAIN);
	if (!is_refusal(error))
		return;
	WRITE_ONCE(p->refused, p->refused + 1);
	if (!p->told)
		pr_warn_ratelimited("vcon: vnode %u has a console of another kind: refused, error %d\n",
				    peer, error);
	p->told = true;
}

/**
 * vcon_look() - open a vnode's bridge, if it has one for this vnode
 * @peer: its ID
 *
 * A bridge of another kind is refused, and counted.
 *
 * Context: process, sleeps.
 */
void vcon_look(u32 peer)
{
	mutex_lock(&opening[VCON_CLIENT]);
	if (may_serve(peer) && !is_linked(VCON_CLIENT, peer))
		note_look(peer, open_and_begin(peer));
	mutex_unlock(&opening[VCON_CLIENT]);
}

static void look_work(struct work_struct *work)
{
	unsigned int i, nr, peer;
	unsigned long bits;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		bits = atomic_xchg(&unknown[i], 0);
		for_each_set_bit(nr, &bits, 32) {
			peer = i * 32 + nr;
			if (is_too_soon(peer))
				look_later(peer);
			else
				vcon_look(peer);
		}
	}
}

/*
 * There is a bridge that nobody uses: the root did not answer when it was to be destroyed.
 * If the root answers now, there is room for the next one.
 */
static void end_old_bridge(u32 client)
{
	struct adeos_bridge *b;
	char name[16];

	bridge_name(name, client);
	b = adeos_bridge_open(adeos_vnode_id(), name, true, NULL, NULL);
	if (IS_ERR(b))
		return;
	adeos_bridge_destroy(b);
	adeos_bridge_close(b);
}

static int serve(u32 client)
{
	struct vcon_link *link = link_open(VCON_SERVER, client);
	int ret;

	if (IS_ERR(link)) {
		if (link == ERR_PTR(-EEXIST))
			end_old_bridge(client);
		return PTR_ERR(link);
	}
	link->wire->version = VCON_VERSION;
	link->wire->channels = link->channels;
	/* Pairs with check_wire(). */
	smp_store_release(&link->wire->magic, VCON_MAGIC);
	ret = link_begin(link);
	if (ret) {
		adeos_bridge_destroy(link->bridge);
		link_drop(link);
	}
	return ret;
}

/**
 * vcon_serve() - make the bridge of a console of this vnode, if there is none
 * @client: the vnode that may open it; only the root's has commands
 *
 * Context: process, sleeps.
 * Return: 0, or what adeos_bridge_make() says.
 */
int vcon_serve(u32 client)
{
	int ret;

	mutex_lock(&opening[VCON_SERVER]);
	/* A bridge that is ending calls vcon_serve_later() when it has ended. */
	ret = is_linked(VCON_SERVER, client) ? 0 : serve(client);
	mutex_unlock(&opening[VCON_SERVER]);
	return ret;
}

/**
 * vcon_withdraw() - destroy the bridge of a console
 * @client: the vnode that may have had it
 *
 * Context: process, sleeps.
 */
void vcon_withdraw(u32 client)
{
	struct vcon_link *link = vcon_link_get(VCON_SERVER, client);

	if (!link)
		return;
	queue_bury(link);
	vcon_link_put(link);
}

/**
 * vcon_links_show() - print the counters of each bridge
 * @m: where to write it
 */
void vcon_links_show(struct seq_file *m)
{
	struct vcon_link *link;
	unsigned int role, peer, i;
	u32 bad;

	seq_puts(m, "role peer channels busy agents bad lost\n");
	for (role = 0; role < VCON_ROLES; role++) {
		for (peer = 0; peer < ADEOS_MAX_VNODES; peer++) {
			link = vcon_link_get(role, peer);
			if (!link)
				continue;
			for (i = 0, bad = 0; i < link->channels; i++)
				bad += READ_ONCE(link->chan[i].s.bad);
			seq_printf(m, "%s %u %u %u %u %u %llu\n",
				   role == VCON_SERVER ? "server" : "client", peer, link->channels,
				   bitmap_weight(link->busy, VCON_CHANNELS),
				   READ_ONCE(link->agents), bad,
				   role == VCON_SERVER ? vcon_tty_dropped(link) :
				   vcon_view_lost(link));
			vcon_link_put(link);
		}
	}
	for (peer = 0; peer < ADEOS_MAX_VNODES; peer++)
		if (READ_ONCE(prospects[peer].refused))
			seq_printf(m, "refused %u %u\n", peer, READ_ONCE(prospects[peer].refused));
}

/**
 * vcon_links_init() - begin to receive rings
 *
 * Context: process.
 * Return: 0 or negative errno.
 */
int vcon_links_init(void)
{
	int ret;

	burials = alloc_workqueue("vcon", WQ_UNBOUND, 0);
	if (!burials)
		return -ENOMEM;
	ret = adeos_portal_bind(PORTAL_VCON, portal_rung, NULL);
	if (ret)
		destroy_workqueue(burials);
	return ret;
}

/**
 * vcon_links_exit() - give up all bridges
 *
 * Context: process, sleeps; nobody has a file open, and vcon_serve_later() does nothing.
 */
void vcon_links_exit(void)
{
	struct vcon_link *link;
	unsigned int role, peer;

	adeos_portal_unbind(PORTAL_VCON);
	irq_work_sync(&rings);
	cancel_delayed_work_sync(&look);
	for (role = 0; role < VCON_ROLES; role++) {
		for (peer = 0; peer < ADEOS_MAX_VNODES; peer++) {
			link = vcon_link_get(role, peer);
			if (!link)
				continue;
			queue_bury(link);
			vcon_link_put(link);
		}
	}
	/*
	 * All bridges of the table are closed now.  The queue is drained of links that were
	 * never in the table, or no longer; nobody else may queue anything meanwhile.
	 */
	flush_workqueue(burials);
	destroy_workqueue(burials);
	rcu_barrier();
}
