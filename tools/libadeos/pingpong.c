// SPDX-License-Identifier: GPL-2.0
/*
 * bridge-pingpong: an example of adeos_bridge(3).
 *
 *	vnode A:  bridge-pingpong NAME ROUNDS		makes the bridge
 *	vnode B:  bridge-pingpong NAME ROUNDS A		opens it
 *
 * The ball is a number.  One of them returns it when it is even, the other when
 * it is odd: adds 1, and rings.
 */
#include <adeos/bridge.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct table {
	atomic_uint ball;
};

static void fail(const char *what)
{
	fprintf(stderr, "bridge-pingpong: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* The second program waits until the first one has made it. */
static int open_patiently(int vnode, const char *name)
{
	struct timespec moment = { .tv_nsec = 10000000 };
	int fd;

	for (;;) {
		fd = adeos_bridge_open(vnode, name, O_RDWR);
		if (fd >= 0 || (errno != ENOENT && errno != ENOTCONN))
			return fd;
		nanosleep(&moment, NULL);
	}
}

static void play(int fd, struct table *table, unsigned int rounds, bool opener)
{
	unsigned int ball;

	for (;;) {
		ball = atomic_load(&table->ball);
		if (ball >= 2 * rounds)
			return;
		if (ball % 2 == opener) {
			atomic_store(&table->ball, ball + 1);
			/* After the last ring, the other side and the bridge may be gone. */
			if (adeos_bridge_ring(fd) && ball + 1 < 2 * rounds)
				fail("ring");
			if (ball + 1 == 2 * rounds)
				return;
		} else if (adeos_bridge_wait(fd, -1, NULL) < 0 && errno != EINTR) {
			fail("wait");
		}
	}
}

int main(int argc, char **argv)
{
	unsigned int rounds;
	struct table *table;
	double start;
	int fd;

	if (argc != 3 && argc != 4) {
		fputs("usage: bridge-pingpong NAME ROUNDS [VNODE]\n", stderr);
		return 2;
	}
	rounds = strtoul(argv[2], NULL, 0);
	fd = argc == 4 ? open_patiently(atoi(argv[3]), argv[1]) :
		adeos_bridge_create(argv[1], sizeof(*table), 0666, 0, ADEOS_BRIDGE_ANY_VNODE);
	if (fd < 0)
		fail(argv[1]);
	table = adeos_bridge_map(fd, NULL);
	if (!table)
		fail("map");
	if (argc == 3) {
		puts("waiting for the other side");
		fflush(stdout);
		/* The first ring, which announces this side */
		if (adeos_bridge_wait(fd, -1, NULL) < 0)
			fail("wait");
	} else if (adeos_bridge_ring(fd)) {
		fail("ring");
	}
	start = now();
	play(fd, table, rounds, argc == 4);
	printf("%u rounds, %.1f us each\n", rounds, (now() - start) * 1e6 / rounds);
	return 0;
}
