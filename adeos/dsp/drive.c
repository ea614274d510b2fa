// SPDX-License-Identifier: GPL-2.0
/*
 * This kernel as a node of the cluster: what drives the DSP's state machines
 * (paper: "Distributed sharing protocol"; docs/dsp.md).
 *
 * The nanokernel's own portals only wake up a work item: nothing of the DSP
 * runs in a place like an NMI's.  adeos_lock makes callers exclude each other,
 * in the root together with the pools, from which bridges get their memory.
 */
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "arch.h"
#include "core.h"
#include "drive.h"
#include "irq/portal.h"
#include "mem/pool.h"
#include "proto/dsp.h"
#include "room.h"

/* How often a node looks for what was lost */
#define TICK	(HZ / 4)

/* How often it beats: without adeos_lock, so that who holds it long is not dead */
#define BEAT	(HZ / 4)

/* How often it says at most that the commons are damaged */
#define COMPLAINTS	(10 * HZ)

static struct dsp node;
static struct commons *commons;

static void node_poll(struct work_struct *work);
static void node_tick(struct work_struct *work);
static DECLARE_WORK(poll_work, node_poll);
static DECLARE_DELAYED_WORK(tick_work, node_tick);
static void node_beat(struct work_struct *work);
static DECLARE_DELAYED_WORK(beat_work, node_beat);
static DECLARE_WAIT_QUEUE_HEAD(node_wait);	/* woken when something has changed */

/**
 * adeos_now_ms() - the time, as the DSP counts it
 *
 * Return: milliseconds, modulo 2^32.
 */
u32 adeos_now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

/* In the root: have sysfs follow what the state machines have done to bridges. */
static void node_show_bridges(void)
{
	static u32 seen;

	if (!node.root || node.root->changes == seen)
		return;
	seen = node.root->changes;
	adeos_bridges_changed();
}

static void node_poll(struct work_struct *work)
{
	bool again;

	mutex_lock(&adeos_lock);
	/* Also what we have rung ourselves; or it would hide what others ring. */
	dsp_portal_take(commons, node.id, ~(BIT(PORTAL_DSP) | BIT(PORTAL_BRIDGE)));
	again = dsp_poll(&node, adeos_now_ms());
	node_show_bridges();
	mutex_unlock(&adeos_lock);
	wake_up_all(&node_wait);
	if (again)
		queue_work(system_highpri_wq, &poll_work);
}

/* Has somebody overwritten what all share?  Says so now and then, while it goes on. */
static void node_complain(void)
{
	static u64 when;
	static u32 said;
	u32 locks = adeos_shared_timeouts();
	const struct dsp_count *n = &node.count;
	/* Not bad_sender: to die with a message under way is no crime. */
	u32 bad = n->bad_message + n->bad_ring + n->bad_view + n->bad_bridge + n->stray_user +
		  n->scrubbed + locks;

	if (bad == said || (said && time_before64(get_jiffies_64(), when + COMPLAINTS)))
		return;
	said = bad;
	when = get_jiffies_64();
	pr_warn("adeos: the commons are damaged: %u bad messages, %u positions, %u views, %u bridges, %u users, %u locks; %u repairs\n",
		n->bad_message, n->bad_ring, n->bad_view, n->bad_bridge, n->stray_user,
		locks, n->scrubbed);
}

static void node_tick(struct work_struct *work)
{
	u32 slots[ADEOS_LOCK_WORDS];

	mutex_lock(&adeos_lock);
	if (dsp_tick(&node, adeos_now_ms()))
		queue_work(system_highpri_wq, &poll_work);
	node_complain();
	adeos_shared_mend();
	node_show_bridges();
	if (!adeos_own_slot) {
		adeos_pool_free_slots(slots);
		adeos_shared_recover(slots);
	}
	mutex_unlock(&adeos_lock);
	wake_up_all(&node_wait);
	adeos_portals_look();
	queue_delayed_work(system_highpri_wq, &tick_work, TICK);
}

static void node_beat(struct work_struct *work)
{
	dsp_beat(&node);
	queue_delayed_work(system_highpri_wq, &beat_work, BEAT);
}

static void wake_poll(struct irq_work *work)
{
	queue_work(system_highpri_wq, &poll_work);
}

static DEFINE_IRQ_WORK(poll_irq_work, wake_poll);

static void node_rung(unsigned int portal, u64 from, void *cookie)
{
	irq_work_queue(&poll_irq_work);
}

/* What the state machines ask for; adeos_lock is held. */

static void node_ring(void *priv, u32 to)
{
	adeos_portal_send(to);
}

/* True if it is settled at once: leave.c settles it otherwise. */
static bool node_view(void *priv, u64 left, u64 joined)
{
	/* As many as there can be at once; more are not the root's doing. */
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, COMMONS_NODES);
	u64 told;

	for (told = left; told; told &= told - 1)
		if (__ratelimit(&limit))
			pr_info("adeos: vnode %u has left\n", commons_first(told));
	for (; joined; joined &= joined - 1)
		if (commons_first(joined) != adeos_own_id() && __ratelimit(&limit))
			pr_info("adeos: vnode %u has joined\n", commons_first(joined));
	return !adeos_members_leave(left);
}

