// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/proto/log.c: the ring as one thread sees it, and with a writer that does not
 * wait for the reader.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/log.h"
#include "tap.h"

static struct adeos_log ring;

/* The byte at a position tells the position, as far as a byte can. */
static char byte_at(u64 pos)
{
	return 'A' + pos % 23;
}

static void put_until(u64 from, u64 to)
{
	for (; from < to; from++) {
		char c = byte_at(from);

		adeos_log_put(&ring, &c, 1);
	}
}

static int right(u64 pos, const char *buf, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (buf[i] != byte_at(pos + i))
			return 0;
	return 1;
}

static void test_alone(void)
{
	static char buf[2 * ADEOS_LOG_SIZE];
	u64 end = 0, pos = 0;
	size_t n;

	adeos_log_clear(&ring);
	ok(adeos_log_get(&ring, &end, &pos, buf, sizeof(buf)) == 0 && pos == 0, "an empty ring");
	adeos_log_put(&ring, "one\r\ntwo\r\n", 10);
	n = adeos_log_get(&ring, &end, &pos, buf, sizeof(buf));
	ok(n == 8 && !memcmp(buf, "one\ntwo\n", 8) && pos == 8, "text without carriage returns");
	pos = 4;
	n = adeos_log_get(&ring, &end, &pos, buf, 3);
	ok(n == 3 && !memcmp(buf, "two", 3) && pos == 7, "a part of it");
	pos = 1000;
	ok(adeos_log_get(&ring, &end, &pos, buf, 3) == 0 && pos == 1000, "beyond the end");

	adeos_log_clear(&ring);
	end = 0;
	pos = 0;
	put_until(0, ADEOS_LOG_SIZE + 1000);
	n = adeos_log_get(&ring, &end, &pos, buf, sizeof(buf));
	ok(n == ADEOS_LOG_SIZE - 1 && pos == ADEOS_LOG_SIZE + 1000 &&
	   right(1001, buf, n), "what was overwritten is skipped");
}

static void test_wrap(void)
{
	static char buf[ADEOS_LOG_SIZE];
	u64 end = 0xffffff00, pos = 0xffffff00;
	size_t n;

	ring.head = 0xffffff00;
	put_until(0xffffff00, 0x100000100);
	n = adeos_log_get(&ring, &end, &pos, buf, sizeof(buf));
	ok(n == 0x200 && pos == 0x100000100 && right(0xffffff00, buf, n),
	   "positions go on behind 4 GiB");
}

static void test_hostile(void)
{
	static char buf[4096];
	u64 end = 0, pos = 0, old;
	unsigned int i;
	size_t n;

	for (i = 0; i < 100000; i++) {
		ring.head = (u32)rand() << 16 ^ rand();
		if (!(i % 3))
			pos = (u64)rand() << 40 ^ rand();
		old = pos;
		n = adeos_log_get(&ring, &end, &pos, buf, sizeof(buf));
		if (n > sizeof(buf) || pos < old)
			break;
	}
	ok(i == 100000, "a head that jumps does no harm");
}

#define WRITTEN	(40ULL * ADEOS_LOG_SIZE)

static void *writer(void *unused)
{
	put_until(0, WRITTEN);
	return unused;
}

static void test_concurrent(void)
{
	static char buf[4096];
	u64 end = 0, pos = 0, got = 0, lost = 0, next = 0;
	pthread_t thread;
	int all_right = 1;
	size_t n;

	adeos_log_clear(&ring);
	pthread_create(&thread, NULL, writer, NULL);
	/* It begins when something is overwritten. */
	while (__atomic_load_n(&ring.head, __ATOMIC_RELAXED) <= ADEOS_LOG_SIZE)
		sched_yield();
	while (pos < WRITTEN) {
		n = adeos_log_get(&ring, &end, &pos, buf, 1 + rand() % sizeof(buf));
		/* Now and then it falls behind. */
		if (rand() % 64 == 0)
			usleep(1000);
		if (!right(pos - n, buf, n))
			all_right = 0;
		lost += pos - n - next;
		next = pos;
		got += n;
	}
	pthread_join(thread, NULL);
	ok(all_right, "what is read while it is written is right");
	ok(got + lost == WRITTEN && got > 0 && lost > 0, "and what is missing was skipped");
	printf("# %llu bytes read, %llu overwritten before\n",
	       (unsigned long long)got, (unsigned long long)lost);
}

int main(void)
{
	srand(2002);
	test_alone();
	test_wrap();
	test_hostile();
	test_concurrent();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
