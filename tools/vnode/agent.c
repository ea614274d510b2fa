// SPDX-License-Identifier: GPL-2.0
/*
 * vnode agent: runs commands in this vnode for the root's "vnode exec".
 *
 * There is one process for each session.  It ends with its command.  If the session ends
 * first, it hangs up the command's process group.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "frames.h"
#include "printable.h"
#include "vcon.h"

#define AGENT_DEVICE	"/dev/vcon-agent"
#define RETRY_US	20000
#define QUIET_MS	100	/* then a terminal without its process is quiet */
#define LAST_BYTES	65536	/* more than a terminal buffers */
#define LAST_SECONDS	2	/* until they have arrived */
#define NOTED		160	/* bytes of a command in the log, at most */

/* Where commands are logged; a test has others. */
#ifndef SYSLOG
#define SYSLOG		"/dev/log"
#define KERNEL_LOG	"/dev/kmsg"
#endif
#define NOTE		((10 << 3) + 6)	/* authpriv.info */
#define KERNEL_NOTE	((10 << 3) + 7)	/* authpriv.debug, which no console shows */

/**
 * struct session - a command, and its caller's end
 * @frames: the session
 * @started: the first frame has arrived
 * @start: what it said
 * @args: arguments, each ends with NUL
 * @args_len: bytes of them
 * @env: likewise
 * @env_len: likewise
 * @who: the caller's name
 * @pid: the command, and its process group; 0 before it runs
 * @ended: it has ended
 * @status: as from waitpid()
 * @master: its terminal's other end, or -1
 * @signals: descriptor that reports its end
 */
struct session {
	struct frames frames;
	bool started;
	struct frame_start start;
	char args[FRAMES_ARGS + 1];
	size_t args_len;
	char env[FRAMES_ARGS + 1];
	size_t env_len;
	char who[FRAMES_WHO + 1];
	pid_t pid;
	bool ended;
	int status;
	int master;
	int signals;
};

static void send_exit(struct session *s, enum frame_end how, int value, const char *text)
{
	uint8_t payload[sizeof(struct frame_exit) + 250] = { how, value };
	size_t len = strnlen(text, 250);

	memcpy(payload + sizeof(struct frame_exit), text, len);
	frames_send(&s->frames, FRAME_EXIT, 0, payload, sizeof(struct frame_exit) + len);
	frames_flush(&s->frames);
}

static void send_failure(struct session *s, int value, const char *what, int error)
{
	char text[251];

	snprintf(text, sizeof(text), "%.200s: %s", what, strerror(error));
	text_printable(text);
	send_exit(s, FRAME_FAILED, value, text);
	_exit(EXIT_SUCCESS);
}

/* Splits the arguments; the array ends with NULL. */
static char **split(char *text, size_t len)
{
	size_t i, nr = 0;
	char **items;

	for (i = 0; i < len; i++)
		nr += !text[i];
	items = calloc(nr + 1, sizeof(*items));
	for (nr = 0, i = 0; items && i < len; i += strlen(text + i) + 1)
		items[nr++] = text + i;
	return items;
}

static void set_environment(struct session *s)
{
	size_t i;

	for (i = 0; i < s->env_len; i += strlen(s->env + i) + 1)
		if (strchr(s->env + i, '='))
			putenv(s->env + i);
}

static void set_size(struct session *s, const uint8_t *rows, const uint8_t *columns)
{
	struct winsize ws = { .ws_row = frames_get16(rows), .ws_col = frames_get16(columns) };

	if (s->master >= 0)
		ioctl(s->master, TIOCSWINSZ, &ws);
}

static int not_blocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

/* Makes the command's descriptors, and our ends of them. */
static int make_pipes(struct session *s, posix_spawn_file_actions_t *actions)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_adddup2(actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(actions, err[1], STDERR_FILENO);
	s->frames.out[0].fd = not_blocking(in[1]);
	s->frames.in[1].fd = not_blocking(out[0]);
	s->frames.in[2].fd = not_blocking(err[0]);
	return 0;
}

