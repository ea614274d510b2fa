// SPDX-License-Identifier: GPL-2.0
/*
 * Portals, as this kernel has them: handlers bound to its own, and the
 * interrupt that rings another vnode's (paper: "Overall system architecture").
 *
 * proto/portal_words.h has the words in the commons that say who rang what, and why a ring
 * can be coalesced but not lost.
 */
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "arch.h"
#include "core.h"
#include "pipeline.h"
#include "portal.h"
#include "proto/counters.h"
#include "proto/portal_words.h"

struct binding {
	adeos_portal_handler_t handler;
	void *cookie;
};

static struct binding bindings[COMMONS_PORTALS];
static u32 masked = ~0u;		/* what is not bound is masked, too */
static DEFINE_MUTEX(bind_lock);

/* By portal; any CPU may count, so they are per CPU. */
struct portal_counts {
	u32 rung[COMMONS_PORTALS];
	u32 coalesced[COMMONS_PORTALS];
	u32 handled[COMMONS_PORTALS];
	u32 bad_destination;
};

static DEFINE_PER_CPU(struct portal_counts, counts);

/**
 * adeos_portals_count() - add up what all CPUs have counted of portals
 * @to: where to store it; cleared by the caller
 *
 * Context: any.
 */
void adeos_portals_count(struct adeos_counters *to)
{
	const struct portal_counts *from;
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		from = per_cpu_ptr(&counts, cpu);
		for (i = 0; i < COMMONS_PORTALS; i++) {
			to->rung[i] += READ_ONCE(from->rung[i]);
			to->coalesced[i] += READ_ONCE(from->coalesced[i]);
			to->handled[i] += READ_ONCE(from->handled[i]);
		}
		to->bad_destination += READ_ONCE(from->bad_destination);
	}
}

/**
 * adeos_portals_handle() - call the handlers of this kernel's portals
 *
 * Context: as in an NMI, the CPU's interrupt flag off.
 */
void adeos_portals_handle(void)
{
	struct commons *c = adeos_commons();
	adeos_portal_handler_t handler;
	unsigned long rung;
	unsigned int i;
	u64 from;

	if (!c)
		return;
	rung = dsp_portal_take(c, adeos_own_id(), READ_ONCE(masked));
	for_each_set_bit(i, &rung, COMMONS_PORTALS) {
		/* Who rang the nanokernel's own portals is for dsp_poll() to find out. */
		from = i < ADEOS_PORTAL_FIRST ? ~0ULL : dsp_portal_rang(c, adeos_own_id(), i);
		/* Pairs with adeos_portal_bind(): the cookie is there, too. */
		handler = smp_load_acquire(&bindings[i].handler);
		if (!handler || !from)
			continue;
		this_cpu_inc(counts.handled[i]);
		handler(i, from, bindings[i].cookie);
	}
}

/**
 * adeos_portals_look() - have the CPU that takes this kernel's portals look
 *
 * For what waits behind a portal that is no longer masked, and for interrupts
 * that went to a CPU that was unplugged.
 *
 * Context: any.
 */
void adeos_portals_look(void)
{
	struct commons *c = adeos_commons();

	if (c && READ_ONCE(c->node[adeos_own_id()].pending) & ~READ_ONCE(masked))
		adeos_portal_send(adeos_own_id());
}

/**
 * adeos_portal_bind() - have a handler called when a portal is rung
 * @portal: number of the portal, ADEOS_PORTAL_FIRST to ADEOS_PORTALS - 1
 * @handler: called with the vnodes that rang, on one of this kernel's CPUs, as
 *	in an NMI; adeos_domain_take() says what it may do
 * @cookie: its last argument
 *
 * Rings of a portal that nobody has bound wait for the handler.
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL for a number out of range, -EBUSY if it is bound, -ENODEV
 * if this kernel is not a vnode.
 */
int adeos_portal_bind(unsigned int portal, adeos_portal_handler_t handler, void *cookie)
{
	if (portal >= COMMONS_PORTALS || !handler)
		return -EINVAL;
	if (!adeos_commons())
		return -ENODEV;
	mutex_lock(&bind_lock);
	if (bindings[portal].handler) {
		mutex_unlock(&bind_lock);
		return -EBUSY;
	}
	bindings[portal].cookie = cookie;
	/* Pairs with adeos_portals_handle(). */
	smp_store_release(&bindings[portal].handler, handler);
	WRITE_ONCE(masked, masked & ~BIT(portal));
	mutex_unlock(&bind_lock);
	adeos_portals_look();
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_portal_bind);

