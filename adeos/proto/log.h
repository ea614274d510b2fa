/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log ring: one writer, a vnode's kernel; one reader, the root's.
 *
 * The writer never waits: it overwrites the oldest text.  Positions count
 * bytes since the ring was cleared, modulo 2^32.
 */
#ifndef _ADEOS_LOG_H
#define _ADEOS_LOG_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "user.h"
#endif

#define ADEOS_LOG_SIZE	(128u << 10)	/* power of two */

/**
 * struct adeos_log - the ring
 * @head: position behind the newest byte
 * @pad: keeps @text off @head's cache line
 * @text: the byte at position p is @text[p % ADEOS_LOG_SIZE]
 */
struct adeos_log {
	u32 head;
	u8 pad[60];
	u8 text[ADEOS_LOG_SIZE];
};

void adeos_log_clear(struct adeos_log *log);
void adeos_log_put(struct adeos_log *log, const char *s, size_t len);
size_t adeos_log_get(const struct adeos_log *log, u64 *end, u64 *pos,
		     char *buf, size_t len);

#endif /* _ADEOS_LOG_H */