static int make_terminal(struct session *s, posix_spawn_file_actions_t *actions)
{
	char name[64];
	int slave;

	/* The slave stays open here until the command has it. */
	if (openpty(&s->master, &slave, name, NULL, NULL))
		return -1;
	fcntl(s->master, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	/* The first terminal that a session leader opens becomes its controlling terminal. */
	posix_spawn_file_actions_addopen(actions, STDIN_FILENO, name, O_RDWR, 0);
	posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDERR_FILENO);
	set_size(s, s->start.rows, s->start.columns);
	s->frames.in[1].fd = not_blocking(s->master);
	s->frames.out[0].fd = fcntl(s->master, F_DUPFD_CLOEXEC, 0);
	return 0;
}

static void set_attributes(posix_spawnattr_t *attr)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
				 POSIX_SPAWN_SETSIGMASK);
}

/* Closes all descriptors except the standard ones and those that the command keeps. */
static void close_others(const int keep[], size_t nr)
{
	int from = STDERR_FILENO + 1, next;
	size_t i;

	do {
		next = INT_MAX;
		for (i = 0; i < nr; i++)
			if (keep[i] >= from && keep[i] < next)
				next = keep[i];
		if (next > from)
			close_range(from, next - 1, 0);
		from = next + 1u;
	} while (next != INT_MAX);
}

/* The command's descriptors are closed here, so that we notice when it closes them. */
static void close_commands(const struct session *s)
{
	const struct frames *f = &s->frames;
	const int keep[] = { f->fd, s->signals, f->out[0].fd, f->in[1].fd, f->in[2].fd };

	close_others(keep, ARRAY_SIZE(keep));
}

/* To the vnode's syslog, or without one to its kernel's log; does not wait for either. */
static void note(const char *text)
{
	struct sockaddr_un to = { AF_UNIX, SYSLOG };
	char line[1024];
	ssize_t n;
	int fd;

	n = snprintf(line, sizeof(line), "<%d>vnode-agent[%d]: %s", NOTE, getpid(), text);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	n = sendto(fd, line, n, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	if (n >= 0)
		return;
	n = snprintf(line, sizeof(line), "<%d>vnode-agent[%d]: %s\n", KERNEL_NOTE, getpid(), text);
	fd = open(KERNEL_LOG, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && write(fd, line, n) < 0)
		report("agent: %s: %s", KERNEL_LOG, strerror(errno));
	close(fd);
}

/* ASCII, because any terminal may show it; and one line, because the log has lines */
static void make_printable(const char *from, size_t len, char *to)
{
	struct printable p = { .line = true };

	to += printable_put(&p, from, len, to);
	to += printable_end(&p, to);
	*to = '\0';
}

/* Logs the caller and the command */
static void note_command(const struct session *s)
{
	char who[PRINTABLE_MAX(FRAMES_WHO) + 1], command[PRINTABLE_MAX(NOTED) + 1];
	char text[sizeof(who) + sizeof(command) + 64], words[NOTED];
	size_t len = s->args_len - 1, i;
	bool whole = len <= NOTED;

	if (!whole)
		len = NOTED;
	for (i = 0; i < len; i++)
		words[i] = s->args[i] ? s->args[i] : ' ';
	make_printable(s->who, strlen(s->who), who);
	make_printable(words, len, command);
	snprintf(text, sizeof(text), "for %s of the root vnode: %s%s", who[0] ? who : "somebody",
		 command, whole ? "" : "...");
	note(text);
}

static int start_command(struct session *s)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char **argv;
	int error;

	if (!s->started || s->pid || !s->args_len || s->args[s->args_len - 1] ||
	    (s->env_len && s->env[s->env_len - 1]))
		return -1;
	argv = split(s->args, s->args_len);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	if (!argv || (s->start.flags & FRAMES_TTY ? make_terminal(s, &actions) :
						    make_pipes(s, &actions)))
		send_failure(s, EXIT_EXEC, "agent", errno);
	set_environment(s);
	set_attributes(&attr);
	note_command(s);
	error = posix_spawnp(&s->pid, argv[0], &actions, &attr, argv, environ);
	if (error)
		send_failure(s, error == ENOENT || error == ENOTDIR ? 127 : 126, argv[0], error);
	close_commands(s);
	/* A terminal has one stream. */
	if (s->master >= 0)
		frames_end_inlet(&s->frames, 2);
	frames_send(&s->frames, FRAME_TAKEN, 0, NULL, 0);
	return 0;
}

