// SPDX-License-Identifier: GPL-2.0
/*
 * tools/vnode/frames.c: two ends in one process, joined by a socket; one that
 * says what makes no sense; descriptors that end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frames.h"
#include "tap.h"

#define MUCH	(3u << 20)

/* One end, and the other sides of its descriptors */
struct end {
	struct frames f;
	int source[FRAMES_STREAMS];	/* what is written there is sent */
	int sink[FRAMES_STREAMS];	/* what has come can be read there */
	unsigned int handled;
	int verdict;			/* of the handler */
};

static struct end a, b;

static int handle(void *user, enum frame_type type, const unsigned char *payload, size_t len)
{
	struct end *e = user;

	(void)payload;
	e->handled += 1000 * type + len;
	return e->verdict;
}

static int quick(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

static void must(int right)
{
	if (!right)
		abort();
}

static void inlet(struct end *e, unsigned int stream)
{
	int fds[2];

	must(!pipe(fds));
	e->f.in[stream].fd = quick(fds[0]);
	e->source[stream] = quick(fds[1]);
}

static void outlet(struct end *e, unsigned int stream)
{
	int fds[2];

	must(!pipe(fds));
	e->f.out[stream].fd = quick(fds[1]);
	e->sink[stream] = quick(fds[0]);
}

static void init(struct end *e, int fd)
{
	unsigned int i;

	memset(e, 0xa5, sizeof(*e));
	e->handled = 0;
	e->verdict = 0;
	frames_init(&e->f, quick(fd));
	e->f.handle = handle;
	e->f.user = e;
	for (i = 0; i < FRAMES_STREAMS; i++) {
		e->source[i] = -1;
		e->sink[i] = -1;
	}
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void finish(struct end *e)
{
	unsigned int i;

	close_one(&e->f.fd);
	for (i = 0; i < FRAMES_STREAMS; i++) {
		close_one(&e->f.in[i].fd);
		close_one(&e->f.out[i].fd);
		close_one(&e->source[i]);
		close_one(&e->sink[i]);
	}
}

/* Two ends; @room: bytes that the socket between them takes, about */
static void begin(int room)
{
	int fds[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	must(!setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)));
	must(!setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)));
	init(&a, fds[0]);
	init(&b, fds[1]);
}

static void end(void)
{
	finish(&a);
	finish(&b);
}

/* The loop body of a caller of frames.c; returns whether anything was ready */
static int turn(struct end *e)
{
	struct pollfd fds[FRAMES_POLL];
	int ready;

	frames_prepare(&e->f, fds);
	ready = poll(fds, FRAMES_POLL, 0);
	if (ready > 0)
		frames_pump(&e->f, fds);
	must(e->f.queued <= sizeof(e->f.queue));
	return ready > 0;
}

static void settle(void)
{
	unsigned int n = 0;

	while (turn(&a) + turn(&b) && n++ < 100000)
		;
	must(n < 100000);
}

/* One stream's bytes: the n-th one, different for each stream */
static unsigned char byte_of(unsigned int stream, unsigned int n)
{
	return (n * 2654435761u >> 24) + stream;
}

/* Writes more of a stream; ends it after the last byte. */
static void feed(struct end *e, unsigned int stream, unsigned int *sent)
{
	unsigned char data[5000];
	size_t len = 1 + rand() % sizeof(data), i;
	ssize_t n;

	if (len > MUCH - *sent)
		len = MUCH - *sent;
	for (i = 0; i < len; i++)
		data[i] = byte_of(stream, *sent + i);
	n = len && e->source[stream] >= 0 ? write(e->source[stream], data, len) : 0;
	if (n > 0)
		*sent += n;
	if (*sent == MUCH)
		close_one(&e->source[stream]);
}

/* Reads more; returns false at the end, or if it differs from what was sent. */
static int drain(struct end *e, unsigned int stream, unsigned int *got)
{
	unsigned char data[7000];
	ssize_t n = read(e->sink[stream], data, 1 + rand() % sizeof(data)), i;

	for (i = 0; i < n; i++)
		if (data[i] != byte_of(stream, (*got)++))
			return 0;
	return n != 0;
}