/**
 * adeos_portal_unbind() - undo adeos_portal_bind()
 * @portal: number of the portal
 *
 * Context: process, may sleep; on return, the handler does not run any more.
 */
void adeos_portal_unbind(unsigned int portal)
{
	if (portal >= COMMONS_PORTALS)
		return;
	mutex_lock(&bind_lock);
	WRITE_ONCE(masked, masked | BIT(portal));
	WRITE_ONCE(bindings[portal].handler, NULL);
	mutex_unlock(&bind_lock);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(adeos_portal_unbind);

/**
 * adeos_portal_mask() - let rings of a portal wait, or handle them again
 * @portal: number of the portal, which is bound
 * @mask: true if they are to wait
 *
 * While it is masked, rings are coalesced, and cost those who ring no
 * interrupt.  A handler may still be running when this returns.
 *
 * Context: process, may sleep.
 * Return: 0 or -EINVAL.
 */
int adeos_portal_mask(unsigned int portal, bool mask)
{
	int ret = 0;

	if (portal >= COMMONS_PORTALS)
		return -EINVAL;
	mutex_lock(&bind_lock);
	if (!bindings[portal].handler)
		ret = -EINVAL;
	else if (mask)
		WRITE_ONCE(masked, masked | BIT(portal));
	else
		WRITE_ONCE(masked, masked & ~BIT(portal));
	mutex_unlock(&bind_lock);
	if (!ret && !mask)
		adeos_portals_look();
	return ret;
}
EXPORT_SYMBOL_GPL(adeos_portal_mask);

/**
 * adeos_portal_send() - send the interrupt of a vnode's portals
 * @to: its ID
 *
 * Context: any.
 */
void adeos_portal_send(u32 to)
{
	struct commons *c = adeos_commons();
	u32 slot = READ_ONCE(c->node[to].slot);

	/* That is its own word, so it can be anything; whose a slot is, is the root's. */
	if (slot >= COMMONS_CPUS || READ_ONCE(c->cpu[slot].owner) != to ||
	    !adeos_portal_interrupt(slot))
		raw_cpu_inc(counts.bad_destination);
}

/**
 * adeos_portal_ring() - ring a portal of another vnode, or of one's own
 * @to: its ID
 * @portal: number of the portal
 *
 * What was written to shared memory before is seen by the handler.  A ring that
 * finds an earlier one still waiting is coalesced with it: the handler is
 * called at least once after each ring.
 *
 * Context: any but a real NMI, handlers included.
 * Return: 0, -EINVAL for a number out of range, -ENODEV if this kernel is not a
 * vnode, -EHOSTDOWN if there is no such vnode.
 */
int adeos_portal_ring(u32 to, unsigned int portal)
{
	struct commons *c = adeos_commons();
	u32 incarnation;

	if (to >= COMMONS_NODES || portal >= COMMONS_PORTALS)
		return -EINVAL;
	if (!c)
		return -ENODEV;
	incarnation = READ_ONCE(c->node[to].incarnation);
	if (!incarnation || READ_ONCE(c->node[to].attached) != incarnation)
		return -EHOSTDOWN;
	if (dsp_portal_post(c, to, portal, adeos_own_id())) {
		raw_cpu_inc(counts.rung[portal]);
		adeos_portal_send(to);
	} else {
		raw_cpu_inc(counts.coalesced[portal]);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_portal_ring);

/**
 * adeos_portal_ring_set() - ring a portal of several vnodes
 * @to: a bit for each ID
 * @portal: number of the portal
 *
 * One interrupt for each vnode is the least: no destination reaches CPUs of two vnodes.
 *
 * Context: any.
 * Return: 0, or what adeos_portal_ring() returns for one of them; the others
 * were rung.
 */
int adeos_portal_ring_set(u64 to, unsigned int portal)
{
	int err, ret = 0;
	u32 id;

	for (; to; to &= to - 1) {
		id = commons_first(to);
		err = adeos_portal_ring(id, portal);
		if (err)
			ret = err;
	}
	return ret;
}
EXPORT_SYMBOL_GPL(adeos_portal_ring_set);
