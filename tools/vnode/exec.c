// SPDX-License-Identifier: GPL-2.0
/*
 * vnode exec: runs a command in a vnode, with this process's streams and signals.
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

#define ANSWER_LEAST	5	/* seconds that a listening agent has at least to answer */
#define SIGNAL_PATIENCE	2	/* seconds that the agent has to accept a signal */
#define SIGNALS_MAX	64	/* signals that may be under way */
#define RECHECK_MS	500

#define STRING_OF(x)	#x
#define STRING(x)	STRING_OF(x)

/**
 * struct execution - a command that runs in a vnode
 * @frames: the session
 * @args: its arguments; NULL when everything needed to run it was sent
 * @args_len: bytes of them
 * @args_sent: bytes of them that were sent
 * @deadline: when the agent should have answered
 * @answered: the agent has answered: the command runs
 * @ended: the last frame has arrived
 * @status: exit status of this process
 * @why: why it was not run, or empty
 * @signals: descriptor of signals to pass on, -1 before the command runs
 * @untaken: signals that the agent has not accepted yet
 * @patience: when it should have accepted the first of them
 * @stopped: a signal that could not be passed on, and ends this process
 * @tty: the command runs on a terminal
 * @resized: the terminal's size has changed
 * @terminal: this process's terminal while it is raw, or -1
 * @saved: its settings before
 */
struct execution {
	struct frames frames;
	char *args;
	size_t args_len;
	size_t args_sent;
	long long deadline;
	bool answered;
	bool ended;
	int status;
	char why[256];
	int signals;
	unsigned int untaken;
	long long patience;
	int stopped;
	bool tty;
	bool resized;
	int terminal;
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

/*
 * Through a descriptor of its own, because standard input is closed when the command does
 * not read it any more
 */
static void set_raw(struct execution *x)
{
	struct termios termios;

	if (!x->tty || !isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &x->saved))
		return;
	x->terminal = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	termios = x->saved;
	cfmakeraw(&termios);
	tcsetattr(x->terminal, TCSADRAIN, &termios);
}

static void unset_raw(struct execution *x)
{
	if (x->terminal >= 0)
		tcsetattr(x->terminal, TCSADRAIN, &x->saved);
}

static void catch_signals(struct execution *x)
{
	static const int caught[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH,
	};

	x->signals = vcon_signals(caught, ARRAY_SIZE(caught));
}

/* The first one is the agent's answer; before it, signals act on this process as on any other. */
static int take_taken(struct execution *x)
{
	if (!x->answered) {
		x->answered = true;
		catch_signals(x);
		set_raw(x);
		/* The size may have changed since it was sent. */
		x->resized = x->tty;
		return 0;
	}
	if (!x->untaken)
		return -1;
	x->untaken--;
	x->patience = adeos_deadline(SIGNAL_PATIENCE);
	return 0;
}

