// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's stage of the interrupt pipeline (paper: "Interrupt management",
 * "Locking primitives"), and where interrupts enter the pipeline.
 *
 * All of this runs in a place like an NMI's: whatever Linux was doing, it did
 * not expect to be interrupted.  No locks, no RCU, no tracing, except in what
 * irqentry_nmi_enter() protects.
 */
#include <kunit/visibility.h>
#include <linux/context_tracking.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/entry-common.h>
#include <linux/init.h>
#include <linux/percpu.h>

#include <asm/apic.h>
#include <asm/idtentry.h>
#include <asm/irq_vectors.h>

#include "irq/pipeline.h"
#include "x86.h"

/*
 * Stalled, as a CPU starts.  It starts with its own flag off, too, which the
 * first adeos_unstall_slow() turns on.
 */
DEFINE_PER_CPU(u32, adeos_irq_state) = ADEOS_SLOW << 8;
EXPORT_PER_CPU_SYMBOL(adeos_irq_state);

DEFINE_PER_CPU(u32 [IRQLOG_VECTORS], adeos_received);
DEFINE_PER_CPU(u32 [IRQLOG_VECTORS], adeos_logged);
static DEFINE_PER_CPU(struct irqlog, linux_log);
static DEFINE_PER_CPU(bool, handling);	/* stages ahead of Linux's have an interrupt */

u8 adeos_vector_taken[IRQLOG_VECTORS] = { [ADEOS_PORTAL_VECTOR] = 1 };

/* Where Linux wants its interrupts; gate.S reads it. */
const void *adeos_linux_gates[NR_VECTORS] __ro_after_init;

/**
 * adeos_set_gate() - put the nanokernel's gate before Linux's
 * @vector: an interrupt, or anything else that the IDT has
 * @gate: Linux's entry
 *
 * Context: __init.
 * Return: the entry to write to the IDT.
 */
const void * __init adeos_set_gate(unsigned int vector, const void *gate)
{
	if (vector < FIRST_EXTERNAL_VECTOR || vector == IA32_SYSCALL_VECTOR)
		return gate;
	adeos_linux_gates[vector] = gate;
	return adeos_gates + (vector - FIRST_EXTERNAL_VECTOR) * 8;
}

static __always_inline void set_state(u8 bits)
{
	asm volatile("orb %0, %%fs:adeos_irq_state+1" : : "q" (bits) : "memory", "cc");
}

static __always_inline void clear_state(u8 bits)
{
	asm volatile("andb %0, %%fs:adeos_irq_state+1"
		     : : "q" ((u8)(bits ^ 0xff)) : "memory", "cc");
}

static __always_inline bool apic_has(u32 reg, u8 vector)
{
	return apic_read(reg + vector / 32 * 0x10) & 1u << vector % 32;
}

/* Before there is an APIC, and for a self-made interrupt, there is nothing to end. */
static __always_inline void end_interrupt(u8 vector)
{
	if (apic_has(APIC_ISR, vector))
		apic_eoi();
}

/*
 * A level-triggered interrupt that waits must not come again meanwhile.
 * Linux's ioapic_ack_level() calls adeos_ioapic_release() when it is done.
 */
noinstr void adeos_hold(u8 vector)
{
	if (apic_has(APIC_TMR, vector))
		adeos_ioapic_hold(vector);
}

/* The same for one that a stage ahead of Linux's has ended. */
noinstr void adeos_release(u8 vector)
{
	if (apic_has(APIC_TMR, vector))
		adeos_ioapic_release_vector(vector);
}

/* Logs an interrupt for Linux; it is played when its stage opens. */
noinstr void adeos_linux_log(u8 vector)
{
	adeos_hold(vector);
	raw_cpu_inc(adeos_logged[vector]);
	irqlog_put(raw_cpu_ptr(&linux_log), vector);
	set_state(ADEOS_SLOW);
}

