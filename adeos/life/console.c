// SPDX-License-Identifier: GPL-2.0
/*
 * A vnode's console: what it prints, and what user space writes to
 * /dev/console, goes to the log ring that the root reads.
 */
#include <linux/console.h>
#include <linux/init.h>
#include <linux/panic.h>
#include <linux/spinlock.h>

#include "../drivers/tty/hvc/hvc_console.h"
#include "arch.h"
#include "report.h"

static DEFINE_RAW_SPINLOCK(ring_lock);

static ssize_t log_ring_put(u32 vtermno, const u8 *buf, size_t count)
{
	unsigned long flags;

	if (!raw_spin_trylock_irqsave(&ring_lock, flags)) {
		/* Its holder may have been stopped by a panic on this CPU. */
		if (oops_in_progress) {
			adeos_log_put(&adeos_own_slot->log, buf, count);
			return count;
		}
		raw_spin_lock_irqsave(&ring_lock, flags);
	}
	adeos_log_put(&adeos_own_slot->log, buf, count);
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	return count;
}

static ssize_t log_ring_get(u32 vtermno, u8 *buf, size_t count)
{
	return 0;	/* nothing is ever typed here */
}

static const struct hv_ops ring_ops = {
	.get_chars = log_ring_get,
	.put_chars = log_ring_put,
};

static void early_write(struct console *con, const char *s, unsigned int n)
{
	log_ring_put(0, s, n);
}

static struct console early_ring __initdata = {
	.name	= "adeos",
	.write	= early_write,
	.flags	= CON_PRINTBUFFER | CON_BOOT | CON_ANYTIME,
	.index	= -1,
};

/**
 * adeos_console_early() - write the kernel log to the ring from now on
 *
 * What was printed before is written first.
 *
 * Context: __init, in setup_arch().
 */
void __init adeos_console_early(void)
{
	/* In this order: no boot console is enabled where one is preferred. */
	register_console(&early_ring);
	add_preferred_console("hvc", 0, NULL);
}

static int __init ring_console_init(void)
{
	if (adeos_is_vnode())
		hvc_instantiate(0, 0, &ring_ops);
	return 0;
}
console_initcall(ring_console_init);

static int __init ring_tty_init(void)
{
	struct hvc_struct *hp;

	if (!adeos_is_vnode())
		return 0;
	hp = hvc_alloc(0, 0, &ring_ops, 256);
	return PTR_ERR_OR_ZERO(hp);
}
device_initcall(ring_tty_init);
