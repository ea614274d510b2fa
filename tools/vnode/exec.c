// SPDX-License-Identifier: GPL-2.0
/*
 * vnode exec: runs a command in a vnode, with this one's streams and signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "frames.h"

/**
 * struct execution - a command that runs in a vnode
 * @frames: the session
 * @ended: the last frame has come
 * @status: exit status for it
 * @why: why it was not run, or empty
 * @signals: descriptor of signals to pass on
 * @tty: it runs on a terminal
 * @saved: how this one's terminal was
 */
struct execution {
	struct frames frames;
	bool ended;
	int status;
	char why[256];
	int signals;
	bool tty;
	struct termios saved;
};

static int take_exit(struct execution *x, const uint8_t *payload, size_t len)
{
	struct frame_exit end;

	if (len < sizeof(end))
		return -1;
	memcpy(&end, payload, sizeof(end));
	if (end.how > FRAME_FAILED)
		return -1;
	x->status = end.how == FRAME_KILLED ? 128 + (end.value & 0x7f) : end.value;
	if (end.how == FRAME_FAILED)
		snprintf(x->why, sizeof(x->why), "%.*s", (int)(len - sizeof(end)),
			 payload + sizeof(end));
	x->ended = true;
	return 0;
}

static int take_frame(void *user, enum frame_type type, const uint8_t *payload, size_t len)
{
	struct execution *x = user;

	return type == FRAME_EXIT && !x->ended ? take_exit(x, payload, len) : -1;
}

static bool get_size(uint8_t rows[2], uint8_t columns[2])
{
	struct winsize ws;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws))
		return false;
	frames_put16(rows, ws.ws_row);
	frames_put16(columns, ws.ws_col);
	return true;
}

static int send_strings(struct frames *f, char **items, size_t nr, struct errtext *err)
{
	size_t i, len, total = 0;
	char *all, *to;
	int ret;

	for (i = 0; i < nr; i++)
		total += strlen(items[i]) + 1;
	if (total > FRAMES_ARGS)
		return err_set(err, "the arguments have %zu bytes, expected at most %d", total,
			       FRAMES_ARGS);
	all = malloc(total);
	if (!all)
		return err_set(err, "%s", strerror(ENOMEM));
	for (i = 0, to = all; i < nr; i++, to += len) {
		len = strlen(items[i]) + 1;
		memcpy(to, items[i], len);
	}
	ret = frames_send_big(f, FRAME_ARG, all, total);
	free(all);
	return ret;
}

/* Tells the agent what to run; -1 without an error text if the channel fails. */
static int send_command(struct execution *x, char **command, size_t nr, struct errtext *err)
{
	struct frame_start start = { .version = FRAMES_VERSION };
	const char *term = getenv("TERM");
	char variable[256];
	int len;

	if (x->tty) {
		start.flags = FRAMES_TTY;
		get_size(start.rows, start.columns);
	}
	frames_send(&x->frames, FRAME_START, 0, &start, sizeof(start));
	if (send_strings(&x->frames, command, nr, err))
		return -1;
	len = snprintf(variable, sizeof(variable), "TERM=%s", term ? term : "");
	if (term && len < (int)sizeof(variable))
		frames_send(&x->frames, FRAME_ENV, 0, variable, len + 1);
	frames_send(&x->frames, FRAME_RUN, 0, NULL, 0);
	return frames_flush(&x->frames);
}

