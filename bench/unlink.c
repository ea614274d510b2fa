// SPDX-License-Identifier: GPL-2.0
/*
 * Creates and removes files, which in one kernel all go through one file
 * system: unlink TASKS SECONDS [START]
 *
 * Each task works for SECONDS, from START on (seconds since the epoch, by
 * default now).  Prints how many files a second all of them had together.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double work(int task, double seconds)
{
	double start = now(CLOCK_MONOTONIC), end;
	unsigned long files = 0;
	char name[64];

	snprintf(name, sizeof(name), "/tmp/unlink.%d", task);
	do {
		int fd = open(name, O_CREAT | O_RDWR, 0600);

		if (fd < 0 || close(fd) || unlink(name)) {
			perror(name);
			exit(1);
		}
		files++;
		end = now(CLOCK_MONOTONIC);
	} while (end - start < seconds);
	return files / (end - start);
}

int main(int argc, char **argv)
{
	int tasks, i;
	double seconds, start, *rates, sum = 0;

	if (argc < 3)
		return 2;
	tasks = atoi(argv[1]);
	seconds = atof(argv[2]);
	start = argc > 3 ? atof(argv[3]) : 0;
	rates = mmap(NULL, tasks * sizeof(*rates), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rates == MAP_FAILED)
		return 1;
	for (i = 0; i < tasks; i++) {
		if (fork())
			continue;
		while (now(CLOCK_REALTIME) < start)
			usleep(1000);
		rates[i] = work(i, seconds);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	for (i = 0; i < tasks; i++)
		sum += rates[i];
	printf("%.1f files/s\n", sum);
	return 0;
}
