/* SPDX-License-Identifier: GPL-2.0 */
/*
 * This kernel as a node of the cluster: its half of the DSP.
 */
#ifndef _ADEOS_DRIVE_H
#define _ADEOS_DRIVE_H

#include <linux/types.h>

struct adeos_counters;
struct commons;
struct dsp;
struct dsp_result;

/* drive.c */
struct dsp *adeos_node(void);
u32 adeos_now_ms(void);
void adeos_node_wait(unsigned long timeout);
void adeos_node_turn(u8 type);
int adeos_node_call(int call, struct dsp_result *result);

/* leave.c, with adeos_lock held */
bool adeos_members_leave(u64 mask);

/* bridge.c: calls of the state machines, with adeos_lock held */
void adeos_bridge_freeze(void *priv, u32 index);
void adeos_bridge_thaw(void *priv, u32 index, u32 pfn);
void adeos_bridge_gone(void *priv, u32 index);
void adeos_bridges_count(struct adeos_counters *to);

/* In the root, with adeos_lock held */
int adeos_node_init_root(struct commons *c);
void adeos_node_set_cpu(u32 slot, u32 apic_id, u32 dest, u32 owner);
void adeos_node_set_extent(u32 id, unsigned int n, u64 start, u64 size);
void adeos_node_started(u32 id);
void adeos_node_died(u32 id);
bool adeos_node_let_go(u32 id);
unsigned int adeos_node_kept(u32 id);

/* What this asks of sysfs/bridges.c, in the root: show what there is now */
void adeos_bridges_changed(void);

#endif /* _ADEOS_DRIVE_H */
