// SPDX-License-Identifier: GPL-2.0
/*
 * vnode console: a vnode's terminal in this one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "vcon.h"

#define ESCAPE		0x1d	/* ^] */
#define READY_TIMEOUT	30	/* seconds */
#define PATIENCE	1	/* seconds; then a console that takes nothing is stuck */
#define RECHECK_MS	200

/**
 * struct view - a look at a console
 * @vnode: whose
 * @fd: its device
 * @input: standard input, -1 when it has ended
 * @signals: descriptor of signals
 * @tty: standard input is a terminal
 * @saved: how it was
 * @escape: what was typed of an escape: nothing, ESCAPE or 's'
 * @left: the user wants to leave
 * @stopped: a signal wants it
 * @typed: what the device has not taken yet
 * @nr_typed: bytes of it
 * @patience: when the device is stuck if it takes nothing
 * @text: what has come and was not shown yet
 * @nr_text: bytes of it
 */
struct view {
	struct vnode vnode;
	int fd;
	int input;
	int signals;
	bool tty;
	struct termios saved;
	char escape;
	bool left;
	int stopped;
	char typed[4096];
	size_t nr_typed;
	long long patience;
	char text[4096];	/* PIPE_BUF: what a pipe that is ready takes at once */
	size_t nr_text;
};

static void say(const struct view *v, const char *text)
{
	fprintf(stderr, "%svnode: console of vnode %u: %s%s\n", v->tty ? "\r\n" : "", v->vnode.id,
		text, v->tty ? "\r" : "");
}

static void set_size(struct view *v)
{
	struct winsize ws;

	if (v->tty && !ioctl(STDIN_FILENO, TIOCGWINSZ, &ws))
		ioctl(v->fd, TIOCSWINSZ, &ws);
}

static void set_raw(struct view *v, bool raw)
{
	struct termios termios = v->saved;

	if (!v->tty)
		return;
	if (raw)
		cfmakeraw(&termios);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &termios);
}

/* What finds no room is lost, which a person hears. */
static void type(struct view *v, const char *bytes, size_t len)
{
	size_t room = sizeof(v->typed) - v->nr_typed;
	size_t n = len < room ? len : room;

	memcpy(v->typed + v->nr_typed, bytes, n);
	v->nr_typed += n;
	if (n < len)
		fputc('\a', stderr);
}

static int write_console(struct view *v)
{
	ssize_t n = write(v->fd, v->typed, v->nr_typed);

	if (n < 0 && (errno == EHOSTDOWN || errno == EPIPE)) {
		/* Reading it tells when that is the end, behind what there is to see. */
		v->nr_typed = 0;
		return 0;
	}
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	v->nr_typed -= n;
	memmove(v->typed, v->typed + n, v->nr_typed);
	v->patience = adeos_deadline(PATIENCE);
	return 0;
}

static void escape(struct view *v, char c)
{
	if (v->escape == 's') {
		v->escape = 0;
		if (ioctl(v->fd, VCON_SYSRQ, c))
			say(v, strerror(errno));
		return;
	}
	v->escape = c == 's' ? 's' : 0;
	switch (c) {
	case '.':
	case 'q':
		v->left = true;
		break;
	case 's':
		break;
	case ESCAPE:
		type(v, &c, 1);
		break;
	default:
		say(v, "^] . leaves, ^] s KEY is sysrq, ^] ^] is ^], ^] ? is this help");
	}
}

/*
 * A program that types waits until there is room.  A person does not wait for a
 * console that is stuck, where only the escape is of use.
 */
static bool listens(const struct view *v)
{
	return v->nr_typed < sizeof(v->typed) || (v->tty && adeos_expired(v->patience));
}

static void read_input(struct view *v)
{
	char bytes[sizeof(v->typed)], *at = bytes, *end;
	size_t room = sizeof(v->typed) - v->nr_typed;
	/* For an escape, if there is no room */
	ssize_t n = read(v->input, bytes, room ? room : sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		/* There may still be something to see. */
		v->input = -1;
		v->left = v->tty;
		return;
	}
	if (!v->tty) {
		type(v, bytes, n);
		return;
	}
	while (n && !v->left) {
		if (v->escape) {
			escape(v, *at++);
			n--;
			continue;
		}
		end = memchr(at, ESCAPE, n);
		type(v, at, end ? end - at : n);
		if (!end)
			break;
		v->escape = ESCAPE;
		n -= end + 1 - at;
		at = end + 1;
	}
}

