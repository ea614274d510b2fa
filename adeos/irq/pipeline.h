/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupt pipeline: what its architecture-independent part, domain.c, and
 * the rest of it know of each other.  docs/pipeline.md describes it.
 */
#ifndef _ADEOS_PIPELINE_H
#define _ADEOS_PIPELINE_H

#include <linux/adeos.h>
#include <linux/percpu.h>

#include "proto/irqlog.h"

/* Is there a domain that takes the vector?  Its gate looks here. */
extern u8 adeos_vector_taken[IRQLOG_VECTORS];

/* How often each vector was received, and how much of that had to wait for Linux */
DECLARE_PER_CPU(u32 [IRQLOG_VECTORS], adeos_received);
DECLARE_PER_CPU(u32 [IRQLOG_VECTORS], adeos_logged);

/* domain.c: with the CPU's interrupt flag off */
void adeos_domains_handle(u8 vector);
void adeos_domains_prepare(unsigned int cpu);

/* portal.c: likewise */
void adeos_portals_handle(void);

/* x86/pipeline.c */
void adeos_linux_log(u8 vector);
void adeos_set_blocked(bool blocked);
void adeos_hold(u8 vector);
void adeos_release(u8 vector);
void adeos_kick_all(void);

#endif /* _ADEOS_PIPELINE_H */
