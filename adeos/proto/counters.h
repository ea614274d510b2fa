/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a vnode counts, for the root to read: copied to its slot now and then,
 * so that it can still be read when the vnode is dead.
 */
#ifndef _ADEOS_COUNTERS_H
#define _ADEOS_COUNTERS_H

#include "commons.h"
#include "dsp.h"
#include "irqlog.h"

/**
 * struct adeos_counters - numbers of all CPUs together, modulo 2^32
 * @received: interrupts, by vector
 * @logged: those of them that had to wait for Linux
 * @rung: portals of others, by number, that cost an interrupt
 * @coalesced: those that were rung already
 * @handled: handlers of own portals called
 * @bad_destination: vnodes that said nonsense about where to ring them
 * @freezes: bridges that were frozen to be moved, and thawed
 * @frozen_us: how long in all, microseconds
 * @frozen_us_max: the longest time
 * @lock_timeouts: inter-vnode locks that were not released, and gone without
 * @dsp: the protocol's
 */
struct adeos_counters {
	u32 received[IRQLOG_VECTORS];
	u32 logged[IRQLOG_VECTORS];
	u32 rung[COMMONS_PORTALS];
	u32 coalesced[COMMONS_PORTALS];
	u32 handled[COMMONS_PORTALS];
	u32 bad_destination;
	u32 freezes;
	u32 frozen_us;
	u32 frozen_us_max;
	u32 lock_timeouts;
	struct dsp_count dsp;
};

#endif /* _ADEOS_COUNTERS_H */