static int take_strings(char *to, size_t *have, const uint8_t *payload, size_t len)
{
	if (len > FRAMES_ARGS - *have)
		return -1;
	memcpy(to + *have, payload, len);
	*have += len;
	return 0;
}

static int take_start(struct session *s, const uint8_t *payload, size_t len)
{
	char text[100];

	if (payload[0] != FRAMES_VERSION) {
		snprintf(text, sizeof(text),
			 "its agent is of version %d, vnode exec of version %d: expected the same",
			 FRAMES_VERSION, payload[0]);
		send_exit(s, FRAME_FAILED, EXIT_EXEC, text);
		_exit(EXIT_SUCCESS);
	}
	if (len != sizeof(s->start))
		return -1;
	memcpy(&s->start, payload, len);
	s->started = true;
	return 0;
}

static int take_frame(void *user, enum frame_type type, const uint8_t *payload, size_t len)
{
	struct session *s = user;

	switch (type) {
	case FRAME_START:
		return s->started || !len ? -1 : take_start(s, payload, len);
	case FRAME_WHO:
		if (s->pid || len > FRAMES_WHO)
			return -1;
		memcpy(s->who, payload, len);
		s->who[len] = '\0';
		return 0;
	case FRAME_ARG:
		return s->pid ? -1 : take_strings(s->args, &s->args_len, payload, len);
	case FRAME_ENV:
		return s->pid ? -1 : take_strings(s->env, &s->env_len, payload, len);
	case FRAME_RUN:
		return start_command(s);
	case FRAME_SIGNAL:
		if (len != 1 || !payload[0] || payload[0] >= NSIG)
			return -1;
		if (s->pid && !s->ended)
			kill(-s->pid, payload[0]);
		frames_send(&s->frames, FRAME_TAKEN, 0, NULL, 0);
		return 0;
	case FRAME_SIZE:
		if (len != 4)
			return -1;
		set_size(s, payload, payload + 2);
		return 0;
	default:
		return -1;
	}
}

static void hang_up(struct session *s)
{
	if (s->pid && !s->ended) {
		kill(-s->pid, SIGHUP);
		kill(-s->pid, SIGCONT);
	}
	_exit(EXIT_FAILURE);
}

static void look_for_end(struct session *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (s->pid && waitpid(s->pid, &s->status, WNOHANG) == s->pid)
		s->ended = true;
}

/* Waits for an event and handles it; returns the result of poll(). */
static int step(struct session *s, bool read_inlets, int timeout)
{
	struct pollfd fds[FRAMES_POLL + 1];
	int ret;

	frames_prepare(&s->frames, fds);
	if (!read_inlets) {
		fds[1 + 1].fd = -1;
		fds[1 + 2].fd = -1;
	}
	fds[FRAMES_POLL].fd = s->ended ? -1 : s->signals;
	fds[FRAMES_POLL].events = POLLIN;
	ret = poll(fds, FRAMES_POLL + 1, timeout);
	if (ret <= 0)
		return ret;
	if (fds[FRAMES_POLL].fd >= 0 && fds[FRAMES_POLL].revents)
		look_for_end(s);
	if (frames_pump(&s->frames, fds) || s->frames.closed)
		hang_up(s);
	/* If nobody reads a terminal any more, closing its last descriptor hangs it up. */
	if (s->master >= 0 && s->frames.in[1].fd < 0) {
		s->master = -1;
		frames_stop_outlet(&s->frames, 0);
	}
	return ret;
}

/*
 * Passes on what the command had written when it ended.  Background processes may go on
 * writing; this does not wait for them.
 */
