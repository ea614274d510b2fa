/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the root and one vnode share: the vnode page and the log ring behind it.
 *
 * Each vnode ID has one such slot in memory that belongs to no vnode's region,
 * so that it outlives the vnode.  Whatever the other side writes is hostile
 * input: read once, checked, clamped.
 */
#ifndef _ADEOS_PAGE_H
#define _ADEOS_PAGE_H

#include <linux/adeos.h>
#include <linux/mm.h>

#include "commons.h"
#include "counters.h"
#include "log.h"
#include "steer.h"

#define ADEOS_PAGE_MAGIC	0x56614f53
#define ADEOS_EXTENTS		COMMONS_EXTENTS

/* What the vnode reports. */
enum adeos_report {
	ADEOS_REPORT_NONE,	/* nothing yet */
	ADEOS_REPORT_UP,	/* its initcalls are done */
	ADEOS_REPORT_OFF,	/* shut down or halted */
	ADEOS_REPORT_REBOOT,	/* wants to be started again */
	ADEOS_REPORT_CRASHED,	/* panic */
};

/* What the root asks for. */
enum adeos_request {
	ADEOS_REQUEST_NONE,
	ADEOS_REQUEST_STOP,	/* shut down in an orderly way */
};

/**
 * struct adeos_extent - a range of a vnode's memory
 * @start: physical address
 * @size: bytes, 0 if there is none
 */
struct adeos_extent {
	u64 start;
	u64 size;
};

/**
 * struct adeos_page - what a kernel would otherwise probe
 *
 * Written by the root before the vnode boots, and constant from then on:
 * @magic: ADEOS_PAGE_MAGIC
 * @abi: ADEOS_ABI
 * @id: vnode ID
 * @nr_cpus: number of CPUs
 * @cpus: their APIC IDs; the first one boots
 * @slots: their slots, which are their numbers in the machine
 * @dests: destinations of interrupts for them
 * @nr_slots: how many slots the machine has
 * @root_apic_id: where the root listens
 * @trampoline: physical address of the page below 1 MiB that is lent to it
 * @tsc_khz: frequency of the TSC
 * @lapic_khz: frequency at which the local APIC timers count, 0 if unknown
 * @physical: 0 if interrupts have cluster destinations on this machine, else physical ones
 * @extent: its memory; the kernel is in the first one
 * @commons: physical address of struct commons, which all vnodes share
 * @tsc_adjust: IA32_TSC_ADJUST of the root's boot CPU, 0 if there is none
 *
 * Written by the root at any time:
 * @request: an enum adeos_request
 * @clock_seq: odd while @clock changes, 0 before it has
 * @clock: the root's wall clock
 *
 * Written by the root before the vnode boots, and by the vnode when it starts a CPU:
 * @cmci: machine check banks that the last vnode has left claimed on each of @cpus, and
 *	from its start on those that this one has claimed; a bit each (x86)
 *
 * Written by the vnode at any time:
 * @report: an enum adeos_report
 * @heartbeat: grows about once a second
 */
struct adeos_page {
	u32 magic;
	u32 abi;
	u32 id;
	u32 nr_cpus;
	u32 cpus[ADEOS_MAX_CPUS];
	u16 slots[ADEOS_MAX_CPUS];
	u32 dests[ADEOS_MAX_CPUS];
	u32 nr_slots;
	u32 root_apic_id;
	u32 trampoline;
	u32 tsc_khz;
	u32 lapic_khz;
	u32 physical;
	u64 tsc_adjust;
	struct adeos_extent extent[ADEOS_EXTENTS];
	u64 commons;

	u32 request;
	u32 clock_seq;
	struct adeos_steer_time clock;

	u32 cmci[ADEOS_MAX_CPUS];

	u32 report;
	u32 heartbeat;
};

/**
 * struct adeos_slot - the memory of one vnode ID that outlives the vnode
 * @page: the vnode page
 * @counters: what the vnode has counted, in a page written by it alone
 * @log: the log ring
 */
struct adeos_slot {
	union {
		struct adeos_page page;
		u8 whole_page[PAGE_SIZE];
	};
	union {
		struct adeos_counters counters;
		u8 counters_page[PAGE_SIZE];
	};
	struct adeos_log log;
};

#define ADEOS_SLOT_SIZE		PAGE_ALIGN(sizeof(struct adeos_slot))

static_assert(sizeof(struct adeos_page) <= PAGE_SIZE);

#endif /* _ADEOS_PAGE_H */
