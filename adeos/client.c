// SPDX-License-Identifier: GPL-2.0
/*
 * A vnode's side of its relation to the root: it says that it lives, and shuts
 * down when it is asked to.
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/reboot.h>
#include <linux/timer.h>

#include <asm/irq.h>

#include "client.h"
#include "x86/arch.h"

static void client_look(void)
{
	static atomic_t stopping;

	if (READ_ONCE(adeos_own_slot->page.request) == ADEOS_REQUEST_STOP &&
	    !atomic_xchg(&stopping, 1))
		orderly_poweroff(true);
}

/* Also looks, because a doorbell for a CPU that is offline is lost. */
static void client_beat(struct timer_list *t)
{
	struct adeos_page *page = &adeos_own_slot->page;

	WRITE_ONCE(page->heartbeat, page->heartbeat + 1);
	client_look();
	mod_timer(t, jiffies + HZ);
}

static DEFINE_TIMER(heartbeat, client_beat);

/**
 * adeos_client_init() - prepare for doorbells
 *
 * Context: __init, in setup_arch().
 */
void __init adeos_client_init(void)
{
	x86_platform_ipi_callback = client_look;
}

static int __init client_up(void)
{
	struct adeos_page *page;

	if (!adeos_is_vnode())
		return 0;
	page = &adeos_own_slot->page;
	mod_timer(&heartbeat, jiffies + HZ);
	WRITE_ONCE(page->report, ADEOS_REPORT_UP);
	adeos_doorbell_ring(page->root_apic_id);
	return 0;
}
late_initcall(client_up);