static void drain_pipes(struct session *s)
{
	int left[FRAMES_STREAMS] = { 0 };
	unsigned int i;
	size_t n;

	for (i = 1; i < FRAMES_STREAMS; i++)
		if (s->frames.in[i].fd < 0 || ioctl(s->frames.in[i].fd, FIONREAD, &left[i]))
			left[i] = 0;
	while (left[1] > 0 || left[2] > 0) {
		for (n = 0, i = 1; i < FRAMES_STREAMS; i++) {
			if (s->frames.in[i].fd < 0)
				left[i] = 0;
			if (left[i] > 0) {
				n += frames_read_inlet(&s->frames, i, left[i]);
				left[i] -= n;
			}
			if (n)
				break;
		}
		if (left[1] > 0 || left[2] > 0)
			step(s, false, n ? 0 : -1);
	}
}

/*
 * Likewise.  A terminal does not tell how much output is still to come, but it keeps the
 * order.  All has come when the terminal has been quiet, or when it has delivered more than
 * it can buffer.  This does not wait for a terminal that goes on with a little output now
 * and then, but it does wait for the caller.
 */
static void drain_terminal(struct session *s)
{
	const struct inlet *in = &s->frames.in[1];
	uint64_t end = in->taken + LAST_BYTES;
	long long until = adeos_deadline(LAST_SECONDS);

	while (in->fd >= 0 && in->taken < end) {
		if (!in->credit || s->frames.queued)
			until = adeos_deadline(LAST_SECONDS);
		else if (adeos_expired(until))
			break;
		if (!step(s, true, QUIET_MS) && in->credit && !s->frames.queued)
			break;
	}
}

static void run_session(int fd)
{
	static const int caught[] = { SIGCHLD };
	static struct session s;

	/* The command must not inherit the descriptors that the agent was started with. */
	close_others(&fd, 1);
	s.signals = vcon_signals(caught, ARRAY_SIZE(caught));
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	s.master = -1;
	frames_init(&s.frames, not_blocking(fd));
	s.frames.handle = take_frame;
	s.frames.user = &s;
	while (!s.ended)
		step(&s, true, -1);
	if (s.master >= 0)
		drain_terminal(&s);
	else
		drain_pipes(&s);
	frames_end_inlet(&s.frames, 1);
	frames_end_inlet(&s.frames, 2);
	if (WIFSIGNALED(s.status))
		send_exit(&s, FRAME_KILLED, WTERMSIG(s.status), "");
	else
		send_exit(&s, FRAME_EXITED, WEXITSTATUS(s.status), "");
	_exit(EXIT_SUCCESS);
}

/* The bridge exists as soon as the vnode is a member of the cluster. */
static int open_device(void)
{
	int fd;

	for (;;) {
		fd = open(AGENT_DEVICE, O_RDWR | O_CLOEXEC);
		if (fd >= 0 || errno != EAGAIN)
			return fd;
		usleep(RETRY_US);
	}
}

/**
 * command_agent - vnode agent
 * @args: its arguments and options
 *
 * Return: vnode's exit status, if it cannot go on.
 */
int command_agent(const struct args *args)
{
	int device, session;
	pid_t pid;

	(void)args;
	/* Nobody waits for the processes that serve sessions. */
	signal(SIGCHLD, SIG_IGN);
	if (chdir(getenv("HOME") ? getenv("HOME") : "/"))
		report("agent: %s: %s", getenv("HOME"), strerror(errno));
	for (device = open_device(); device >= 0;) {
		session = ioctl(device, VCON_ACCEPT);
		if (session < 0 && errno == EHOSTDOWN) {
			/* Its bridge is gone; there will be a new one. */
			close(device);
			device = open_device();
			continue;
		}
		if (session < 0) {
			/* Memory or descriptors may be available later. */
			usleep(RETRY_US);
			continue;
		}
		pid = fork();
		if (!pid) {
			close(device);
			run_session(session);
		}
		close(session);
	}
	report("agent: %s: %s", AGENT_DEVICE, strerror(errno));
	return EXIT_FAILURE;
}
