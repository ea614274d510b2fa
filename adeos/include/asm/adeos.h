/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupt flag of Linux when the nanokernel has the interrupts.
 *
 * local_irq_disable() and its like stall Linux's stage of the pipeline, which
 * is one instruction on a per-CPU word; the CPU's own flag stays on.  What
 * arrives for a stalled stage is logged, and played when the stage is
 * unstalled.  PowerPC masks its interrupts in the same way.
 *
 * adeos_irq_state reads like EFLAGS.  In user mode, it says that the stage is
 * stalled, but nobody looks: there, Linux takes all interrupts.
 */
#ifndef _ASM_X86_ADEOS_H
#define _ASM_X86_ADEOS_H

#include <asm/processor-flags.h>

/* Bits of its second byte */
#define ADEOS_OPEN	0x02	/* X86_EFLAGS_IF: Linux's stage is not stalled */
#define ADEOS_BLOCKED	0x40	/* a stage ahead of Linux's is stalled */
#define ADEOS_SLOW	0x80	/* to unstall, adeos_unstall_slow() is needed */

#ifndef __ASSEMBLY__

struct pt_regs;

void adeos_unstall_slow(void);		/* saves all registers */
void adeos_close_slow(void);
void adeos_exit_slow(struct pt_regs *regs);
void adeos_kick(void);
bool adeos_halt_allowed(void);
void adeos_idle_enter(void);

/* Linux's interrupt flag, at X86_EFLAGS_IF; other bits are none of its business. */
static __always_inline unsigned long arch_local_save_flags(void)
{
	unsigned long flags;

	asm volatile("movl %%fs:adeos_irq_state, %0" : "=r" (flags) : : "memory");
	return flags;
}

static __always_inline void arch_local_irq_disable(void)
{
	asm volatile("andb %0, %%fs:adeos_irq_state+1"
		     : : "i" ((~ADEOS_OPEN) & 0xff) : "memory", "cc");
}

/*
 * The sign is ADEOS_SLOW.  An interrupt between the two instructions finds the
 * stage open and takes the log with it.
 */
static __always_inline void arch_local_irq_enable(void)
{
	asm volatile("orb %0, %%fs:adeos_irq_state+1\n\t"
		     "jns 1f\n\t"
		     "call adeos_unstall_slow\n"
		     "1:" : : "i" (ADEOS_OPEN) : "memory", "cc");
}

static __always_inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags = arch_local_save_flags();

	arch_local_irq_disable();
	return flags;
}

/* The next arch_local_irq_enable() will turn on the CPU's own flag. */
static __always_inline void adeos_hard_disable(void)
{
	native_irq_disable();
	asm volatile("orb %0, %%fs:adeos_irq_state+1" : : "i" (ADEOS_SLOW) : "memory", "cc");
}

#define hard_irq_disable adeos_hard_disable

/* For what a handler of another stage would disturb: the ICR, for example. */
static __always_inline unsigned long adeos_hard_save(void)
{
	return native_local_irq_save();
}

static __always_inline void adeos_hard_restore(unsigned long flags)
{
	native_local_irq_restore(flags);
}

/* One index/data pair of registers serves all pins of an I/O APIC. */
unsigned long adeos_ioapic_lock(void);
void adeos_ioapic_unlock(unsigned long flags);

/* Linux has handled a level-triggered interrupt that was masked while it waited. */
void adeos_ioapic_release(unsigned int vector, bool masked);

/* Was it received, and does it wait for Linux?  It is no longer in the IRR then. */
bool adeos_vector_logged(unsigned int vector);

/* Remembers Linux's gate, and returns the nanokernel's to be put in its place. */
const void *adeos_set_gate(unsigned int vector, const void *gate);

/* From user mode: its stage has been stalled since it left the kernel. */
static __always_inline void adeos_enter_from_user(void)
{
	native_irq_enable();
}

/*
 * The CPU's flag must be off when the log is looked at for the last time, and
 * off it stays until IRET.
 */
static __always_inline void adeos_exit_to_user(void)
{
	native_irq_disable();
	while (unlikely(arch_local_save_flags() & (ADEOS_SLOW << 8)))
		adeos_close_slow();
}

/*
 * An exception or interrupt in the kernel.  The CPU has turned off its flag
 * only; do the same for Linux, and make the frame say what Linux's flag was.
 * Returns both, for the way back: the CPU's flag and, shifted, Linux's.
 */
static __always_inline unsigned long __adeos_enter(unsigned long *flags)
{
	unsigned long hard = *flags & X86_EFLAGS_IF;
	unsigned long soft = arch_local_save_flags() & X86_EFLAGS_IF;

	*flags &= soft | ~X86_EFLAGS_IF;
	arch_local_irq_disable();
	return hard | soft << 1;
}

/*
 * On the way back, Linux's flag becomes what the frame says, and the frame's
 * what the CPU's was.  Where that was off, the frame says nothing about Linux.
 */
static __always_inline void __adeos_exit(unsigned long *flags, unsigned long saved)
{
	native_irq_disable();
	if ((saved & X86_EFLAGS_IF ? *flags : saved >> 1) & X86_EFLAGS_IF)
		asm volatile("orb %0, %%fs:adeos_irq_state+1"
			     : : "i" (ADEOS_OPEN) : "memory", "cc");
	*flags |= saved & X86_EFLAGS_IF;
}

/* With it in what was saved, the caller plays the log by itself. */
#define ADEOS_NO_KICK	1

static __always_inline bool __adeos_left_open(unsigned long saved)
{
	const unsigned long both = X86_EFLAGS_IF | ADEOS_SLOW << 8;

	return (saved & (X86_EFLAGS_IF | ADEOS_NO_KICK)) == X86_EFLAGS_IF &&
		(arch_local_save_flags() & both) == both;
}

/* Other stages may interrupt what comes between these. */
#define adeos_enter_kernel(regs) ({				\
	unsigned long __saved = __adeos_enter(&(regs)->flags);	\
	if (__saved & X86_EFLAGS_IF)				\
		native_irq_enable();				\
	__saved;						\
})

#define adeos_exit_kernel(regs, saved) do {			\
	__adeos_exit(&(regs)->flags, saved);			\
	if (unlikely(__adeos_left_open(saved)))			\
		adeos_exit_slow(regs);				\
} while (0)

/* No interrupt comes between these, and none is played. */
#define adeos_enter_nmi(regs)	__adeos_enter(&(regs)->flags)

#define adeos_exit_nmi(regs, saved) do {			\
	__adeos_exit(&(regs)->flags, saved);			\
	if (unlikely(__adeos_left_open(saved)))			\
		adeos_kick();					\
} while (0)

#endif /* __ASSEMBLY__ */
#endif /* _ASM_X86_ADEOS_H */