/* Returns 1 at the end of the vnode. */
static int read_console(struct view *v)
{
	ssize_t n = read(v->fd, v->text, sizeof(v->text));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	v->nr_text = n;
	return n ? 0 : 1;
}

static int show(struct view *v)
{
	ssize_t n = write(STDOUT_FILENO, v->text, v->nr_text);

	/* As with a pager that was left: there is nobody to show it to. */
	if (n < 0 && errno == EPIPE) {
		v->left = true;
		return 0;
	}
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	v->nr_text -= n;
	memmove(v->text, v->text + n, v->nr_text);
	return 0;
}

static void take_signal(struct view *v)
{
	struct signalfd_siginfo info;

	if (read(v->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		set_size(v);
	else
		v->stopped = info.ssi_signo;
}

static void catch_signals(struct view *v)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&set, caught[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	v->signals = signalfd(-1, &set, SFD_CLOEXEC);
}

/* Returns 1 at the end of the vnode, -1 on an error. */
static int look(struct view *v)
{
	struct pollfd fds[4];
	int ret = 0;

	while (!ret && !v->left && !v->stopped) {
		fds[0].fd = v->nr_text && !v->nr_typed ? -1 : v->fd;
		fds[0].events = (v->nr_text ? 0 : POLLIN) | (v->nr_typed ? POLLOUT : 0);
		fds[1] = (struct pollfd){ v->signals, POLLIN, 0 };
		fds[2] = (struct pollfd){ listens(v) ? v->input : -1, POLLIN, 0 };
		/* Without anything to show, it still tells of the reader's end. */
		fds[3] = (struct pollfd){ STDOUT_FILENO, v->nr_text ? POLLOUT : 0, 0 };
		if (poll(fds, 4, v->tty && !listens(v) ? RECHECK_MS : -1) < 0)
			continue;
		if (fds[1].revents)
			take_signal(v);
		if (fds[3].revents && v->nr_text)
			ret = show(v);
		else if (fds[3].revents)
			v->left = true;
		else if (fds[0].revents && !v->nr_text)
			ret = read_console(v);
		if (!ret && fds[0].revents && v->nr_typed)
			ret = write_console(v);
		if (!ret && fds[2].revents)
			read_input(v);
	}
	return ret;
}

/* What has left the scroll-back, the log ring may still have. */
static void print_log(struct view *v)
{
	__u64 lost = 0, pos = 0;
	struct errtext err;
	int kmb;

	if (!v->vnode.id || ioctl(v->fd, VCON_LOST, &lost) || !lost)
		return;
	kmb = kmb_open(&err);
	if (kmb < 0)
		return;
	log_print(kmb, v->vnode.id, &pos, v->tty ? "\r\n" : "\n", &err);
	close(kmb);
}

static int open_console(struct view *v, struct errtext *err)
{
	bool loading;

	if (vcon_find(v->vnode.name, &v->vnode, err))
		return -1;
	/* It comes after the kernel, when its user space loads the module. */
	loading = v->vnode.state == VNODE_LOADING;
	if (loading)
		say(v, "the vnode is loading");
	v->fd = vcon_open(&v->vnode, O_RDWR | O_NONBLOCK,
			  adeos_deadline(loading ? -1 : READY_TIMEOUT), err);
	return v->fd < 0 ? -1 : 0;
}

/**
 * command_console - vnode console
 * @args: what the user asked for
 *
 * Return: vnode's exit status.
 */
int command_console(const struct args *args)
{
	struct view v = { .input = STDIN_FILENO };
	struct errtext err;
	int ret;

	snprintf(v.vnode.name, sizeof(v.vnode.name), "%s", args->items[0]);
	if (open_console(&v, &err))
		return report_error(&err);
	v.tty = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &v.saved);
	catch_signals(&v);
	if (v.tty)
		say(&v, "^] . leaves, ^] ? helps");
	set_raw(&v, true);
	set_size(&v);
	print_log(&v);
	ret = look(&v);
	if (ret < 0)
		say(&v, errno == EHOSTDOWN ? "the vnode has died" : strerror(errno));
	else if (ret)
		say(&v, "the vnode has died");
	else if (v.tty)
		say(&v, "left");
	set_raw(&v, false);
	close(v.fd);
	if (v.stopped)
		return 128 + v.stopped;
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
