// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes tools/vnode/frames.c with arbitrary input of the other side.  What it passes
 * on must be what a plain reading of the same bytes finds, up to the first frame
 * that makes no sense, and no counter may leave its bounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* A plain reading of the bytes, for stream 1, which is passed on at once */
struct reading {
	unsigned char *text;
	size_t len;
	bool ended[FRAMES_STREAMS];
	size_t held;		/* of stream 2, which nobody reads */
	unsigned int handled;
	bool wrong;
};

static unsigned int handled;

static void check(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "frames_fuzz: broken: %s\n", what);
	abort();
}

static int handle(void *user, enum frame_type type, const unsigned char *payload, size_t len)
{
	(void)user;
	check(len <= FRAME_PAYLOAD, "a payload that is too long");
	/* Looks at it all, for AddressSanitizer */
	handled += type;
	while (len--)
		handled += payload[len];
	return type == FRAME_EXIT ? 0 : -1;
}

/* Parses one frame; false if it is invalid. */
static bool read_one(struct reading *r, const unsigned char *frame, size_t len)
{
	const unsigned char *payload = frame + FRAME_HEADER;
	unsigned int stream = frame[1];

	if (stream >= FRAMES_STREAMS)
		return false;
	switch (frame[0]) {
	case FRAME_DATA:
		if (r->ended[stream] || (stream == 2 && len > FRAMES_WINDOW - r->held))
			return false;
		if (stream == 2)
			r->held += len;
		if (stream != 1)
			return true;
		memcpy(r->text + r->len, payload, len);
		r->len += len;
		return true;
	case FRAME_END:
		r->ended[stream] = true;
		return true;
	case FRAME_STOP:
		return true;
	case FRAME_CREDIT:
		/* Nothing was sent. */
		return len == 4 && !memcmp(payload, "\0\0\0\0", 4);
	}
	r->handled += frame[0];
	while (len--)
		r->handled += payload[len];
	return frame[0] == FRAME_EXIT;
}

static void read_all(struct reading *r, const unsigned char *data, size_t size)
{
	size_t at = 0, len;

	while (size - at >= FRAME_HEADER) {
		len = frames_get16(data + at + 2);
		r->wrong = len > FRAME_PAYLOAD;
		if (r->wrong || size - at < FRAME_HEADER + len)
			break;
		r->wrong = !read_one(r, data + at, len);
		if (r->wrong)
			break;
		at += FRAME_HEADER + len;
	}
}

static void check_bounds(const struct frames *f)
{
	unsigned int i;

	check(f->queued <= sizeof(f->queue), "more is queued than fits");
	check(f->got <= sizeof(f->frame), "a frame does not fit");
	for (i = 0; i < FRAMES_STREAMS; i++) {
		check(f->out[i].len <= FRAMES_WINDOW && f->out[i].at < FRAMES_WINDOW,
		      "a ring has more than its size");
		check(f->in[i].credit <= FRAMES_WINDOW, "credit beyond the window");
	}
}

static int quick(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

/* Stream 0 has no descriptor, 1 is read at once, and 2 by nobody. */
static void relay(struct frames *f, int channel, const unsigned char *data, size_t size,
		  const struct reading *r)
{
	static unsigned char got[FRAMES_WINDOW];
	struct pollfd fds[FRAMES_POLL];
	size_t sent = 0, passed = 0;
	int taken[2], kept[2];
	ssize_t n;

	check(!pipe(taken) && !pipe(kept), "no pipes");
	f->out[1].fd = quick(taken[1]);
	f->out[2].fd = kept[1];
	quick(taken[0]);
	for (;;) {
		n = sent < size ? write(channel, data + sent, size - sent) : 0;
		sent += n > 0 ? n : 0;
		if (sent == size)
			shutdown(channel, SHUT_WR);
		while (read(channel, got, sizeof(got)) > 0)
			;	/* credit, and the ends of streams */
		frames_prepare(f, fds);
		fds[1 + FRAMES_STREAMS + 2].fd = -1;
		n = poll(fds, FRAMES_POLL, 0);
		check_bounds(f);
		if (n <= 0 || frames_pump(f, fds))
			break;
		check_bounds(f);
		while ((n = read(taken[0], got, sizeof(got))) > 0) {
			check(n <= (ssize_t)(r->len - passed) &&
			      !memcmp(got, r->text + passed, n), "other bytes are passed on");
			passed += n;
		}
	}
	check(r->wrong ? f->error == EPROTO : !f->error && f->closed && passed == r->len,
	      "nonsense and sense are not told apart");
	check(handled == r->handled, "frames were not handled as they came");
	close(taken[0]);
	close(kept[0]);
	if (f->out[1].fd >= 0)
		close(f->out[1].fd);
	if (f->out[2].fd >= 0)
		close(f->out[2].fd);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct frames f;
	struct reading r = { .text = malloc(size + 1) };
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	check(r.text && !socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "no socket");
	handled = 0;
	read_all(&r, data, size);
	frames_init(&f, quick(fds[0]));
	f.handle = handle;
	relay(&f, quick(fds[1]), data, size, &r);
	close(fds[0]);
	close(fds[1]);
	free(r.text);
	return 0;
}
