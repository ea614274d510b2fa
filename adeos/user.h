/* SPDX-License-Identifier: GPL-2.0 */
/* What the nanokernel's plain algorithms need of the kernel, in user space. */
#ifndef _ADEOS_USER_H
#define _ADEOS_USER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
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

#define hweight64(x)		__builtin_popcountll(x)

static inline void sort(void *base, size_t num, size_t size,
			int (*cmp)(const void *a, const void *b),
			void (*swap)(void *a, void *b, int size))
{
	(void)swap;
	qsort(base, num, size, cmp);
}

#endif /* _ADEOS_USER_H */