/*
 * Is the log looked at behind the caller, and does nobody else write it now?
 * @flags: the CPU's
 */
static bool may_log(unsigned long flags)
{
	unsigned long nmi = preempt_count() & NMI_MASK;

	/* Handlers run as in an NMI; a real one, on top of one of them, is the second. */
	if (nmi)
		return nmi == NMI_OFFSET && raw_cpu_read(handling);
	/* On the way to sleep and to user mode, the last look may be over: the APIC wakes. */
	return flags & X86_EFLAGS_IF;
}

/**
 * adeos_log_self() - interrupt this CPU's Linux without its APIC
 * @vector: an interrupt of Linux's
 *
 * Where Linux's stage is stalled, as in a handler of another stage, an interrupt
 * that Linux sends to its own CPU would come at once, only to be logged.
 *
 * Context: any.
 * Return: false if the caller must send it, as the stage is open, or another one
 * is to have it first.
 */
bool adeos_log_self(u8 vector)
{
	unsigned long flags = adeos_hard_save(), state = arch_local_save_flags();
	bool log = !(state & (X86_EFLAGS_IF | ADEOS_BLOCKED << 8)) && may_log(flags) &&
		   !adeos_vector_taken[vector];

	if (log) {
		irqlog_put(raw_cpu_ptr(&linux_log), vector);
		set_state(ADEOS_SLOW);
	}
	adeos_hard_restore(flags);
	return log;
}

/**
 * adeos_vector_logged() - does an interrupt wait for Linux on this CPU?
 * @vector: the interrupt
 *
 * Context: any, on one CPU.
 */
bool adeos_vector_logged(unsigned int vector)
{
	return irqlog_has(raw_cpu_ptr(&linux_log), vector);
}

#if IS_ENABLED(CONFIG_KUNIT)
/**
 * adeos_irq_received() - how often was an interrupt received?
 * @cpu: by which CPU, as Linux numbers it
 * @vector: the interrupt
 *
 * Context: any.
 * Return: the number, modulo 2^32.
 */
u32 adeos_irq_received(unsigned int cpu, unsigned int vector)
{
	return READ_ONCE(per_cpu(adeos_received, cpu)[vector]);
}
EXPORT_SYMBOL_IF_KUNIT(adeos_irq_received);
#endif

/* Some stage ahead of Linux's is stalled on this CPU, or none is any more. */
noinstr void adeos_set_blocked(bool blocked)
{
	if (blocked)
		set_state(ADEOS_BLOCKED);
	else
		clear_state(ADEOS_BLOCKED);
}

/*
 * Linux's stage is open, and the CPU's flag off, as it is again on return.
 *
 * What is played may be preempted, and continue on another CPU, where the flag
 * may be on: nothing per CPU is kept over adeos_play().  What is left here then is
 * played when the next task opens the stage, for ADEOS_SLOW is still set.
 */
static noinstr void play_log(void)
{
	while (!irqlog_empty(raw_cpu_ptr(&linux_log))) {
		adeos_play(adeos_linux_gates[irqlog_take(raw_cpu_ptr(&linux_log))]);
		native_irq_disable();
	}
	clear_state(ADEOS_SLOW);
}

/* From adeos_unstall_slow(), when arch_local_irq_enable() has opened the stage. */
asmlinkage noinstr void adeos_open(void)
{
	native_irq_disable();
	play_log();
	native_irq_enable();
}

/*
 * The end of an exception or interrupt that came while the stage was open.
 *
 * What play_log() plays goes back there, with the CPU's flag off: an interrupt
 * that came there would play, and be interrupted in the same place, until the
 * stack was full.
 */
noinstr void adeos_exit_slow(struct pt_regs *regs)
{
	if (regs->ip == (unsigned long)adeos_played)
		regs->flags &= ~X86_EFLAGS_IF;
	else
		play_log();
}

