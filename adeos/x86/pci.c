// SPDX-License-Identifier: GPL-2.0
/*
 * The machine has one address register for PCI's configuration space.  What a kernel
 * writes there must not be overwritten by another one before the data register was
 * accessed, and Linux's pci_config_lock knows only the CPUs of its own (paper: "PCI
 * subsystem", "Locking primitives").  Only the root has PCI so far.
 */
#include <linux/init.h>
#include <linux/irqflags.h>

#include <asm/pci_x86.h>

#include "x86.h"

static const struct pci_raw_ops *linux_ops;

/*
 * Linux's stage is stalled around the machine's lock: linux_ops takes a lock of
 * Linux's, and to release that would open the stage, and turn on the CPU's own flag.
 */
static int pci_read(unsigned int domain, unsigned int bus, unsigned int devfn, int reg,
		    int len, u32 *val)
{
	unsigned long flags, hard;
	int ret;

	local_irq_save(flags);
	hard = adeos_shared_lock(COMMONS_LOCK_PCI);
	ret = linux_ops->read(domain, bus, devfn, reg, len, val);
	adeos_shared_unlock(COMMONS_LOCK_PCI, hard);
	local_irq_restore(flags);
	return ret;
}

static int pci_write(unsigned int domain, unsigned int bus, unsigned int devfn, int reg,
		     int len, u32 val)
{
	unsigned long flags, hard;
	int ret;

	local_irq_save(flags);
	hard = adeos_shared_lock(COMMONS_LOCK_PCI);
	ret = linux_ops->write(domain, bus, devfn, reg, len, val);
	adeos_shared_unlock(COMMONS_LOCK_PCI, hard);
	local_irq_restore(flags);
	return ret;
}

static const struct pci_raw_ops locked_ops = {
	.read	= pci_read,
	.write	= pci_write,
};

/* Behind pci_arch_init(), which chooses Linux's; no vnode is there yet. */
static int __init pci_wrap_ops(void)
{
	if (!adeos_is_root() || !raw_pci_ops)
		return 0;
	linux_ops = raw_pci_ops;
	raw_pci_ops = &locked_ops;
	return 0;
}
arch_initcall_sync(pci_wrap_ops);
