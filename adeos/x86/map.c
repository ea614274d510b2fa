// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of memory that is not this kernel's.
 */
#include <linux/export.h>
#include <linux/io.h>
#include <linux/set_memory.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "x86.h"

/* How much adeos_copy() maps at a time, bytes */
#define WINDOW		SZ_1M

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

static int copy_part(void *dst, phys_addr_t to, void *src, phys_addr_t from, size_t size)
{
	unsigned long d = (unsigned long)dst, s = (unsigned long)src;
	size_t done, at;
	int ret;

	ret = vmap_page_range(s, s + size, from, PAGE_KERNEL);
	if (!ret)
		ret = vmap_page_range(d, d + size, to, PAGE_KERNEL);
	/* In the order in which nothing is overwritten before it was copied. */
	for (done = 0; !ret && done < size; done += PAGE_SIZE) {
		at = to < from ? done : size - PAGE_SIZE - done;
		memcpy(dst + at, src + at, PAGE_SIZE);
	}
	vunmap_range(s, s + size);
	vunmap_range(d, d + size);
	return ret;
}

/**
 * adeos_copy() - copy memory that is not this kernel's
 * @to: where to, a physical address
 * @from: where from; the two may overlap
 * @size: bytes; all three are multiples of the page size
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOMEM and then nothing was copied.
 */
int adeos_copy(phys_addr_t to, phys_addr_t from, size_t size)
{
	struct vm_struct *dst = get_vm_area(WINDOW, VM_IOREMAP);
	struct vm_struct *src = get_vm_area(WINDOW, VM_IOREMAP);
	size_t done, part, at;
	int ret = dst && src ? 0 : -ENOMEM;

	for (done = 0; !ret && done < size; done += part) {
		part = min_t(size_t, size - done, WINDOW);
		at = to < from ? done : size - done - part;
		ret = copy_part(dst->addr, to + at, src->addr, from + at, part);
		/* The page tables are there since the first part: it cannot fail any more. */
		WARN_ON(ret && done);
	}
	if (src)
		free_vm_area(src);
	if (dst)
		free_vm_area(dst);
	return ret;
}
