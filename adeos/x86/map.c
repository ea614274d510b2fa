// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of memory that is not this kernel's.
 */
#include <linux/export.h>
#include <linux/io.h>
#include <linux/set_memory.h>
#include <linux/vmalloc.h>

#include "arch.h"

/**
 * adeos_map() - map memory of another vnode, or of the nanokernel
 * @start: physical address
 * @size: bytes
 *
 * Context: process, may sleep.
 * Return: the address, for adeos_unmap(), or NULL.
 */
void *adeos_map(phys_addr_t start, size_t size)
{
	return (void __force *)ioremap_cache(start, size);
}
EXPORT_SYMBOL_GPL(adeos_map);

/**
 * adeos_map_exec() - map memory so that code in it can be called
 * @start: physical address, page-aligned
 * @size: bytes
 *
 * Context: process, may sleep.
 * Return: the address, for adeos_unmap(), or NULL.
 */
void *adeos_map_exec(phys_addr_t start, size_t size)
{
	void *addr = adeos_map(start, size);

	if (addr && set_memory_x((unsigned long)addr, PAGE_ALIGN(size) >> PAGE_SHIFT)) {
		adeos_unmap(addr);
		return NULL;
	}
	return addr;
}
EXPORT_SYMBOL_GPL(adeos_map_exec);

/**
 * adeos_unmap() - undo adeos_map() or adeos_map_exec()
 * @addr: what it returned, or NULL
 *
 * Context: process, may sleep.
 */
void adeos_unmap(void *addr)
{
	if (addr)
		iounmap((void __iomem __force *)addr);
}
EXPORT_SYMBOL_GPL(adeos_unmap);
