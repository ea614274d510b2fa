// SPDX-License-Identifier: GPL-2.0
/*
 * Waits for a vnode's state.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libadeos.h"

/* How often the state is read without a notification */
#define RECHECK_MS	500

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/**
 * adeos_deadline - when a wait that begins now ends
 * @seconds: how long it lasts, or -1 for ever
 *
 * Return: a time for adeos_wait().
 */
long long adeos_deadline(int seconds)
{
	return seconds < 0 ? -1 : now_ms() + seconds * 1000LL;
}

/**
 * adeos_expired - check a deadline
 * @deadline: as from adeos_deadline()
 *
 * Return: true if it has passed.
 */
bool adeos_expired(long long deadline)
{
	return deadline >= 0 && now_ms() >= deadline;
}

/* How long to sleep at most, milliseconds. */
static int sleep_ms(long long deadline)
{
	long long left = deadline - now_ms();

	if (deadline < 0 || left > RECHECK_MS)
		return RECHECK_MS;
	return left > 0 ? left : 0;
}

static int parse_state(const char *path, char *text, ssize_t len, enum vnode_state *state,
		       struct errtext *err)
{
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (!adeos_parse_state(text, state))
		return err_set(err, "%s: \"%s\": expected a vnode's state", path, text);
	return 0;
}

/*
 * Reads the state and, unless it is one of @states, sleeps until it changes.
 * sysfs notifies of changes after the last read of the same open file.
 */
static int read_or_sleep(const char *path, unsigned int states, long long deadline,
			 enum vnode_state *state, struct errtext *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct pollfd poll_state = { .fd = fd, .events = POLLPRI };
	char text[64];
	ssize_t len;
	int ret;

	if (fd < 0)
		return err_set(err, "%s: %s", path, strerror(errno));
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0)
		ret = err_set(err, "%s: %s", path, strerror(errno));
	else
		ret = parse_state(path, text, len, state, err);
	if (!ret && !(STATE_BIT(*state) & states))
		poll(&poll_state, 1, sleep_ms(deadline));
	close(fd);
	return ret;
}

/**
 * adeos_wait - wait until a vnode is in one of some states
 * @id: its ID
 * @states: the states, as STATE_BIT()
 * @deadline: until when to wait, as from adeos_deadline()
 * @state: set to the state that was seen last
 * @err: set on failure
 *
 * Return: 0 if @state is one of @states, 1 if the time is over, -1 on failure.
 */
int adeos_wait(__u32 id, unsigned int states, long long deadline,
	       enum vnode_state *state, struct errtext *err)
{
	char path[4096];
	bool last;

	snprintf(path, sizeof(path), "%s/vnodes/%u/state", adeos_root(), id);
	do {
		last = adeos_expired(deadline);
		if (read_or_sleep(path, states, deadline, state, err))
			return -1;
		if (STATE_BIT(*state) & states)
			return 0;
	} while (!last);
	return 1;
}
