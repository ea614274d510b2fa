// SPDX-License-Identifier: GPL-2.0
/*
 * Level-triggered interrupts that wait in a log.  Once they are ended at the
 * local APIC, the I/O APIC would send them again at once: their pins are masked
 * until Linux has handled them.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/percpu.h>

#include <asm/hw_irq.h>
#include <asm/io_apic.h>
#include <asm/irqdomain.h>

#include "irq/pipeline.h"
#include "x86.h"

#define RTE_LOW(pin)		(0x10 + 2 * (pin))
#define RTE_VECTOR		0xff
#define RTE_LEVEL		BIT(15)
#define RTE_MASKED		BIT(16)

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

/*
 * The pin behind a vector of this CPU's, from Linux's own tables: its I/O APIC << 8 |
 * its number; or -1.  There is no need to search all pins of the machine for it.
 */
static __always_inline int pin_of(u8 vector)
{
	struct irq_desc *desc = __this_cpu_read(vector_irq[vector]);
	struct irq_data *data;

	if (IS_ERR_OR_NULL(desc))
		return -1;
	data = &desc->irq_data;
	if (!data->domain || data->domain->ops != &mp_ioapic_irqdomain_ops)
		return -1;
	return (int)(long)data->domain->host_data << 8 | (int)data->hwirq;
}

/* Masks the pin that sends a vector to this CPU, if there is one. */
noinstr void adeos_ioapic_hold(u8 vector)
{
	int pin = pin_of(vector);
	unsigned long flags;
	u32 rte;

	if (pin < 0)
		return;
	flags = adeos_ioapic_lock();
	rte = read_register(pin >> 8, RTE_LOW(pin & 0xff));
	/* Linux may have given the pin another vector since. */
	if ((rte & RTE_VECTOR) == vector && rte & RTE_LEVEL && !(rte & RTE_MASKED)) {
		write_register(pin >> 8, RTE_LOW(pin & 0xff), rte | RTE_MASKED);
		__set_bit(pin, held);
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
	int pin = pin_of(vector);
	unsigned long flags;

	if (pin < 0)
		return;
	flags = adeos_ioapic_lock();
	if (__test_and_clear_bit(pin, held))
		unmask(pin);
	adeos_ioapic_unlock(flags);
}
