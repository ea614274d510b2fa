// SPDX-License-Identifier: GPL-2.0
/*
 * tools/vnode/agent.c: the process that serves a session, with this process at the other
 * end. Its log is in the current folder.
 */
#define SYSLOG		"syslog"
#define KERNEL_LOG	"kmsg"
#include "agent.c"

#include "tap.h"

#define PATIENCE	240	/* seconds; then something waits for ever */
#define OUTPUT		(4u << 20)
#define FOR_ME		"for uid 7 (me) of the root vnode: "

/* A command, and its result */
struct call {
	struct frames f;
	pid_t server;
	bool answered;
	bool ended;
	struct frame_exit end;
	char text[256];		/* why it was not run */
	int sink;
	char *output;
	size_t len;
};

static struct call call;

static int take(void *user, enum frame_type type, const uint8_t *payload, size_t len)
{
	struct call *c = user;

	if (type == FRAME_TAKEN) {
		c->answered = true;
		return 0;
	}
	if (type != FRAME_EXIT || len < sizeof(c->end))
		return -1;
	memcpy(&c->end, payload, sizeof(c->end));
	snprintf(c->text, sizeof(c->text), "%.*s", (int)(len - sizeof(c->end)),
		 payload + sizeof(c->end));
	c->ended = true;
	return 0;
}

/* @input: its standard input, or -1 */
static void begin(int version, int flags, int input)
{
	int fds[2], out[2];

	call = (struct call){ .output = realloc(call.output, OUTPUT) };
	if (!call.output || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || pipe(out))
		abort();
	call.server = fork();
	if (!call.server) {
		close(fds[0]);
		close(out[0]);
		close(out[1]);
		run_session(fds[1]);
	}
	close(fds[1]);
	frames_init(&call.f, not_blocking(fds[0]));
	call.f.handle = take;
	call.f.user = &call;
	call.sink = not_blocking(out[0]);
	call.f.out[1].fd = not_blocking(out[1]);
	call.f.in[0].fd = input;
	frames_send(&call.f, FRAME_START, 0,
		    &(struct frame_start){ .version = version, .flags = flags },
		    sizeof(struct frame_start));
}

static void run_args(const char *who, const char *args, size_t len)
{
	frames_send(&call.f, FRAME_WHO, 0, who, strlen(who));
	frames_send(&call.f, FRAME_ARG, 0, args, len);
	frames_send(&call.f, FRAME_RUN, 0, NULL, 0);
}

static void run_shell(const char *script)
{
	char args[4096];
	int len = snprintf(args, sizeof(args), "sh%c-c%c%s", 0, 0, script);

	run_args("uid 7 (me)", args, len + 1);
}

static void turn(void)
{
	struct pollfd fds[FRAMES_POLL];
	ssize_t n;

	frames_prepare(&call.f, fds);
	poll(fds, FRAMES_POLL, 100);
	frames_pump(&call.f, fds);
	n = read(call.sink, call.output + call.len, OUTPUT - call.len);
	if (n > 0)
		call.len += n;
}

/* Until it has ended, and all that has come was passed on */
static void finish(void)
{
	size_t before;

	while (!call.ended && !call.f.closed && !call.f.error)
		turn();
	do {
		before = call.len;
		turn();
	} while (call.len != before);
	close(call.f.fd);
	close(call.sink);
	if (call.f.out[1].fd >= 0)
		close(call.f.out[1].fd);
	waitpid(call.server, NULL, 0);
}

static size_t count(char c)
{
	size_t i, n = 0;

	for (i = 0; i < call.len; i++)
		n += call.output[i] == c;
	return n;
}

static int exited(int status)
{
	return call.ended && call.end.how == FRAME_EXITED && call.end.value == status;
}

static void test_version(void)
{
	char both[100];

	begin(FRAMES_VERSION + 1, 0, -1);
	run_shell("exit 0");
	finish();
	snprintf(both, sizeof(both), "version %d, vnode exec of version %d:", FRAMES_VERSION,
		 FRAMES_VERSION + 1);
	ok(call.ended && call.end.how == FRAME_FAILED && call.end.value == EXIT_EXEC &&
	   strstr(call.text, both), "another version is told of, with both");
}

