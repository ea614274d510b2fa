// SPDX-License-Identifier: GPL-2.0
/*
 * The vnode's death at one instruction of the protocol: when its only CPU gets there, it
 * stops, with all interrupts off.  A parameter names the functions to choose from; the seed
 * chooses one, and an instruction in it.  If the CPU does not reach it in time, the next
 * one is tried.
 *
 * Needs CONFIG_KPROBES: the debug kernel.
 */
#include <linux/adeos.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "../../adeos/proto/dsp.h"
#include "../../adeos/proto/page.h"

static unsigned long shared;
module_param(shared, ulong, 0444);
MODULE_PARM_DESC(shared, "physical address of what all vnodes share");

static unsigned int seed = 1;
module_param(seed, uint, 0444);

static unsigned int wait = 2000;
module_param(wait, uint, 0444);
MODULE_PARM_DESC(wait, "how long to wait at an instruction, ms");

static char *only[8];
static unsigned int nr_only;
module_param_array(only, charp, &nr_only, 0444);
MODULE_PARM_DESC(only, "functions to choose from, instead of all");

/* The functions that the compiler has not inlined; the others are parts of these. */
static const char * const functions[] = {
	"dsp_portal_post", "dsp_portal_take", "dsp_portal_rang",
	"dsp_ring_put", "dsp_ring_get", "dsp_ring_resume", "dsp_ring_stalled",
	"dsp_ring", "dsp_send", "dsp_call", "dsp_call_result", "dsp_poll", "dsp_tick",
	"dsp_receive", "dsp_hear", "dsp_dispatch", "dsp_send_calls", "dsp_check_calls",
	"dsp_member_poll", "member_adopt", "member_read",
	"dsp_member_watch_root", "dsp_member_return",
	"dsp_bridge_create", "dsp_bridge_open", "bridge_try", "bridge_read", "dsp_bridge_close",
	"dsp_bridge_where", "dsp_bridge_destroy", "dsp_bridge_scan", "bridge_follow", "bridge_mend",
	"bridge_freeze", "bridge_melt", "bridge_lose",
	"dsp_bridge_claim", "dsp_bridge_cleared", "dsp_bridge_begin",
	"adeos_bridge_create", "adeos_bridge_open", "use_bridge", "find_bridge",
	"adeos_bridge_close", "adeos_bridge_destroy",
	"adeos_bridge_freeze", "adeos_bridge_thaw", "adeos_bridge_gone",
	"adeos_portal_ring", "adeos_portals_handle", "adeos_portals_look",
	"adeos_node_interrupt", "adeos_node_call", "node_poll", "node_tick",
};

static struct adeos_log *log;

/* Not printk(), because the interrupted code may have its locks. */
static void say(const char *s)
{
	u32 head = READ_ONCE(log->head);

	for (; *s; s++, head++)
		WRITE_ONCE(log->text[head % ADEOS_LOG_SIZE], *s);
	smp_store_release(&log->head, head);	/* as adeos_log_put() does */
}

static int stay_here(struct kprobe *p, struct pt_regs *regs)
{
	asm volatile("cli" : : : "memory");
	say("\nadeos: die: dead\n");
	for (;;)
		cpu_relax();
	return 0;
}

/* The size of a function, or 0 if there is none of that name */
static unsigned int size_of(const char *name)
{
	struct kprobe p = { .symbol_name = name, .pre_handler = stay_here };
	char text[KSYM_SYMBOL_LEN], *size;
	unsigned int bytes = 0;

	/* Registering a disabled probe resolves the function's address. */
	p.flags = KPROBE_FLAG_DISABLED;
	if (register_kprobe(&p))
		return 0;
	sprint_symbol(text, (unsigned long)p.addr);
	size = strrchr(text, '/');
	if (size && kstrtouint(size + 1, 16, &bytes))
		bytes = 0;
	unregister_kprobe(&p);
	return bytes;
}

/* Waits at the first instruction from this offset on; returns where the next may be. */
static unsigned int wait_at(const char *name, unsigned int offset, unsigned int end)
{
	for (; offset < end; offset++) {
		struct kprobe p = {
			.symbol_name = name, .offset = offset, .pre_handler = stay_here,
			.flags = KPROBE_FLAG_DISABLED,
		};

		if (register_kprobe(&p))
			continue;
		pr_info("adeos: die: at %s+0x%x\n", name, offset);
		enable_kprobe(&p);
		msleep(wait);
		unregister_kprobe(&p);
		return offset + 1;
	}
	return end;
}

static const char *function(unsigned int n)
{
	return nr_only ? only[n % nr_only] : functions[n % ARRAY_SIZE(functions)];
}

static int choose(void *unused)
{
	unsigned int n, tries, size, offset;
	struct rnd_state r;

	prandom_seed_state(&r, seed);
	/* Neighbours in the list are parts of the same code, and seeds count up, so skip some. */
	for (n = seed * 37; !kthread_should_stop(); n++) {
		const char *name = function(n);

		size = size_of(name);
		offset = size ? prandom_u32_state(&r) % size : 0;
		for (tries = 0; tries < 3 && offset < size; tries++)
			offset = wait_at(name, offset, size);
		cond_resched();
	}
	return 0;
}

static int __init die_init(void)
{
	struct adeos_slot *slot;
	struct task_struct *task;

	if (!shared || !adeos_vnode_id())
		return -EINVAL;
	slot = adeos_map(shared + adeos_vnode_id() * ADEOS_SLOT_SIZE, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	log = &slot->log;
	task = kthread_run(choose, NULL, "die");
	return PTR_ERR_OR_ZERO(task);
}
module_init(die_init);

/* There is no module_exit(): this ends with the vnode. */

MODULE_DESCRIPTION("Dies at one instruction");
MODULE_LICENSE("GPL");
