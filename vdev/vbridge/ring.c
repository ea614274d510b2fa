// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: a counter for each vnode in a bridge's first page, and one portal for
 * all bridges, whose handler looks at the counters.
 */
#include <linux/irq_work.h>

#include "../portals.h"
#include "bridge.h"

/**
 * vb_wake() - wake all who wait: the bridge was rung, or is gone
 * @vb: the bridge
 * @but: a file that is not signalled, or NULL
 *
 * Context: any, vb_lock held, interrupts off.
 */
void vb_wake(struct vb *vb, const struct vb_file *but)
{
	const struct vb_file *f;

	wake_up_all(&vb->wait);
	list_for_each_entry(f, &vb->listeners, listener)
		if (f != but)
			eventfd_signal(f->event);
}

/**
 * vb_collect() - collect rings from other vnodes
 * @vb: the bridge
 *
 * Context: any, vb_lock held, interrupts off.
 */
void vb_collect(struct vb *vb)
{
	u32 now;

	if (!vb->head)
		return;
	/* Any value is harmless: it is only a number. */
	now = atomic_read(&vb->head->rung[adeos_vnode_id()]);
	if (now == vb->seen)
		return;
	vb->rings += now - vb->seen;
	vb->seen = now;
	vb_wake(vb, NULL);
}

static void collect_all(struct irq_work *work)
{
	unsigned long flags;
	struct vb *vb;

	spin_lock_irqsave(&vb_lock, flags);
	list_for_each_entry(vb, &vb_list, list)
		vb_collect(vb);
	spin_unlock_irqrestore(&vb_lock, flags);
}

static DEFINE_IRQ_WORK(collect_work, collect_all);

/* Runs like an NMI handler */
static void rung(unsigned int portal, u64 from, void *cookie)
{
	irq_work_queue(&collect_work);
}

/**
 * vb_ring() - ring all who have a bridge open
 * @f: the file that rings; it is not rung itself
 * @vb: the bridge
 *
 * A program that receives the ring sees what was written to the bridge before.
 *
 * Context: process, sleeps while it moves.
 * Return: 0, -EIDRM, -ERESTARTSYS.
 */
int vb_ring(struct vb_file *f, struct vb *vb)
{
	u64 to, left;
	int ret;

	ret = vb_hold(vb);
	if (ret)
		return ret;
	to = adeos_bridge_users(vb->bridge) & ~BIT_ULL(adeos_vnode_id());
	for (left = to; left; left &= left - 1)
		atomic_inc(&vb->head->rung[__ffs64(left)]);
	vb_release(vb);
	/* A vnode that has died in between is not rung. */
	adeos_portal_ring_set(to, PORTAL_VBRIDGE);

	spin_lock_irq(&vb_lock);
	vb->rings++;
	f->seen++;
	vb_wake(vb, f);
	spin_unlock_irq(&vb_lock);
	return 0;
}

/**
 * vb_listen() - signal an eventfd when a file may be read
 * @f: the file
 * @vb: what it is attached to
 * @fd: the eventfd, or -1 to remove it
 *
 * If the file may already be read, the eventfd is signalled at once.
 *
 * Context: process.
 * Return: 0; -EBADF or -EINVAL if @fd is no eventfd.
 */
int vb_listen(struct vb_file *f, struct vb *vb, int fd)
{
	struct eventfd_ctx *event = fd == -1 ? NULL : eventfd_ctx_fdget(fd);

	if (IS_ERR(event))
		return PTR_ERR(event);
	spin_lock_irq(&vb_lock);
	if (f->event)
		list_del(&f->listener);
	swap(f->event, event);
	if (f->event) {
		list_add(&f->listener, &vb->listeners);
		if (vb->rings != f->seen || READ_ONCE(vb->gone))
			eventfd_signal(f->event);
	}
	spin_unlock_irq(&vb_lock);
	if (event)
		eventfd_ctx_put(event);
	return 0;
}

/**
 * vb_pending() - has a file been rung?
 * @f: the file
 * @vb: what it is attached to
 * @count: where to store the number of rings, which is then reset; or NULL
 *
 * Context: process.
 * Return: true if it has.
 */
bool vb_pending(struct vb_file *f, struct vb *vb, u64 *count)
{
	u64 n;

	spin_lock_irq(&vb_lock);
	n = vb->rings - f->seen;
	if (count) {
		*count = n;
		f->seen = vb->rings;
	}
	spin_unlock_irq(&vb_lock);
	return n;
}

/**
 * vb_ring_init() - begin to receive rings
 *
 * Return: 0, or what adeos_portal_bind() returns.
 */
int vb_ring_init(void)
{
	return adeos_portal_bind(PORTAL_VBRIDGE, rung, NULL);
}

/**
 * vb_ring_exit() - undo vb_ring_init()
 */
void vb_ring_exit(void)
{
	adeos_portal_unbind(PORTAL_VBRIDGE);
	irq_work_sync(&collect_work);
}