static void test_streams(int room, const char *name)
{
	unsigned int sent[FRAMES_STREAMS] = { 0 }, got[FRAMES_STREAMS] = { 0 }, i, left = 3;
	unsigned int turns = 0;

	begin(room);
	for (i = 0; i < FRAMES_STREAMS; i++) {
		inlet(i ? &b : &a, i);
		outlet(i ? &a : &b, i);
	}
	while (left && turns++ < 10000000) {
		i = rand() % FRAMES_STREAMS;
		feed(i ? &b : &a, i, &sent[i]);
		turn(rand() % 2 ? &a : &b);
		i = rand() % FRAMES_STREAMS;
		if ((i ? &a : &b)->sink[i] >= 0 && !drain(i ? &a : &b, i, &got[i])) {
			close_one(&(i ? &a : &b)->sink[i]);
			left--;
		}
		must(a.f.out[1].len <= FRAMES_WINDOW && b.f.in[1].credit <= FRAMES_WINDOW);
	}
	settle();
	ok(!left && got[0] == MUCH && got[1] == MUCH && got[2] == MUCH && !a.f.error &&
	   !b.f.error && !a.handled && frames_passed_on(&a.f) && frames_passed_on(&b.f), name);
	end();
}

static void test_slow(void)
{
	unsigned int sent = 0, got = 0, other = 0, i;

	begin(100000);
	for (i = 1; i < FRAMES_STREAMS; i++) {
		inlet(&b, i);
		outlet(&a, i);
	}
	for (i = 0; i < 1000; i++) {
		feed(&b, 1, &sent);
		settle();
	}
	/* In the window, in the two pipes, and no more */
	ok(sent >= FRAMES_WINDOW && sent < MUCH && !b.f.in[1].credit &&
	   a.f.out[1].len <= FRAMES_WINDOW && !frames_passed_on(&a.f),
	   "a stream that nobody takes is stopped");
	while (other < MUCH || got < MUCH) {
		feed(&b, 2, &other);
		settle();
		if (!drain(&a, 2, &got))
			break;
	}
	ok(got == MUCH, "and stops no other");
	got = 0;
	while (drain(&a, 1, &got)) {
		feed(&b, 1, &sent);
		settle();
	}
	ok(got == MUCH, "and goes on when it is taken");
	end();
}

static void test_ends(void)
{
	char text[8];

	begin(100000);
	inlet(&a, 0);
	outlet(&b, 0);
	must(write(a.source[0], "last", 4) == 4);
	close_one(&a.source[0]);
	settle();
	ok(read(b.sink[0], text, 8) == 4 && read(b.sink[0], text, 1) == 0 &&
	   b.f.out[0].fd < 0 && a.f.in[0].fd < 0, "an end follows the last bytes");
	end();

	begin(100000);
	inlet(&a, 0);
	outlet(&b, 0);
	close_one(&b.sink[0]);
	settle();
	ok(a.f.in[0].fd < 0 && a.f.in[0].ended && b.f.out[0].ended &&
	   write(a.source[0], "x", 1) < 0 && errno == EPIPE, "a reader that ends, ends the writer");
	end();

	begin(100000);
	inlet(&a, 0);
	outlet(&b, 0);
	must(write(a.source[0], "lost", 4) == 4);
	close_one(&b.sink[0]);
	settle();
	ok(a.f.in[0].fd < 0 && !a.f.error && !b.f.error, "with data under way, too");
	end();

	begin(100000);
	inlet(&b, 1);
	must(write(b.source[1], "taken by nobody", 15) == 15);
	settle();
	ok(a.f.out[1].fd < 0 && b.f.in[1].credit == FRAMES_WINDOW,
	   "what has no descriptor takes all");
	frames_end_inlet(&b.f, 1);
	frames_end_inlet(&b.f, 1);
	settle();
	ok(a.f.out[1].ended && !a.f.error, "an end that is told twice is told once");
	end();
}

