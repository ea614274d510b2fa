// SPDX-License-Identifier: GPL-2.0
/*
 * vnode console: connects this terminal to a vnode's.
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
#include "printable.h"
#include "vcon.h"

#define ESCAPE		0x1d	/* ^] */
#define INTERRUPT	0x03	/* ^C */
#define READY_TIMEOUT	30	/* seconds */
#define PATIENCE	1	/* seconds; then a console that reads nothing is stuck */
#define QUIET		1	/* seconds; then the console repeats nothing more */
#define RECHECK_MS	200
#define LINE		2048	/* the longest line of a kernel's log */
#define PIECE		4096	/* PIPE_BUF: what a pipe that is ready accepts at once */

/**
 * struct view - a user's connection to a console
 * @vnode: the console's vnode
 * @fd: its device, -1 before there is one
 * @deadline: how long to wait for the device
 * @failed: there will be no device
 * @err: why
 * @input: standard input, -1 when it has ended
 * @output: standard output
 * @screen: standard output is a terminal
 * @fit: state of escaping old text for a terminal
 * @signals: descriptor of signals
 * @tty: standard input is a terminal
 * @saved: its settings before
 * @escape: what was typed of an escape sequence: nothing, ESCAPE or 's'
 * @left: the user wants to leave
 * @stopped: a signal ends this program
 * @typed: input that the device has not accepted yet
 * @nr_typed: bytes of it
 * @patience: when to regard a device as stuck that accepts nothing
 * @text: output that was not shown yet
 * @nr_text: bytes of it
 * @kmb: KMB's device, if the log ring is read
 * @pos: how far the log ring was read
 * @ring: stores what was read
 * @log: what was read
 * @log_len: bytes of it
 * @log_shown: bytes of it that were shown
 * @repeats: the device begins with lines that were already shown
 * @log_at: how far the device has repeated @log
 * @quiet: when repeating is over if the device repeats nothing
 * @within: the device's next bytes are the rest of a line
 * @held: the beginning of a line that may be a repetition
 * @nr_held: bytes of it
 * @held_old: @held is old text
 */
struct view {
	struct vnode vnode;
	int fd;
	long long deadline;
	bool failed;
	struct errtext err;
	int input;
	int output;
	bool screen;
	struct printable fit;
	int signals;
	bool tty;
	struct termios saved;
	char escape;
	bool left;
	int stopped;
	char typed[4096];
	size_t nr_typed;
	long long patience;
	char text[PRINTABLE_MAX(PIECE)];
	size_t nr_text;
	int kmb;
	__u64 pos;
	FILE *ring;
	char *log;
	size_t log_len;
	size_t log_shown;
	bool repeats;
	size_t log_at;
	long long quiet;
	bool within;
	char held[LINE];
	size_t nr_held;
	bool held_old;
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

/* If there is no room, the input is dropped, with a bell for a person. */
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
		/* Reading will report whether this is the end, after the remaining output. */
		v->nr_typed = 0;
		return 0;
	}
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	v->nr_typed -= n;
	memmove(v->typed, v->typed + n, v->nr_typed);
	v->patience = adeos_deadline(PATIENCE);
	/* From now on, output may be the answer, so nothing is a repetition. */
	if (adeos_expired(v->quiet))
		v->repeats = false;
	return 0;
}

