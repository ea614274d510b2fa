/* SPDX-License-Identifier: GPL-2.0 */
/*
 * This kernel as a node of the cluster: its half of the DSP.
 */
#ifndef _ADEOS_NODE_H
#define _ADEOS_NODE_H

#include <linux/adeos.h>

#include "client.h"
#include "commons.h"

struct dsp;
struct dsp_result;

/* node.c */
struct commons *adeos_commons(void);
struct dsp *adeos_node(void);
u32 adeos_now_ms(void);
void adeos_node_wait(unsigned long timeout);
void adeos_node_turn(u8 type);
int adeos_node_call(int call, struct dsp_result *result);

/* doorbell.c */
void adeos_node_interrupt(u32 to);
void adeos_portals_look(void);

/* bridge.c: calls of the state machines, with adeos_lock held */
void adeos_bridge_freeze(void *priv, u32 index);
void adeos_bridge_thaw(void *priv, u32 index, u32 pfn);
void adeos_bridge_gone(void *priv, u32 index);

/* bridge_sysfs.c, in the root */
void adeos_bridges_changed(void);

/* In the root, with adeos_lock held */
int adeos_node_init_root(struct commons *c);
void adeos_node_started(u32 id, const u32 *clusters, unsigned int nr_cpus);
void adeos_node_died(u32 id);
bool adeos_bridge_region(u32 index, u64 *start, u64 *size);

#endif /* _ADEOS_NODE_H */