static int take_frame(void *user, enum frame_type type, const uint8_t *payload, size_t len)
{
	struct execution *x = user;

	if (x->ended)
		return -1;
	if (type == FRAME_TAKEN)
		return take_taken(x);
	return type == FRAME_EXIT ? take_exit(x, payload, len) : -1;
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

static int join_args(struct execution *x, char **items, size_t nr, struct errtext *err)
{
	size_t i, len;
	char *to;

	for (i = 0; i < nr; i++)
		x->args_len += strlen(items[i]) + 1;
	if (x->args_len > FRAMES_ARGS)
		return err_set(err, "the arguments have %zu bytes, expected at most %d",
			       x->args_len, FRAMES_ARGS);
	x->args = malloc(x->args_len);
	if (!x->args)
		return err_set(err, "%s", strerror(ENOMEM));
	for (i = 0, to = x->args; i < nr; i++, to += len) {
		len = strlen(items[i]) + 1;
		memcpy(to, items[i], len);
	}
	return 0;
}

/*
 * For the log in the vnode. The environment has the name of the user who became root to run
 * this.
 */
static void send_who(struct execution *x)
{
	const char *name = getenv("SUDO_USER") ? getenv("SUDO_USER") : getenv("LOGNAME");
	char who[FRAMES_WHO];

	snprintf(who, sizeof(who), "uid %u%s%.20s%s", getuid(), name ? " (" : "",
		 name ? name : "", name ? ")" : "");
	frames_send(&x->frames, FRAME_WHO, 0, who, strlen(who));
}

static void send_start(struct execution *x)
{
	struct frame_start start = { .version = FRAMES_VERSION };

	if (x->tty) {
		start.flags = FRAMES_TTY;
		get_size(start.rows, start.columns);
	}
	frames_send(&x->frames, FRAME_START, 0, &start, sizeof(start));
	send_who(x);
}

/* Goes on sending the command to the agent, as far as there is room. */
static void send_command(struct execution *x)
{
	const char *term = getenv("TERM");
	char variable[256];
	int len;

	if (!x->args)
		return;
	x->args_sent += frames_send_part(&x->frames, FRAME_ARG, x->args + x->args_sent,
					 x->args_len - x->args_sent);
	if (x->args_sent < x->args_len)
		return;
	free(x->args);
	x->args = NULL;
	len = snprintf(variable, sizeof(variable), "TERM=%s", term ? term : "");
	if (term && len < (int)sizeof(variable))
		frames_send(&x->frames, FRAME_ENV, 0, variable, len + 1);
	frames_send(&x->frames, FRAME_RUN, 0, NULL, 0);
	/* The agent learns after this that nobody reads them. */
	x->frames.out[1].fd = vcon_output(STDOUT_FILENO);
	x->frames.out[2].fd = vcon_output(STDERR_FILENO);
}

static void send_size(struct execution *x)
{
	uint8_t payload[4];

	if (x->resized && (!get_size(payload, payload + 2) ||
			   frames_send_part(&x->frames, FRAME_SIZE, payload, sizeof(payload))))
		x->resized = false;
}

/*
 * A user who sends another signal because an earlier one did not arrive wants to end this
 * process.
 */
static bool gives_up(const struct execution *x, int signo)
{
	return (signo == SIGINT || signo == SIGTERM || signo == SIGHUP || signo == SIGQUIT) &&
	       x->untaken && adeos_expired(x->patience);
}

static void pass_signal(struct execution *x)
{
	struct signalfd_siginfo info;
	uint8_t signo;

	if (read(x->signals, &info, sizeof(info)) != sizeof(info))
		return;
	signo = info.ssi_signo;
	if (signo == SIGWINCH) {
		x->resized = x->tty;
	} else if (gives_up(x, signo)) {
		x->stopped = signo;
	} else if (x->untaken < SIGNALS_MAX) {
		if (!x->untaken++)
			x->patience = adeos_deadline(SIGNAL_PATIENCE);
		frames_send(&x->frames, FRAME_SIGNAL, 0, &signo, 1);
	}
}

static int relay(struct execution *x, struct errtext *err)
{
	struct frames *f = &x->frames;
	struct pollfd fds[FRAMES_POLL + 1];
	bool waits;

	f->in[0].fd = STDIN_FILENO;
	while (!(x->ended && frames_passed_on(f)) && !(f->closed && !x->ended)) {
		waits = !x->answered && !x->ended;
		if (waits && adeos_expired(x->deadline))
			return err_set(err, "its agent does not answer");
		send_command(x);
		send_size(x);
		frames_prepare(f, fds);
		/* Standard input is not read for a command that may never run. */
		if (waits)
			fds[1].fd = -1;
		/* The session is over: nothing more is read from the channel or standard input. */
		if (x->ended) {
			fds[0].fd = -1;
			fds[1].fd = -1;
		}
		fds[FRAMES_POLL].fd = x->signals;
		fds[FRAMES_POLL].events = POLLIN;
		if (poll(fds, FRAMES_POLL + 1, waits ? RECHECK_MS : -1) < 0)
			continue;
		if (fds[FRAMES_POLL].revents) {
			/* Only local output is left, and a signal ends the wait for that. */
			if (x->ended)
				return 0;
			pass_signal(x);
			if (x->stopped)
				return 0;
		}
		if (frames_pump(f, fds) && !x->ended)
			return -1;
	}
	return 0;
}

/* Standard error may have been closed as the command's stream. */
static void keep_stderr(int saved)
{
	if (saved >= 0 && fcntl(STDERR_FILENO, F_GETFD) < 0)
		dup2(saved, STDERR_FILENO);
}

static const char *why(const struct frames *f, bool answered, const struct errtext *err)
{
	if (err->text[0])
		return err->text;
	if (f->error == EHOSTDOWN)
		return "the vnode has died";
	if (f->error == EPROTO || f->error == EIO)
		return "the vnode sends invalid data";
	if (f->error)
		return strerror(f->error);
	if (answered)
		return "its agent has gone";
	return "its agent has gone without an answer, expected one of version "
	       STRING(FRAMES_VERSION);
}

static int run(struct execution *x, const struct vnode *vnode, const struct args *args)
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), ret;
	struct errtext err = { "" };

	ret = join_args(x, args->items + 1, args->nr - 1, &err);
	if (!ret) {
		send_start(x);
		ret = relay(x, &err);
		unset_raw(x);
	}
	keep_stderr(saved);
	if (x->stopped)
		return 128 + x->stopped;
	if (ret || !x->ended) {
		report("exec on vnode %u: %s", vnode->id, why(&x->frames, x->answered, &err));
		return EXIT_EXEC;
	}
	if (x->why[0])
		report("exec on vnode %u: %s", vnode->id, x->why);
	return x->status;
}

/* The channel must not get the number of a standard descriptor that is closed. */
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
 * @args: its arguments and options
 *
 * Return: the command's exit status; 128 and the signal's number if a signal ended it or
 * this process; 127 or 126 if it could not be run; EXIT_EXEC for other failures.
 */
int command_exec(const struct args *args)
{
	long long deadline = adeos_deadline(args->timeout);
	struct execution *x = calloc(1, sizeof(*x));
	int console, session, ret = EXIT_EXEC;
	struct errtext err = { "" };
	long long least;
	struct vnode vnode;

	if (!x) {
		report("exec: %s", strerror(ENOMEM));
		return EXIT_EXEC;
	}
	open_standard();
	/* The command decides what to do when nobody reads its output. */
	signal(SIGPIPE, SIG_IGN);
	if (vcon_find(args->items[0], &vnode, &err))
		goto out;
	console = vcon_open(&vnode, O_WRONLY, deadline, &err);
	if (console < 0)
		goto out;
	session = vcon_session(console, &vnode, deadline, &err);
	close(console);
	if (session < 0)
		goto out;
	fcntl(session, F_SETFL, O_RDWR | O_NONBLOCK);
	frames_init(&x->frames, session);
	x->frames.handle = take_frame;
	x->frames.user = x;
	x->tty = args->tty;
	x->signals = -1;
	x->terminal = -1;
	least = adeos_deadline(ANSWER_LEAST);
	x->deadline = deadline > least ? deadline : least;
	ret = run(x, &vnode, args);
out:
	if (err.text[0])
		report("exec: %s", err.text);
	free(x->args);
	free(x);
	return ret;
}
