// SPDX-License-Identifier: GPL-2.0
/*
 * Level-triggered interrupts that wait in a log.  Once they are ended at the
 * local APIC, the I/O APIC would send them again at once: their pins are masked
 * until Linux has handled them.
 */
#include <linux/spinlock.h>

#include <asm/apic.h>
#include <asm/io_apic.h>

#include "../pipeline.h"
#include "arch.h"

#define RTE_LOW(pin)		(0x10 + 2 * (pin))
#define RTE_VECTOR		0xff
#define RTE_LEVEL		BIT(15)
#define RTE_MASKED		BIT(16)
#define VERSION_PINS(v)		(((v) >> 16 & 0xff) + 1)

/* Not one of Linux's: it is taken where lockdep must not look. */
static arch_spinlock_t registers_lock = __ARCH_SPIN_LOCK_UNLOCKED;

/* For each vector, I/O APIC and pin that are masked because it waits: 1 + apic << 8 | pin */
static u32 held[NR_VECTORS];

/**
 * adeos_ioapic_lock() - keep others from an I/O APIC's index register
 *
 * Context: any.
 * Return: what adeos_ioapic_unlock() wants.
 */
noinstr unsigned long adeos_ioapic_lock(void)
{
	unsigned long flags = adeos_hard_save();

	arch_spin_lock(&registers_lock);
	return flags;
}

/**
 * adeos_ioapic_unlock() - the opposite
 * @flags: what adeos_ioapic_lock() has returned
 */
noinstr void adeos_ioapic_unlock(unsigned long flags)
{
	arch_spin_unlock(&registers_lock);
	adeos_hard_restore(flags);
}

static __always_inline void __iomem *window(unsigned int apic)
{
	return (void __iomem *)__fix_to_virt(FIX_IO_APIC_BASE_0 + apic) +
		(mpc_ioapic_addr(apic) & ~PAGE_MASK);
}

static __always_inline u32 read_register(unsigned int apic, u32 reg)
{
	writel(reg, window(apic));
	return readl(window(apic) + 0x10);
}

static __always_inline void write_register(unsigned int apic, u32 reg, u32 value)
{
	writel(reg, window(apic));
	writel(value, window(apic) + 0x10);
}

/* Masks the pin that sends a vector, if there is one. */
noinstr void adeos_ioapic_hold(u8 vector)
{
	unsigned long flags = adeos_ioapic_lock();
	unsigned int apic, pin;
	u32 rte;

	for (apic = 0; apic < nr_ioapics; apic++) {
		pin = VERSION_PINS(read_register(apic, 1));
		while (pin--) {
			rte = read_register(apic, RTE_LOW(pin));
			if ((rte & RTE_VECTOR) != vector || !(rte & RTE_LEVEL) || rte & RTE_MASKED)
				continue;
			write_register(apic, RTE_LOW(pin), rte | RTE_MASKED);
			held[vector] = 1 + (apic << 8 | pin);
		}
	}
	adeos_ioapic_unlock(flags);
}

/**
 * adeos_ioapic_release() - a level-triggered interrupt was handled
 * @vector: its vector
 * @masked: Linux wants its pin to be masked
 *
 * Context: any.
 */
void adeos_ioapic_release(unsigned int vector, bool masked)
{
	unsigned long flags;
	u32 pin, rte;

	if (!READ_ONCE(held[vector]))
		return;
	flags = adeos_ioapic_lock();
	pin = held[vector];
	held[vector] = 0;
	if (pin-- && !masked) {
		rte = read_register(pin >> 8, RTE_LOW(pin & 0xff));
		write_register(pin >> 8, RTE_LOW(pin & 0xff), rte & ~RTE_MASKED);
	}
	adeos_ioapic_unlock(flags);
}