/* Whoever asks for it clears it: its CPUs, and not the root's. */
static int node_alloc(void *priv, u32 from, u32 pages, bool may_move, u32 *pfn)
{
	size_t size = (size_t)pages << PAGE_SHIFT;
	u64 start;

	if (adeos_pool_take_pages(size, &start))
		return may_move ? adeos_room_ask(from, size) : -ENOMEM;
	*pfn = PHYS_PFN(start);
	return 0;
}

static void node_release(void *priv, u32 pfn, u32 pages)
{
	adeos_pool_give_memory(PFN_PHYS(pfn), (u64)pages << PAGE_SHIFT);
}

/* Who has begun the move, waits for this, and copies without adeos_lock: room.c. */
static int node_copy(void *priv, u32 index, u32 to, u32 from, u32 pages)
{
	return -EINPROGRESS;
}

static const struct dsp_ops node_ops = {
	.ring		= node_ring,
	.view		= node_view,
	.freeze		= adeos_bridge_freeze,
	.thaw		= adeos_bridge_thaw,
	.gone		= adeos_bridge_gone,
	.alloc		= node_alloc,
	.release	= node_release,
	.copy		= node_copy,
};

/**
 * adeos_node() - this kernel's half of the DSP
 *
 * Context: adeos_lock held, for all but its counters.
 */
struct dsp *adeos_node(void)
{
	return &node;
}

/**
 * adeos_vnode_id() - this kernel's vnode ID
 *
 * Context: any.
 */
u32 adeos_vnode_id(void)
{
	return adeos_own_id();
}
EXPORT_SYMBOL_GPL(adeos_vnode_id);

/**
 * adeos_node_wait() - wait until the DSP has done something, whatever it is
 * @timeout: jiffies, at most
 *
 * Context: process, sleeps; adeos_lock held, and released meanwhile.
 */
void adeos_node_wait(unsigned long timeout)
{
	DEFINE_WAIT(wait);

	/* Before others can change what the caller has looked at. */
	prepare_to_wait(&node_wait, &wait, TASK_UNINTERRUPTIBLE);
	mutex_unlock(&adeos_lock);
	schedule_timeout(timeout);
	finish_wait(&node_wait, &wait);
	mutex_lock(&adeos_lock);
}

/**
 * adeos_node_turn() - wait until a request to the root can begin
 * @type: DSP_CREATE, or DSP_CLEARED or DSP_DESTROY, which share a queue
 *
 * First come, first served, in each queue.  Each request under way ends
 * in some 15 s at the latest, whatever the root does, so each turn comes.
 *
 * Context: process, sleeps; adeos_lock held, and released meanwhile.  On return
 * dsp_call() finds room, until adeos_lock is released again.
 */
void adeos_node_turn(u8 type)
{
	static struct node_queue {
		u32 next;	/* for who comes next */
		u32 now;	/* whose turn it is */
	} queues[2];
	struct node_queue *q = &queues[type != DSP_CREATE];
	u32 own = q->next++;

	while (own != q->now || !dsp_call_fits(&node, type))
		adeos_node_wait(HZ);
	q->now++;
	/* The next one: there may be room for that, too. */
	if (q->now != q->next)
		wake_up_all(&node_wait);
}

/**
 * adeos_node_call() - ask the root for something, and wait for the answer
 * @call: what dsp_call() or one of bridge_user.c's has returned
 * @result: where to store the answer
 *
 * Context: process, sleeps; adeos_lock held, and released meanwhile.
 * Return: 0 or negative errno.
 */
int adeos_node_call(int call, struct dsp_result *result)
{
	int ret;

	if (call < 0)
		return call;
	/* The root has done at once what it asks of itself; sysfs has not seen it yet. */
	queue_work(system_highpri_wq, &poll_work);
	for (;;) {
		ret = dsp_call_result(&node, call, result);
		if (ret != -EINPROGRESS)
			break;
		adeos_node_wait(HZ);
	}
	/* There is room for another one: adeos_node_turn(). */
	wake_up_all(&node_wait);
	return ret ?: result->error;
}

/* Where this kernel takes its portals: a CPU that is online. */
static int node_cpu_online(unsigned int cpu)
{
	if (commons)
		dsp_move_portals(&node, adeos_cpu_slot(cpumask_first(cpu_online_mask)));
	adeos_portals_look();
	return 0;
}

static int node_cpu_offline(unsigned int cpu)
{
	unsigned int other = cpumask_any_but(cpu_online_mask, cpu);

	if (commons && other < nr_cpu_ids)
		dsp_move_portals(&node, adeos_cpu_slot(other));
	adeos_portals_look();
	return 0;
}

static int node_start(void)
{
	int ret;

	adeos_portal_bind(PORTAL_DSP, node_rung, NULL);
	adeos_portal_bind(PORTAL_BRIDGE, node_rung, NULL);
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "adeos/node:online",
				node_cpu_online, node_cpu_offline);
	queue_delayed_work(system_highpri_wq, &beat_work, 0);
	queue_delayed_work(system_highpri_wq, &tick_work, 0);
	return ret < 0 ? ret : 0;
}

