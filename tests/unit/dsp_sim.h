/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Forced in front of the protocol's sources (gcc -include): each access to the
 * commons becomes a step, at which the simulation may go on with another vnode
 * or let this one die.
 */
#ifndef _DSP_SIM_H
#define _DSP_SIM_H

#include "proto/user.h"

void sim_step(void);

#undef READ_ONCE
#undef WRITE_ONCE
#undef smp_load_acquire
#undef smp_store_release
#undef xchg
#define READ_ONCE(x)		(sim_step(), __atomic_load_n(&(x), __ATOMIC_RELAXED))
#define WRITE_ONCE(x, v)	(sim_step(), __atomic_store_n(&(x), v, __ATOMIC_RELAXED))
/* As user.h has it, and a step. */
#define smp_load_acquire(p)	(sim_step(), __atomic_load_n(p, __ATOMIC_ACQUIRE))
/* As user.h has it, and a step. */
#define smp_store_release(p, v)	(sim_step(), __atomic_store_n(p, v, __ATOMIC_RELEASE))
#define xchg(p, v)		(sim_step(), __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST))
#define commons_or(p, v)	(sim_step(), __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST))
#define commons_and(p, v)	(sim_step(), __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST))
#define COMMONS_ATOMICS		/* commons.h need not define them */

#endif /* _DSP_SIM_H */