static void test_channel(void)
{
	char text[FRAME_PAYLOAD] = "";
	pid_t child;
	int status;

	begin(100000);
	must(write(a.f.fd, "\11\0\1", 3) == 3);
	close_one(&a.f.fd);
	turn(&b);
	ok(b.f.closed && !b.f.error && !b.handled, "a channel that ends within a frame");
	end();

	begin(100000);
	frames_send(&a.f, FRAME_EXIT, 0, "12", 2);
	must(!frames_flush(&a.f));
	frames_send(&a.f, FRAME_EXIT, 0, "345", 3);
	must(!frames_flush(&a.f));
	close_one(&a.f.fd);
	frames_send(&b.f, FRAME_SIGNAL, 0, "x", 1);
	turn(&b);
	ok(b.handled == 2000 * FRAME_EXIT + 5 && !b.f.queued && !b.f.error,
	   "what was said before the end is heard, when writing fails already");
	end();

	begin(100000);
	while (!a.f.error && a.f.queued < sizeof(a.f.queue))
		frames_send(&a.f, FRAME_ARG, 0, text, sizeof(text));
	ok(a.f.error == ENOBUFS && a.f.queued <= sizeof(a.f.queue) && frames_flush(&a.f) < 0,
	   "a queue that is full is an error");
	end();

	begin(4000);
	child = fork();
	if (!child) {
		static unsigned char big[100000];
		size_t done = 0;

		while (done < sizeof(big)) {
			done += frames_send_part(&a.f, FRAME_ARG, big + done, sizeof(big) - done);
			must(a.f.queued <= FRAMES_QUEUE);
			must(!frames_flush(&a.f));
		}
		_exit(0);
	}
	close_one(&a.f.fd);
	while (!b.f.closed && !b.f.error)
		turn(&b);
	ok(b.handled == 25 * 1000 * FRAME_ARG + 100000 && !b.f.error &&
	   waitpid(child, &status, 0) == child && !status,
	   "what does not fit into a frame goes in several");
	end();
}

/* An invalid frame of @n bytes arrives: type, stream, length, payload */
static int refused(const char *bytes, size_t n)
{
	int right;

	begin(100000);
	must(write(a.f.fd, bytes, n) == (ssize_t)n);
	turn(&b);
	right = b.f.error == EPROTO && !b.f.closed;
	end();
	return right;
}

/* Reads what has arrived, and passes nothing on. */
static void hear(struct end *e)
{
	struct pollfd fds[FRAMES_POLL];
	unsigned int i;

	for (i = 0; i < FRAMES_POLL; i++)
		fds[i] = (struct pollfd){ .fd = -1 };
	fds[0] = (struct pollfd){ e->f.fd, POLLIN, POLLIN };
	for (i = 0; i < 10; i++)
		frames_pump(&e->f, fds);
}

static void test_nonsense(void)
{
	static unsigned char data[FRAMES_WINDOW + 17 * FRAME_HEADER];
	size_t at, i;

	ok(refused("\5\0\1\20", 4), "a frame that is too long");
	ok(refused("\5\3\0\0", 4), "a stream that there is not");
	ok(refused("\10\0\3\0\1\0\0", 7) && refused("\10\0\5\0\0\0\0\0\0", 9),
	   "credit that is no number");
	ok(refused("\10\0\4\0\1\0\0\0", 8) && refused("\10\0\4\0\377\377\377\377", 8),
	   "credit for more than was spent");
	ok(refused("\6\0\0\0\5\0\1\0x", 9), "data behind its end");

	begin(1 << 20);
	b.verdict = -1;
	must(write(a.f.fd, "\143\0\0\0", 4) == 4);
	turn(&b);
	ok(b.handled == 99000 && b.f.error == EPROTO, "a type that nobody knows");
	end();

	/* Full frames that fill the window to its last byte, and one byte more */
	begin(1 << 20);
	outlet(&b, 0);
	for (at = 0, i = 0; i < FRAMES_WINDOW / FRAME_PAYLOAD; i++) {
		data[at] = FRAME_DATA;
		frames_put16(data + at + 2, FRAME_PAYLOAD);
		at += FRAME_HEADER + FRAME_PAYLOAD;
	}
	must(write(a.f.fd, data, at) == (ssize_t)at);
	hear(&b);
	ok(!b.f.error && b.f.out[0].len == FRAMES_WINDOW, "a window that is full");
	must(write(a.f.fd, "\5\0\1\0x", 5) == 5);
	hear(&b);
	ok(b.f.error == EPROTO, "and one byte more");
	end();
}

int main(void)
{
	unsigned char two[2];

	signal(SIGPIPE, SIG_IGN);
	srand(2002);
	frames_put16(two, 0xbeef);
	ok(two[0] == 0xef && two[1] == 0xbe && frames_get16(two) == 0xbeef, "numbers");
	test_streams(1 << 20, "three streams, complete and in order");
	test_streams(1, "through a channel that takes little at a time");
	test_slow();
	test_ends();
	test_channel();
	test_nonsense();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