static void pass_signal(struct execution *x)
{
	struct signalfd_siginfo info;
	uint8_t payload[4];

	if (read(x->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH) {
		if (x->tty && get_size(payload, payload + 2))
			frames_send(&x->frames, FRAME_SIZE, 0, payload, 4);
		return;
	}
	payload[0] = info.ssi_signo;
	frames_send(&x->frames, FRAME_SIGNAL, 0, payload, 1);
}

static void catch_signals(struct execution *x)
{
	static const int caught[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH,
	};
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&set, caught[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	x->signals = signalfd(-1, &set, SFD_CLOEXEC);
}

static int relay(struct execution *x)
{
	struct frames *f = &x->frames;
	struct pollfd fds[FRAMES_POLL + 1];

	fcntl(f->fd, F_SETFL, O_RDWR | O_NONBLOCK);
	f->in[0].fd = STDIN_FILENO;
	f->out[1].fd = STDOUT_FILENO;
	f->out[2].fd = STDERR_FILENO;
	while (!(x->ended && frames_passed_on(f)) && !(f->closed && !x->ended)) {
		frames_prepare(f, fds);
		/* Whatever else comes, there is nobody to take it or to tell of it. */
		if (x->ended) {
			fds[0].fd = -1;
			fds[1].fd = -1;
		}
		fds[FRAMES_POLL].fd = x->signals;
		fds[FRAMES_POLL].events = POLLIN;
		if (poll(fds, FRAMES_POLL + 1, -1) < 0)
			continue;
		if (fds[FRAMES_POLL].revents) {
			/* What is left to be done is here, and would not end for a signal. */
			if (x->ended)
				return 0;
			pass_signal(x);
		}
		if (frames_pump(f, fds) && !x->ended)
			return -1;
	}
	return 0;
}

static void set_raw(struct execution *x, bool raw)
{
	struct termios termios;

	if (!x->tty || !isatty(STDIN_FILENO))
		return;
	if (raw && !tcgetattr(STDIN_FILENO, &x->saved)) {
		termios = x->saved;
		cfmakeraw(&termios);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &termios);
	} else if (!raw) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &x->saved);
	}
}

/* Standard error may have been the command's, and closed by it. */
static void keep_stderr(int saved)
{
	if (saved >= 0 && fcntl(STDERR_FILENO, F_GETFD) < 0)
		dup2(saved, STDERR_FILENO);
}

static const char *why(const struct frames *f, const struct errtext *err)
{
	if (err->text[0])
		return err->text;
	if (f->error == EHOSTDOWN)
		return "the vnode has died";
	if (f->error == EPROTO || f->error == EIO)
		return "the vnode sends nonsense";
	if (f->error)
		return strerror(f->error);
	return "its agent has gone";
}

static int run(struct execution *x, const struct vnode *vnode, const struct args *args)
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), ret;
	struct errtext err = { "" };

	catch_signals(x);
	ret = send_command(x, args->items + 1, args->nr - 1, &err);
	if (!ret) {
		set_raw(x, true);
		ret = relay(x);
		set_raw(x, false);
	}
	keep_stderr(saved);
	if (ret || !x->ended) {
		report("exec on vnode %u: %s", vnode->id, why(&x->frames, &err));
		return EXIT_FAILURE;
	}
	if (x->why[0])
		report("exec on vnode %u: %s", vnode->id, x->why);
	return x->status;
}

/* Descriptors that are closed are not to be taken by the channel. */
static void open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

/**
 * command_exec - vnode exec
 * @args: what the user asked for
 *
 * Return: the command's exit status, 128 and the signal's number if one ended
 * it, 127 or 126 if it could not be run, 1 for other failures.
 */
int command_exec(const struct args *args)
{
	long long deadline = adeos_deadline(args->timeout);
	struct execution *x = calloc(1, sizeof(*x));
	int console, session, ret = EXIT_FAILURE;
	struct errtext err = { "" };
	struct vnode vnode;

	if (!x)
		return EXIT_FAILURE;
	open_standard();
	if (vcon_find(args->items[0], &vnode, &err))
		goto out;
	console = vcon_open(&vnode, O_WRONLY, deadline, &err);
	if (console < 0)
		goto out;
	session = vcon_session(console, &vnode, deadline, &err);
	close(console);
	if (session < 0)
		goto out;
	frames_init(&x->frames, session);
	x->frames.handle = take_frame;
	x->frames.user = x;
	x->tty = args->tty;
	ret = run(x, &vnode, args);
out:
	if (err.text[0])
		report("exec: %s", err.text);
	free(x);
	return ret;
}
