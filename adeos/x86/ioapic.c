// SPDX-License-Identifier: GPL-2.0
/*
 * Level-triggered interrupts that wait in a log.  Once they are ended at the
 * local APIC, the I/O APIC would send them again at once: their pins are masked
 * until Linux has handled them.
 */
#include <linux/bitmap.h>

#include <asm/apic.h>
#include <asm/io_apic.h>

#include "irq/pipeline.h"
#include "x86.h"

#define RTE_LOW(pin)		(0x10 + 2 * (pin))
#define RTE_VECTOR		0xff
#define RTE_LOGICAL		BIT(11)
#define RTE_LEVEL		BIT(15)
#define RTE_MASKED		BIT(16)
#define VERSION_PINS(v)		(((v) >> 16 & 0xff) + 1)

/* Pins that are masked because their interrupt waits in a log */
static DECLARE_BITMAP(held, MAX_IO_APICS * 256);

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

/* Does the pin send to this CPU?  Others may use the same vector for other pins. */
static __always_inline bool sends_here(unsigned int apic, unsigned int pin, u32 rte)
{
	u32 dest = read_register(apic, RTE_LOW(pin) + 1) >> 24, here;

	if (!(rte & RTE_LOGICAL))
		return dest == apic_read(APIC_ID) >> 24;
	here = GET_APIC_LOGICAL_ID(apic_read(APIC_LDR));
	if (apic_read(APIC_DFR) != APIC_DFR_CLUSTER)
		return dest & here;
	return dest >> 4 == here >> 4 && dest & here & 0xf;
}

/* Masks the pin that sends a vector to this CPU, if there is one. */
noinstr void adeos_ioapic_hold(u8 vector)
{
	unsigned long flags = adeos_ioapic_lock();
	unsigned int apic, pin;
	u32 rte;

	for (apic = 0; apic < nr_ioapics; apic++) {
		pin = VERSION_PINS(read_register(apic, 1));
		while (pin--) {
			rte = read_register(apic, RTE_LOW(pin));
			if ((rte & RTE_VECTOR) != vector || !(rte & RTE_LEVEL) ||
			    rte & RTE_MASKED || !sends_here(apic, pin, rte))
				continue;
			write_register(apic, RTE_LOW(pin), rte | RTE_MASKED);
			__set_bit(apic << 8 | pin, held);
		}
	}
	adeos_ioapic_unlock(flags);
}

static void unmask(unsigned int pin)
{
	u32 rte = read_register(pin >> 8, RTE_LOW(pin & 0xff));

	write_register(pin >> 8, RTE_LOW(pin & 0xff), rte & ~RTE_MASKED);
}

/**
 * adeos_ioapic_release() - a level-triggered interrupt was handled
 * @pin: its I/O APIC << 8 | its pin
 * @masked: Linux wants it to be masked
 *
 * Context: any; the caller sees to it that Linux does not change its mind.
 */
void adeos_ioapic_release(unsigned int pin, bool masked)
{
	unsigned long flags;

	if (!test_bit(pin, held))
		return;
	flags = adeos_ioapic_lock();
	if (__test_and_clear_bit(pin, held) && !masked)
		unmask(pin);
	adeos_ioapic_unlock(flags);
}

/* The same for one that was handled ahead of Linux. */
noinstr void adeos_ioapic_release_vector(u8 vector)
{
	unsigned long flags = adeos_ioapic_lock();
	unsigned int pin;
	u32 rte;

	for_each_set_bit(pin, held, MAX_IO_APICS * 256) {
		rte = read_register(pin >> 8, RTE_LOW(pin & 0xff));
		if ((rte & RTE_VECTOR) != vector || !sends_here(pin >> 8, pin & 0xff, rte))
			continue;
		__clear_bit(pin, held);
		unmask(pin);
	}
	adeos_ioapic_unlock(flags);
}