/* Background processes end with their terminal. */
static void test_terminal(void)
{
	begin(FRAMES_VERSION, FRAMES_TTY, -1);
	run_shell("trap '' HUP; while echo on; do :; done & exit 5");
	finish();
	ok(exited(5), "a terminal that somebody prints on without end");

	begin(FRAMES_VERSION, FRAMES_TTY, -1);
	run_shell("trap '' HUP; while echo on; do sleep 0.02; done & exit 6");
	finish();
	ok(exited(6), "one that somebody prints on now and then");

	begin(FRAMES_VERSION, FRAMES_TTY, -1);
	run_shell("trap '' HUP; while echo on; do :; done &\n"
		  "head -c 100000 /dev/zero | tr '\\0' x; exit 7");
	finish();
	ok(exited(7) && count('x') == 100000, "what was printed before the end comes, all of it");
}

static void test_descriptors(void)
{
	struct pollfd end = { .events = POLLIN };
	int fds[2], input[2], high;

	/* As the agent may have been started with, and the command is not to have */
	if (pipe(fds) || pipe(input) || dup2(fds[1], 3000) != 3000)
		abort();
	end.fd = fds[0];
	high = dup(fds[1]);
	begin(FRAMES_VERSION, 0, not_blocking(input[0]));
	close(fds[1]);
	close(high);
	close(3000);
	fcntl(input[1], F_SETFD, FD_CLOEXEC);
	run_shell("echo /proc/self/fd/*; read x; exit 8");
	while (poll(&end, 1, 0) != 1)
		turn();
	ok(end.revents & POLLHUP, "neither the command nor its server has the agent's descriptors");
	close(input[1]);
	finish();
	ok(exited(8), "but for those of the session");
	close(fds[0]);
}

/* The line is "<PRIORITY>vnode-agent[PID]: " and @rest; @got ends with NUL. */
static int says(const char *got, int priority, const char *rest)
{
	char line[2048];

	snprintf(line, sizeof(line), "<%d>vnode-agent[%d]: %s", priority, call.server, rest);
	return !strcmp(got, line);
}

static void test_notes(void)
{
	struct sockaddr_un here = { AF_UNIX, SYSLOG };
	int log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), file;
	char got[2048] = "", args[1000];
	ssize_t n;

	if (bind(log, (struct sockaddr *)&here, sizeof(here)))
		abort();
	begin(FRAMES_VERSION, 0, -1);
	run_shell(": \x1b[31m 'a\nb' \xc2\x9b");
	finish();
	n = recv(log, got, sizeof(got) - 1, MSG_DONTWAIT);
	ok(n > 0 && says(got, 86, FOR_ME "sh -c : \\x1b[31m 'a\\x0ab' \\xc2\\x9b"),
	   "the log says who runs what, and is not driven by it");
	memset(args, '\n', sizeof(args));
	args[999] = '\0';
	memset(got, 0, sizeof(got));
	begin(FRAMES_VERSION, 0, -1);
	run_args("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
		 args, sizeof(args));
	finish();
	n = recv(log, got, sizeof(got) - 1, MSG_DONTWAIT);
	ok(n > 3 && n < 1000 && !strchr(got, '\n') && !strcmp(got + n - 3, "...") &&
	   call.end.how == FRAME_FAILED, "what is long is cut, and said of what cannot run, too");
	close(log);
	unlink(SYSLOG);

	file = open(KERNEL_LOG, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	begin(FRAMES_VERSION, 0, -1);
	run_shell("true");
	finish();
	memset(got, 0, sizeof(got));
	n = read(file, got, sizeof(got) - 1);
	ok(n > 0 && says(got, 87, FOR_ME "sh -c true\n"),
	   "without a syslog, it is the kernel's");
	close(file);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(PATIENCE);
	test_version();
	test_notes();
	test_descriptors();
	test_terminal();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
