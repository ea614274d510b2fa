// SPDX-License-Identifier: GPL-2.0
/*
 * The log ring's two algorithms.  They also compile in user space, where they
 * are tested.
 */
#ifdef __KERNEL__
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <asm/barrier.h>
#else
#include "user.h"
#endif

#include "log.h"

/**
 * adeos_log_clear() - empty a ring
 * @log: the ring; nobody may be writing to it
 */
void adeos_log_clear(struct adeos_log *log)
{
	WRITE_ONCE(log->head, 0);
}

/**
 * adeos_log_put() - append to a ring
 * @log: the ring
 * @s: the text; carriage returns are dropped, the log has bare newlines
 * @len: its length, bytes
 *
 * Context: any, but callers exclude each other.
 */
void adeos_log_put(struct adeos_log *log, const char *s, size_t len)
{
	u32 head = READ_ONCE(log->head);

	for (; len; len--, s++) {
		if (*s == '\r')
			continue;
		WRITE_ONCE(log->text[head % ADEOS_LOG_SIZE], *s);
		head++;
		/*
		 * The text before the position that covers it, and that before
		 * the next text: a reader that saw a byte overwritten must also
		 * see, in its second look at the head, that it was.
		 */
		smp_store_release(&log->head, head);
		smp_wmb();	/* pairs with smp_rmb() in adeos_log_get() */
	}
}

/* The writer may be overwriting the byte before this position just now. */
static u64 oldest(u64 end)
{
	return end >= ADEOS_LOG_SIZE ? end - ADEOS_LOG_SIZE + 1 : 0;
}

/**
 * adeos_log_get() - read from a ring that somebody may be writing to
 * @log: the ring; its contents are not trusted
 * @end: in, out: the position behind the newest byte, in 64 bits: the reader
 *	keeps it from call to call, beginning with 0
 * @pos: in: the position to read at; out: the position behind what was read.
 *	Text that was already overwritten is skipped.
 * @buf: where to store the text
 * @len: its size, bytes
 *
 * Context: any; callers for the same @end exclude each other.
 * Return: number of bytes stored; if 0 and *@pos has not moved, there is
 * nothing new.
 */
size_t adeos_log_get(const struct adeos_log *log, u64 *end, u64 *pos,
		     char *buf, size_t len)
{
	u64 first;
	size_t i, lost;

	/* The writer's 32 bits cannot move *end by more than 4 GiB. */
	*end += (u32)(smp_load_acquire(&log->head) - (u32)*end);
	first = oldest(*end);
	if (*pos < first)
		*pos = first;
	if (*pos >= *end)
		return 0;

	len = min_t(u64, len, *end - *pos);
	for (i = 0; i < len; i++)
		buf[i] = READ_ONCE(log->text[(*pos + i) % ADEOS_LOG_SIZE]);

	/* The copy before the second look at what was overwritten meanwhile. */
	smp_rmb();	/* pairs with smp_wmb() in adeos_log_put() */
	*end += (u32)(READ_ONCE(log->head) - (u32)*end);
	first = oldest(*end);
	lost = *pos < first ? min_t(u64, len, first - *pos) : 0;
	*pos += len;
	for (i = lost; lost && i < len; i++)
		buf[i - lost] = buf[i];
	return len - lost;
}
