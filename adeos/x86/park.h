/* SPDX-License-Identifier: GPL-2.0 */
/* The parking page: what trampoline.S, cpu.c and selftest.c know of it. */
#ifndef _ADEOS_PARK_H
#define _ADEOS_PARK_H

/* What the code is told, offsets */
#define PARK_IDT_BASE	6
#define PARK_THERMAL	12	/* what the CPU's LVTTHMR is to be, or 0: leave it */
#define PARK_GDT_BASE	18
#define PARK_GDT	24

/* Behind the code */
#define PARK_ANSWERS	512	/* a byte for each APIC ID: */
#define PARK_HERE	1	/* it has left whatever it was doing */
#define PARK_TOLD	2	/* it has written what it has received */
#define PARK_STACK	1024	/* its end; what is on it is never read */
#define PARK_IDT	1024	/* in real mode's format */
#define PARK_VECTORS	32

/* The self-test of the APICs, a place for each APIC ID */
#define PARK_LOGICAL	1152	/* a byte: its logical ID; 0: it takes no part, or no more */
#define PARK_GOT	2048	/* 8 bytes: what of the test's vectors its IRR has */

#endif /* _ADEOS_PARK_H */
