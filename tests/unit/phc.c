// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks, as programs see them: the system's, and a PTP hardware clock.
 *
 *	phc now		what the system's says, ns since the epoch
 *	phc shift NS	set it forward, or back
 *	phc rate TICK	have it run at so many us in a hundredth of a second
 *	phc ahead	by how many ns the system's clock is ahead of it
 *	phc read	what it says, ns since the epoch
 *	phc set		try to set it; exits with 0 if that is refused
 *	phc steer	take the system's clock as chrony does: its frequency and status
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <time.h>

#include <linux/ptp_clock.h>

#define DEVICE	"/dev/ptp0"
#define CLOCK(fd)	((~(clockid_t)(fd) << 3) | 3)	/* Documentation/driver-api/ptp.rst */

static int fail(const char *what)
{
	fprintf(stderr, "phc: %s: %s\n", what, strerror(errno));
	return 1;
}

static int ahead(int fd)
{
	struct ptp_sys_offset_precise stamp = { 0 };

	if (ioctl(fd, PTP_SYS_OFFSET_PRECISE, &stamp))
		return fail("PTP_SYS_OFFSET_PRECISE");
	printf("%lld\n", (stamp.sys_realtime.sec - stamp.device.sec) * 1000000000LL +
	       (int)stamp.sys_realtime.nsec - (int)stamp.device.nsec);
	return 0;
}

static int set(int fd)
{
	struct timespec now = { .tv_sec = 1 };

	if (!clock_settime(CLOCK(fd), &now))
		return 1;
	return errno == EOPNOTSUPP ? 0 : fail("clock_settime");
}

static int shift(long long ns)
{
	struct timex t = { .modes = ADJ_SETOFFSET | ADJ_NANO };

	t.time.tv_sec = (ns < 0 ? ns - 999999999 : ns) / 1000000000;
	t.time.tv_usec = ns - t.time.tv_sec * 1000000000LL;
	return adjtimex(&t) < 0 ? fail("adjtimex") : 0;
}

static int rate(long tick)
{
	struct timex t = { .modes = ADJ_TICK, .tick = tick };

	return adjtimex(&t) < 0 ? fail("adjtimex") : 0;
}

static int steer(void)
{
	struct timex t = { .modes = ADJ_FREQUENCY | ADJ_STATUS, .freq = 12 << 16 };

	return adjtimex(&t) < 0 ? fail("adjtimex") : 0;
}

static int print(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		return fail("clock_gettime");
	printf("%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
	return 0;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc == 3)
		return strcmp(argv[1], "shift") ? rate(atol(argv[2])) : shift(atoll(argv[2]));
	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "now"))
		return print(CLOCK_REALTIME);
	if (!strcmp(argv[1], "steer"))
		return steer();
	fd = open(DEVICE, O_RDWR);
	if (fd < 0)
		return fail(DEVICE);
	if (!strcmp(argv[1], "ahead"))
		return ahead(fd);
	if (!strcmp(argv[1], "set"))
		return set(fd);
	return print(CLOCK(fd));
}
