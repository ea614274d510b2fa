/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whole cores: hyperthreads of a core do not belong to two vnodes.
 */
#ifndef _ADEOS_CORES_H
#define _ADEOS_CORES_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "proto/user.h"
typedef __s16 s16;
#endif

/* Whose a CPU is, if it is no vnode's */
#define ADEOS_CPU_FREE	(-1)
#define ADEOS_CPU_NONE	(-2)

int cores_split(const s16 *owner, u32 nr_ids, u32 shift, u32 cpu);

#endif /* _ADEOS_CORES_H */
