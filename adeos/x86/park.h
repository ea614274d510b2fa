/* SPDX-License-Identifier: GPL-2.0 */
/* The parking page: what trampoline.S and cpu.c know of it. */
#ifndef _ADEOS_PARK_H
#define _ADEOS_PARK_H

/* What the code is told, offsets */
#define PARK_IDT_BASE	6
#define PARK_THERMAL	12	/* what the CPU's LVTTHMR is to be, or 0: leave it */
#define PARK_GDT_BASE	18
#define PARK_GDT	24

/* Behind the code */
#define PARK_ANSWERS	512	/* a byte for each APIC ID */
#define PARK_STACK	1024	/* its end; what is on it is never read */
#define PARK_IDT	1024	/* in real mode's format */
#define PARK_VECTORS	32

#endif /* _ADEOS_PARK_H */
