/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log of a pipeline's stage on one CPU: what has arrived while the stage
 * was stalled, by vector, and how often.  Used with the CPU's interrupt flag
 * off, by that CPU only.
 */
#ifndef _ADEOS_IRQLOG_H
#define _ADEOS_IRQLOG_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "user.h"
#endif

#define IRQLOG_VECTORS	256

/**
 * struct irqlog - interrupts that wait
 * @words: bit i is set if @map[i] is not 0
 * @map: bit v % 32 of word v / 32 is set if @count[v] is not 0
 * @count: how often each vector has arrived and not been taken
 */
struct irqlog {
	u32 words;
	u32 map[IRQLOG_VECTORS / 32];
	u32 count[IRQLOG_VECTORS];
};

static __always_inline bool irqlog_empty(const struct irqlog *log)
{
	return !log->words;
}

static __always_inline bool irqlog_has(const struct irqlog *log, u8 vector)
{
	return log->count[vector];
}

static __always_inline void irqlog_put(struct irqlog *log, u8 vector)
{
	log->count[vector]++;
	log->map[vector / 32] |= 1u << vector % 32;
	log->words |= 1u << vector / 32;
}

/* Takes one of the highest vector, as an APIC would.  The log is not empty. */
static __always_inline u8 irqlog_take(struct irqlog *log)
{
	unsigned int word = 31 - __builtin_clz(log->words);
	unsigned int vector = word * 32 + 31 - __builtin_clz(log->map[word]);

	if (--log->count[vector])
		return vector;
	log->map[word] &= ~(1u << vector % 32);
	if (!log->map[word])
		log->words &= ~(1u << word);
	return vector;
}

#endif /* _ADEOS_IRQLOG_H */