/* The way to user mode is closed, but something waits: open it once more. */
noinstr void adeos_close_slow(void)
{
	instrumentation_begin();
	local_irq_enable();
	local_irq_disable();
	instrumentation_end();
	native_irq_disable();
}

/**
 * adeos_idle_enter() - close the CPU for a look at whether it may sleep
 *
 * What is received from here on wakes the CPU.  What was received before is
 * played here, as if it had come before Linux closed its stage.
 *
 * Context: the idle task, interrupts disabled.
 */
void adeos_idle_enter(void)
{
	native_irq_disable();
	while (!irqlog_empty(raw_cpu_ptr(&linux_log)))
		adeos_close_slow();
	set_state(ADEOS_SLOW);
}

/**
 * adeos_halt_allowed() - open Linux's stage, to sleep until an interrupt comes
 *
 * Context: interrupts disabled.
 * Return: true if the caller must enable the CPU's flag and halt, in one; false if
 * something had been received, which was played.
 */
noinstr bool adeos_halt_allowed(void)
{
	native_irq_disable();
	if (!irqlog_empty(raw_cpu_ptr(&linux_log))) {
		arch_local_irq_enable();
		return false;
	}
	clear_state(ADEOS_SLOW);
	set_state(ADEOS_OPEN);
	return true;
}

/**
 * adeos_kick() - have this CPU look at all logs soon
 *
 * Context: any, on one CPU.
 */
noinstr void adeos_kick(void)
{
	/* An IPI that this has interrupted may not have left yet. */
	safe_apic_wait_icr_idle();
	/* One register, so it cannot mix with the two of that. */
	apic_write(APIC_ICR, APIC_DEST_SELF | APIC_DM_FIXED | ADEOS_PORTAL_VECTOR);
}

/**
 * adeos_kick_all() - have all CPUs look at all logs soon
 *
 * Context: process, cpus_read_lock() held.
 */
void adeos_kick_all(void)
{
	unsigned int cpu;

	lockdep_assert_cpus_held();
	for_each_online_cpu(cpu)
		apic->send_IPI(cpu, ADEOS_PORTAL_VECTOR);
}

/*
 * What a gate has not passed straight to Linux: a stage ahead wants it, or is
 * stalled, or Linux's is.
 */
DEFINE_IDTENTRY_RAW_ERRORCODE(adeos_interrupt)
{
	u8 vector = error_code;
	irqentry_state_t state;

	if (adeos_vector_taken[vector] || arch_local_save_flags() & ADEOS_BLOCKED << 8) {
		state = irqentry_nmi_enter(regs);
		instrumentation_begin();
		raw_cpu_write(handling, true);
		adeos_domains_handle(vector);
		raw_cpu_write(handling, false);
		instrumentation_end();
		state.adeos |= ADEOS_NO_KICK;	/* the log is played below */
		irqentry_nmi_exit(regs, state);
	} else {
		adeos_linux_log(vector);
	}
	if (vector == ADEOS_PORTAL_VECTOR)
		apic_eoi();	/* never self-made: no need to ask */
	else
		end_interrupt(vector);

	/* For Linux, and its stage is open: any interrupt's end plays the log. */
	if (!irqlog_empty(raw_cpu_ptr(&linux_log)) &&
	    (user_mode(regs) || arch_local_save_flags() & X86_EFLAGS_IF))
		irqentry_exit(regs, irqentry_enter(regs));
}

/* What a CPU had not played when it was unplugged, fixup_irqs() has moved. */
static int prepare_cpu(unsigned int cpu)
{
	memset(per_cpu_ptr(&linux_log, cpu), 0, sizeof(struct irqlog));
	adeos_domains_prepare(cpu);
	per_cpu(adeos_irq_state, cpu) = ADEOS_SLOW << 8;
	return 0;
}

static int __init pipeline_init(void)
{
	int ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "adeos/pipeline:prepare",
					    prepare_cpu, NULL);

	return ret < 0 ? ret : 0;
}
core_initcall(pipeline_init);
