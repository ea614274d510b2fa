// SPDX-License-Identifier: GPL-2.0
/*
 * Opens consoles of vnodes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "vcon.h"

#define RETRY_US	20000
#define SLICE_MS	500

static void console_path(char *path, size_t size, __u32 id)
{
	const char *folder = getenv("VNODE_VCON");

	snprintf(path, size, "%s/%u", folder ? folder : "/dev/vcon", id);
}

/**
 * vcon_find - find the vnode of a console
 * @id_or_name: what the user wrote
 * @vnode: where to store it
 * @err: set on failure
 *
 * In a vnode that may use the root's console, this is vnode 0.
 *
 * Return: 0 on success, -1 on failure.
 */
int vcon_find(const char *id_or_name, struct vnode *vnode, struct errtext *err)
{
	char path[4096], id[16];

	if (!strcmp(id_or_name, "0") || !strcmp(id_or_name, "root")) {
		console_path(path, sizeof(path), 0);
		if (!access(path, F_OK)) {
			*vnode = (struct vnode){ .state = VNODE_RUNNING, .name = "root" };
			return 0;
		}
		if (!adeos_read(err, id, sizeof(id), "vnode") && strcmp(id, "0"))
			return err_set(err,
				       "%s: the root vnode does not allow vnode %s its console",
				       id_or_name, id);
	}
	if (adeos_find(id_or_name, vnode, err))
		return -1;
	if (!vnode->id)
		return err_set(err, "%s: is the root vnode, this one", id_or_name);
	return 0;
}

/* Fails if waiting for the vnode is useless. */
static int check_alive(const struct vnode *vnode, struct errtext *err)
{
	enum vnode_state state = vnode->state;

	if (!vnode->id)
		return 0;
	if (adeos_wait(vnode->id, STATES_ENDED, adeos_deadline(0), &state, err) < 0)
		return -1;
	if (STATE_BIT(state) & STATES_ENDED)
		return err_set(err, "%s: is not running: it is %s", vnode->name,
			       adeos_state_name(state));
	return 0;
}

/**
 * vcon_try - open a vnode's console, if there is one yet
 * @vnode: the vnode
 * @flags: as for open()
 * @last: it will not be tried again
 * @err: set on failure
 *
 * Return: a descriptor, VCON_LATER if a later try may succeed, or -1.
 */
int vcon_try(const struct vnode *vnode, int flags, bool last, struct errtext *err)
{
	char path[4096];
	int fd;

	if (check_alive(vnode, err))
		return -1;
	console_path(path, sizeof(path), vnode->id);
	fd = open(path, flags | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT && errno != ENODEV && errno != ENXIO)
		return err_set(err, "%s: %s", path, strerror(errno));
	if (last)
		return err_set(err, "%s: has no console, expected the module vcon here and there",
			       vnode->name);
	return VCON_LATER;
}

/**
 * vcon_open - open a vnode's console
 * @vnode: the vnode
 * @flags: as for open()
 * @deadline: how long to wait for it, as from adeos_deadline()
 * @err: set on failure
 *
 * Return: a descriptor, or -1.
 */
int vcon_open(const struct vnode *vnode, int flags, long long deadline, struct errtext *err)
{
	int fd;

	for (;;) {
		fd = vcon_try(vnode, flags, adeos_expired(deadline), err);
		if (fd != VCON_LATER)
			return fd;
		usleep(RETRY_US);
	}
}

/**
 * vcon_output - a descriptor for a vnode's output
 * @fd: standard output or error
 *
 * When poll() says that a terminal is ready, it may accept less than is written; without
 * O_NONBLOCK, write() would wait for the rest. Other processes that have the terminal open
 * must not get this flag.
 *
 * Return: a descriptor for the same file; non-blocking if it is a terminal.
 */
int vcon_output(int fd)
{
	char path[32];
	int own;

	if (!isatty(fd))
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own < 0 ? fd : own;
}

/**
 * vcon_signals - read signals instead of having them delivered
 * @signals: the signals
 * @nr: number of them
 *
 * Return: a descriptor from which struct signalfd_siginfo can be read, or -1.
 */
int vcon_signals(const int signals[], size_t nr)
{
	sigset_t set;

	sigemptyset(&set);
	while (nr--)
		sigaddset(&set, signals[nr]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/**
 * vcon_session - begin a session with a vnode's agent
 * @console: the vnode's console
 * @vnode: the vnode
 * @deadline: how long to wait for the agent, as from adeos_deadline()
 * @err: set on failure
 *
 * Return: a descriptor, or -1.
 */
int vcon_session(int console, const struct vnode *vnode, long long deadline, struct errtext *err)
{
	bool last;
	int fd;

	for (;;) {
		last = adeos_expired(deadline);
		fd = ioctl(console, VCON_SESSION, last ? 0 : SLICE_MS);
		if (fd >= 0)
			return fd;
		if (errno == EHOSTDOWN)
			return err_set(err, "%s: the vnode has died", vnode->name);
		if (errno != ENOTCONN && errno != EBUSY && errno != EINTR)
			return err_set(err, "%s: %s", vnode->name, strerror(errno));
		if (last)
			return err_set(err, errno == EBUSY ?
				       "%s: too many commands run there" :
				       "%s: no agent runs there, expected \"vnode agent\"",
				       vnode->name);
	}
}