static void escape(struct view *v, char c)
{
	if (v->escape == 's') {
		v->escape = 0;
		if (v->fd < 0)
			say(v, "there is no terminal yet");
		else if (ioctl(v->fd, VCON_SYSRQ, c))
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
 * A program that types waits until there is room.  A person does not wait for a console
 * that is stuck; only the escape key works there.
 */
static bool listens(const struct view *v)
{
	if (v->fd < 0)
		return v->tty;
	return v->nr_typed < sizeof(v->typed) || (v->tty && adeos_expired(v->patience));
}

static void read_input(struct view *v)
{
	char bytes[sizeof(v->typed)], *at = bytes, *end;
	size_t room = sizeof(v->typed) - v->nr_typed;
	/* Without room, only the escape key is read */
	ssize_t n = read(v->input, bytes, room ? room : sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		/* There may still be output. */
		v->input = -1;
		v->left = v->tty;
		return;
	}
	if (!v->tty) {
		type(v, bytes, n);
		return;
	}
	/* Nobody else can read it yet. */
	if (v->fd < 0 && memchr(bytes, INTERRUPT, n))
		v->stopped = SIGINT;
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

/* Reads the log ring, if there is one; a failure here does not end the console. */
static void read_log(struct view *v)
{
	struct errtext err;

	if (!v->ring && v->vnode.id) {
		v->ring = open_memstream(&v->log, &v->log_len);
		v->kmb = kmb_open(&err);
	}
	if (v->ring && v->kmb >= 0)
		log_print(v->kmb, v->vnode.id, &v->pos, NULL, v->ring, &err);
	/* Also if reading failed halfway, so that @log is complete. */
	if (v->ring)
		fflush(v->ring);
}

static void close_log(struct view *v)
{
	if (!v->ring)
		return;
	fclose(v->ring);
	free(v->log);
	close(v->kmb);
}

/*
 * Adds text to be shown.  Any program in the vnode may have written @old text, so it must
 * not control the terminal and is escaped.  New text is passed on unchanged.
 */
static void add_text(struct view *v, const char *text, size_t len, bool old)
{
	char *to = v->text + v->nr_text;

	if (old && v->screen) {
		v->nr_text += printable_put(&v->fit, text, len, to);
		return;
	}
	/* The first half of a character, or of the end of a line, is waiting: this completes it. */
	memcpy(to, v->fit.held, v->fit.nr);
	memcpy(to + v->fit.nr, text, len);
	v->nr_text += v->fit.nr + len;
	v->fit.nr = 0;
}

/* The last line may still grow; if so, it will come from the device. */
static void take_log(struct view *v)
{
	size_t end = v->log_len;

	while (v->repeats && !v->failed && end > v->log_shown && v->log[end - 1] != '\n')
		end--;
	for (; v->log_shown < end && v->nr_text < PIECE - PRINTABLE_MAX(2); v->log_shown++) {
		if (v->tty && v->log[v->log_shown] == '\n')
			add_text(v, "\r", 1, true);
		add_text(v, v->log + v->log_shown, 1, true);
	}
}

/*
 * Checks whether a line, or the beginning of one, was already shown from the log ring,
 * after the line that was repeated last.  The device does not repeat all lines, and has
 * others.
 */
static bool is_repeated(struct view *v, const char *line, size_t len)
{
	const char *at = v->log + v->log_at, *end = v->log + v->log_shown;
	bool whole = line[len - 1] == '\n';

	if (!v->repeats || v->within || len > LINE)
		return false;
	if (whole)
		len--;
	if (len && line[len - 1] == '\r')
		len--;
	if (!len)
		return false;
	for (; at < end; at++) {
		at = memmem(at, end - at, line, len);
		if (!at)
			return false;
		if ((at != v->log && at[-1] != '\n') || (whole && at[len] != '\n'))
			continue;
		if (whole)
			v->log_at = at + len + 1 - v->log;
		v->quiet = adeos_deadline(QUIET);
		return true;
	}
	return false;
}

static void take_text(struct view *v, const char *text, size_t len, bool old)
{
	const char *end;
	size_t n;

	for (; len; text += n, len -= n) {
		end = memchr(text, '\n', len);
		n = end ? (size_t)(end + 1 - text) : len;
		if (!is_repeated(v, text, n)) {
			add_text(v, text, n, old);
			v->within = !end;
		} else if (!end) {
			memcpy(v->held, text, n);
			v->nr_held = n;
			v->held_old = old;
		}
	}
}

/* Returns 1 at the end of the vnode. */
static int read_console(struct view *v)
{
	size_t held = v->nr_held, max = PIECE - held;
	bool old = held && v->held_old;
	char text[PIECE];
	__u64 left = 0;
	ssize_t n;

	/* Old and new text are read separately */
	if (v->screen && !ioctl(v->fd, VCON_OLD, &left) && left) {
		old = true;
		max = left < max ? left : max;
	}
	memcpy(text, v->held, held);
	n = read(v->fd, text + held, max);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	if (!n)
		return 1;
	v->nr_held = 0;
	take_text(v, text, held + n, old);
	return 0;
}

static int show(struct view *v)
{
	ssize_t n = write(v->output, v->text, v->nr_text);

	/* Nobody reads the output any more, as with a pager that has ended. */
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

	signal(SIGPIPE, SIG_IGN);
	v->signals = vcon_signals(caught, ARRAY_SIZE(caught));
}

/* The log ring may still have what the scroll-back has lost. */
static void begin(struct view *v)
{
	__u64 lost = 0;

	set_size(v);
	v->quiet = adeos_deadline(QUIET);
	if (!ioctl(v->fd, VCON_LOST, &lost) && lost)
		read_log(v);
}

/* The device exists when the vnode's user space has loaded the module. */
static void expect_device(struct view *v)
{
	bool loading = v->vnode.state == VNODE_LOADING;

	if (loading)
		say(v, "the vnode is loading");
	v->deadline = adeos_deadline(loading ? -1 : READY_TIMEOUT);
	v->repeats = true;
}

/* Waits for the device, and meanwhile shows the kernel log. */
static void seek(struct view *v)
{
	v->fd = vcon_try(&v->vnode, O_RDWR | O_NONBLOCK, adeos_expired(v->deadline), &v->err);
	v->failed = v->fd == -1;
	/* After the state was read, so that a vnode's last messages are in it */
	read_log(v);
	if (v->fd >= 0)
		begin(v);
}

/* Returns 1 at the end of the vnode, -1 on an error. */
static int look(struct view *v)
{
	struct pollfd fds[4];
	bool waits;
	int ret = 0;

	while (!ret && !v->left && !v->stopped) {
		if (v->fd < 0 && !v->failed)
			seek(v);
		if (!v->nr_text)
			take_log(v);
		if (v->failed && !v->nr_text)
			return -1;
		fds[0].fd = v->nr_text && !v->nr_typed ? -1 : v->fd;
		fds[0].events = (v->nr_text ? 0 : POLLIN) | (v->nr_typed ? POLLOUT : 0);
		fds[1] = (struct pollfd){ v->signals, POLLIN, 0 };
		fds[2] = (struct pollfd){ listens(v) ? v->input : -1, POLLIN, 0 };
		/* Without output, poll() still reports that the reader has gone. */
		fds[3] = (struct pollfd){ v->output, v->nr_text ? POLLOUT : 0, 0 };
		waits = v->fd < 0 || (v->tty && !listens(v));
		if (poll(fds, 4, waits ? RECHECK_MS : -1) < 0)
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

/**
 * command_console - vnode console
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_console(const struct args *args)
{
	struct view v = { .input = STDIN_FILENO };
	int ret;

	if (vcon_find(args->items[0], &v.vnode, &v.err))
		return report_error(&v.err);
	v.fd = vcon_try(&v.vnode, O_RDWR | O_NONBLOCK, false, &v.err);
	if (v.fd == -1)
		return report_error(&v.err);
	v.tty = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &v.saved);
	v.output = vcon_output(STDOUT_FILENO);
	v.screen = isatty(v.output);
	if (v.screen)
		printable_begin(&v.fit);
	catch_signals(&v);
	if (v.tty)
		say(&v, "^] . leaves, ^] ? shows help");
	set_raw(&v, true);
	if (v.fd >= 0)
		begin(&v);
	else
		expect_device(&v);
	ret = look(&v);
	if (ret < 0 && !v.failed)
		say(&v, errno == EHOSTDOWN ? "the vnode has died" : strerror(errno));
	else if (ret > 0)
		say(&v, "the vnode has died");
	else if (!ret && v.tty)
		say(&v, "left");
	set_raw(&v, false);
	close(v.fd);
	close_log(&v);
	if (v.stopped)
		return 128 + v.stopped;
	if (ret && v.failed)
		return report_error(&v.err);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
