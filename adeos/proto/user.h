/* SPDX-License-Identifier: GPL-2.0 */
/* What the nanokernel's plain algorithms need of the kernel, in user space. */
#ifndef _ADEOS_USER_H
#define _ADEOS_USER_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/cdefs.h>	/* __always_inline */

#include <linux/types.h>

#include "../include/linux/adeos_abi.h"
#include "../include/linux/adeos_bridge.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __s64 s64;
typedef unsigned long long u64;

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)

/* As C11 has it; what it pairs with is said where it is used. */
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
/* As C11 has it; what it pairs with is said where it is used. */
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
/* As C11 has it; what it pairs with is said where it is used. */
#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
/* As C11 has it; what it pairs with is said where it is used. */
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)

/* Stores before it, loads behind it; what it pairs with is said where it is used. */
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

#define min_t(type, a, b) ({			\
	type _a = (a);				\
	type _b = (b);				\
	_a < _b ? _a : _b;			\
})
#define max_t(type, a, b) ({			\
	type _a = (a);				\
	type _b = (b);				\
	_a > _b ? _a : _b;			\
})
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

#define cond_resched()		((void)0)
#define hweight64(x)		__builtin_popcountll(x)
#define hweight32(x)		((unsigned int)__builtin_popcount(x))

static inline void sort(void *base, size_t num, size_t size,
			int (*cmp)(const void *a, const void *b),
			void (*swap)(void *a, void *b, int size))
{
	(void)swap;
	qsort(base, num, size, cmp);
}

#define noinstr
#define __ro_after_init
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define __aligned(x)		_Alignas(x)

struct user_atomic {
	int counter;
};

#define atomic_t		struct user_atomic

/* Those without a value order nothing, as the kernel's. */
#define atomic_read(a)		__atomic_load_n(&(a)->counter, __ATOMIC_RELAXED)
#define atomic_set(a, v)	__atomic_store_n(&(a)->counter, v, __ATOMIC_RELAXED)
#define atomic_or(v, a)		((void)__atomic_fetch_or(&(a)->counter, v, __ATOMIC_RELAXED))
#define atomic_andnot(v, a)	((void)__atomic_fetch_and(&(a)->counter, ~(v), __ATOMIC_RELAXED))
#define try_cmpxchg(p, old, new) \
	__atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
#define try_cmpxchg_acquire(p, old, new) \
	__atomic_compare_exchange_n(p, old, new, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)

#define __ffs64(x)		((unsigned int)__builtin_ctzll(x))
#define __ffs(x)		((unsigned int)__builtin_ctz(x))

/* Tests have more threads than CPUs. */
#ifndef cpu_relax
#define cpu_relax()		((void)sched_yield())
#endif

#endif /* _ADEOS_USER_H */