/**
 * adeos_node_init_root() - open the commons, as the root
 * @c: where they are mapped
 *
 * Context: __init, process.
 * Return: 0 or negative errno.
 */
int __init adeos_node_init_root(struct commons *c)
{
	struct dsp_root *root = kvzalloc(sizeof(*root), GFP_KERNEL);
	unsigned int cpu;

	if (!root)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	mutex_lock(&adeos_lock);
	commons = c;
	adeos_set_commons(c);
	dsp_root_init(&node, root, c, 0, adeos_cpu_slot(0), &node_ops, NULL, adeos_now_ms());
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		adeos_node_set_cpu(adeos_cpu_slot(cpu), adeos_apic_id(cpu), adeos_cpu_dest(cpu), 0);
	adeos_node_set_extent(0, 0, 0, adeos_root_size());
	mutex_unlock(&adeos_lock);
	return node_start();
}

/**
 * adeos_node_set_cpu() - tell all whose a CPU is, and how it is interrupted
 * @slot: its slot
 * @apic_id: its APIC ID
 * @dest: destination of interrupts for it
 * @owner: vnode ID, or COMMONS_NOBODY
 *
 * Context: the root, process, adeos_lock held.
 */
void adeos_node_set_cpu(u32 slot, u32 apic_id, u32 dest, u32 owner)
{
	if (commons)
		dsp_root_set_cpu(&node, slot, apic_id, dest, owner);
}

/**
 * adeos_node_set_extent() - tell all where a vnode has memory
 * @id: its ID
 * @n: number of the extent, below COMMONS_EXTENTS
 * @start: physical address of its memory, or 0
 * @size: size of it, bytes; 0 if there is none any more
 *
 * Context: the root, process, adeos_lock held.
 */
void adeos_node_set_extent(u32 id, unsigned int n, u64 start, u64 size)
{
	if (commons)
		dsp_root_set_extent(&node, id, n, PHYS_PFN(start), PHYS_PFN(size));
}

/**
 * adeos_node_started() - tell the commons of a vnode that is about to boot
 * @id: its ID
 *
 * Context: process, adeos_lock held.
 */
void adeos_node_started(u32 id)
{
	if (commons)
		dsp_root_start(&node, id);
}

/**
 * adeos_node_died() - take a vnode out of the cluster
 * @id: its ID; its CPUs are parked
 *
 * Context: process, adeos_lock held.
 */
void adeos_node_died(u32 id)
{
	if (commons)
		dsp_root_died(&node, id, adeos_now_ms());
}

/**
 * adeos_node_kept() - bridges that died with a vnode, and are still in use
 * @id: its ID; it has died
 *
 * Context: the root, process, adeos_lock held.
 * Return: how many.
 */
unsigned int adeos_node_kept(u32 id)
{
	return commons ? dsp_bridge_root_kept(&node, id) : 0;
}

/**
 * adeos_node_let_go() - has everybody let go of what a dead vnode had?
 * @id: its ID
 *
 * Context: the root, process, adeos_lock held; adeos_node_wait() waits for a change.
 * Return: true if all members have adopted the view without it, and closed the
 * bridges that died with it.
 */
bool adeos_node_let_go(u32 id)
{
	return !commons || (!dsp_member_unsettled(&node.root->member, commons) &&
			    !dsp_bridge_root_kept(&node, id));
}

/**
 * adeos_bridge_region() - the memory of a bridge
 * @index: its number, below COMMONS_BRIDGES
 * @start: where to store its physical address
 * @size: where to store its size, bytes
 *
 * Context: the root, adeos_lock held.
 * Return: true if there is such a bridge.
 */
bool adeos_bridge_region(u32 index, u64 *start, u64 *size)
{
	const struct dsp_bridge_entry *e;

	if (!node.root)
		return false;
	e = &node.root->entry[index];
	*start = PFN_PHYS((u64)e->pub.pfn);
	*size = (u64)e->pub.pages << PAGE_SHIFT;
	return BRIDGE_STATE(e->tag) != BRIDGE_FREE;
}

static int __init node_init_vnode(void)
{
	struct commons *c;
	int ret;

	if (!adeos_is_vnode() || !adeos_own_commons())
		return 0;
	c = adeos_map(adeos_own_commons(), sizeof(*c));
	if (!c)
		return -ENOMEM;
	mutex_lock(&adeos_lock);
	/* To attach is to ring the root. */
	commons = c;
	adeos_set_commons(c);
	ret = dsp_attach(&node, c, adeos_own_id(), adeos_cpu_slot(cpumask_first(cpu_online_mask)),
			 &node_ops, NULL, adeos_now_ms());
	if (ret) {
		adeos_set_commons(NULL);
		commons = NULL;
	}
	mutex_unlock(&adeos_lock);
	if (ret) {
		pr_err("adeos: the commons are not usable: %d\n", ret);
		adeos_unmap(c);
		return ret;
	}
	return node_start();
}
subsys_initcall(node_init_vnode);
