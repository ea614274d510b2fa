// SPDX-License-Identifier: GPL-2.0
/*
 * Frames, and the three streams of a session: see frames.h.
 *
 * No stream can stop another one: a sender sends only as much as the receiver has given
 * credit, that is, has room for.  So the receiver can always read the channel.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "frames.h"

#define MAX_READS	16	/* at a time; each can cause a control frame or two */
#define WRITE_MAX	4096	/* PIPE_BUF: what a pipe that is ready accepts at once */

/**
 * frames_get16 - read a number
 * @bytes: two bytes, the lower one first
 *
 * Return: the number.
 */
uint16_t frames_get16(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8;
}

/**
 * frames_put16 - write a number
 * @bytes: where to store two bytes
 * @value: the number
 */
void frames_put16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = value;
	bytes[1] = value >> 8;
}

/**
 * frames_init - begin a session
 * @f: the session; @handle and @user are the caller's to set
 * @fd: its channel, not blocking
 *
 * The streams have no descriptors yet.
 */
void frames_init(struct frames *f, int fd)
{
	unsigned int i;

	f->fd = fd;
	f->closed = false;
	f->error = 0;
	f->queued = 0;
	f->got = 0;
	for (i = 0; i < FRAMES_STREAMS; i++) {
		f->in[i] = (struct inlet){ .fd = -1, .credit = FRAMES_WINDOW };
		f->out[i].fd = -1;
		f->out[i].owed = 0;
		f->out[i].at = 0;
		f->out[i].len = 0;
		f->out[i].ended = false;
	}
}

static bool has_room(const struct frames *f)
{
	return f->queued + FRAME_HEADER + FRAME_PAYLOAD <= FRAMES_QUEUE;
}

/**
 * frames_send - queue a frame
 * @f: the session
 * @type: the frame's type
 * @stream: its stream, or 0
 * @payload: what is in it
 * @len: bytes of that
 *
 * If there is no room, that is an error of the session.
 */
void frames_send(struct frames *f, enum frame_type type, unsigned int stream,
		 const void *payload, size_t len)
{
	uint8_t *to = f->queue + f->queued;

	if (f->queued + FRAME_HEADER + len > sizeof(f->queue)) {
		f->error = ENOBUFS;
		return;
	}
	to[0] = type;
	to[1] = stream;
	frames_put16(to + 2, len);
	if (len)
		memcpy(to + FRAME_HEADER, payload, len);
	f->queued += FRAME_HEADER + len;
}

static bool is_retry(int error)
{
	return error == EAGAIN || error == EINTR;
}

static void write_channel(struct frames *f)
{
	ssize_t n = write(f->fd, f->queue, f->queued);

	if (n > 0) {
		memmove(f->queue, f->queue + n, f->queued - n);
		f->queued -= n;
	} else if (n < 0 && errno == EPIPE) {
		/* What the other side sent before can still be read. */
		f->queued = 0;
	} else if (n < 0 && !is_retry(errno)) {
		f->error = errno;
	}
}

/**
 * frames_flush - send what is queued, and wait until it was written
 * @f: the session
 *
 * Return: 0, or -1 if that failed.
 */
int frames_flush(struct frames *f)
{
	struct pollfd ready = { .fd = f->fd, .events = POLLOUT };

	while (f->queued && !f->error) {
		poll(&ready, 1, -1);
		write_channel(f);
	}
	return f->error ? -1 : 0;
}

/**
 * frames_send_part - queue as much as there is room for of what may need several frames
 * @f: the session
 * @type: type of the frames
 * @payload: what to send
 * @len: bytes of that
 *
 * Return: how many bytes were queued.
 */
size_t frames_send_part(struct frames *f, enum frame_type type, const void *payload, size_t len)
{
	const uint8_t *from = payload;
	size_t n, done;

	for (done = 0; done < len && has_room(f); done += n) {
		n = len - done < FRAME_PAYLOAD ? len - done : FRAME_PAYLOAD;
		frames_send(f, type, 0, from + done, n);
	}
	return done;
}

/**
 * frames_stop_outlet - end a stream that this side reads, because nobody needs it any more
 * @f: the session
 * @stream: its number
 */
void frames_stop_outlet(struct frames *f, unsigned int stream)
{
	struct outlet *out = &f->out[stream];

	if (out->fd < 0)
		return;
	close(out->fd);
	out->fd = -1;
	out->len = 0;
	if (!out->ended)
		frames_send(f, FRAME_STOP, stream, NULL, 0);
}

static void grant(struct frames *f, unsigned int stream, uint32_t more, uint32_t least)
{
	struct outlet *out = &f->out[stream];
	uint8_t payload[4];

	out->owed += more;
	if (out->owed < least || out->ended)
		return;
	frames_put16(payload, out->owed);
	frames_put16(payload + 2, out->owed >> 16);
	frames_send(f, FRAME_CREDIT, stream, payload, sizeof(payload));
	out->owed = 0;
}

static void write_outlet(struct frames *f, unsigned int stream)
{
	struct outlet *out = &f->out[stream];
	size_t len = FRAMES_WINDOW - out->at;
	ssize_t n;

	if (len > out->len)
		len = out->len;
	if (len > WRITE_MAX)
		len = WRITE_MAX;
	n = write(out->fd, out->buf + out->at, len);
	if (n < 0 && !is_retry(errno)) {
		frames_stop_outlet(f, stream);
	} else if (n > 0) {
		out->at = (out->at + n) % FRAMES_WINDOW;
		out->len -= n;
		grant(f, stream, n, FRAMES_WINDOW / 4);
	}
	if (out->ended && !out->len && out->fd >= 0) {
		close(out->fd);
		out->fd = -1;
	}
}

static int take_data(struct frames *f, unsigned int stream, const uint8_t *data, size_t len)
{
	struct outlet *out = &f->out[stream];
	size_t at, first;

	if (out->ended || len > FRAMES_WINDOW - out->len)
		return -1;
	if (out->fd < 0) {
		grant(f, stream, len, 1);
		return 0;
	}
	at = (out->at + out->len) % FRAMES_WINDOW;
	first = FRAMES_WINDOW - at;
	if (first > len)
		first = len;
	memcpy(out->buf + at, data, first);
	memcpy(out->buf, data + first, len - first);
	out->len += len;
	return 0;
}

static int take_end(struct frames *f, unsigned int stream)
{
	struct outlet *out = &f->out[stream];

	out->ended = true;
	if (!out->len && out->fd >= 0) {
		close(out->fd);
		out->fd = -1;
	}
	return 0;
}

static int take_credit(struct inlet *in, const uint8_t *payload, size_t len)
{
	uint32_t more;

	if (len != 4)
		return -1;
	more = frames_get16(payload) | (uint32_t)frames_get16(payload + 2) << 16;
	if (more > FRAMES_WINDOW - in->credit)
		return -1;
	in->credit += more;
	return 0;
}

static int take_frame(struct frames *f)
{
	const uint8_t *payload = f->frame + FRAME_HEADER;
	unsigned int type = f->frame[0], stream = f->frame[1];
	size_t len = f->got - FRAME_HEADER;

	if (stream >= FRAMES_STREAMS)
		return -1;
	switch (type) {
	case FRAME_DATA:
		return take_data(f, stream, payload, len);
	case FRAME_END:
		return take_end(f, stream);
	case FRAME_STOP:
		frames_end_inlet(f, stream);
		return 0;
	case FRAME_CREDIT:
		return take_credit(&f->in[stream], payload, len);
	}
	return f->handle(f->user, type, payload, len);
}

/*
 * Reads the missing part of a frame: first its header, then its payload.  Returns whether
 * there may be more.
 */
static bool read_frame(struct frames *f)
{
	size_t want = FRAME_HEADER;
	ssize_t n;

	if (f->got >= FRAME_HEADER)
		want += frames_get16(f->frame + 2);
	n = want > f->got ? read(f->fd, f->frame + f->got, want - f->got) : 0;
	if (n < 0) {
		if (!is_retry(errno))
			f->error = errno;
		return false;
	}
	if (!n && want > f->got) {
		f->closed = true;
		return false;
	}
	f->got += n;
	if (f->got < FRAME_HEADER)
		return true;
	want = FRAME_HEADER + frames_get16(f->frame + 2);
	if (want > sizeof(f->frame)) {
		f->error = EPROTO;
	} else if (f->got == want) {
		if (take_frame(f))
			f->error = EPROTO;
		f->got = 0;
	}
	return !f->error;
}

/* Not all data, so that the other descriptors have their turn. */
static void read_channel(struct frames *f)
{
	unsigned int reads = 0;

	while (reads++ < MAX_READS && read_frame(f))
		;
}

/**
 * frames_end_inlet - end a stream that this side writes
 * @f: the session
 * @stream: its number
 */
void frames_end_inlet(struct frames *f, unsigned int stream)
{
	struct inlet *in = &f->in[stream];

	if (in->fd >= 0)
		close(in->fd);
	in->fd = -1;
	if (!in->ended)
		frames_send(f, FRAME_END, stream, NULL, 0);
	in->ended = true;
}

/**
 * frames_read_inlet - read some of a stream that this side writes
 * @f: the session
 * @stream: its number
 * @max: how many bytes at most
 *
 * Return: how many bytes were read; 0 if the stream has ended, or if there is no data, no
 * credit, or no room.
 */
size_t frames_read_inlet(struct frames *f, unsigned int stream, size_t max)
{
	struct inlet *in = &f->in[stream];
	uint8_t data[FRAME_PAYLOAD];
	ssize_t n;

	if (max > sizeof(data))
		max = sizeof(data);
	if (max > in->credit)
		max = in->credit;
	if (in->fd < 0 || !max || !has_room(f))
		return 0;
	n = read(in->fd, data, max);
	if (n < 0 && is_retry(errno))
		return 0;
	if (n <= 0) {
		frames_end_inlet(f, stream);
		return 0;
	}
	frames_send(f, FRAME_DATA, stream, data, n);
	in->credit -= n;
	in->taken += n;
	return n;
}

/**
 * frames_passed_on - check whether all received data was passed on
 * @f: the session
 *
 * Return: true if it was.
 */
bool frames_passed_on(const struct frames *f)
{
	unsigned int i;

	for (i = 0; i < FRAMES_STREAMS; i++)
		if (f->out[i].fd >= 0 && f->out[i].len)
			return false;
	return true;
}

/**
 * frames_prepare - what to wait for
 * @f: the session
 * @fds: where to store it, for poll()
 */
void frames_prepare(struct frames *f, struct pollfd fds[FRAMES_POLL])
{
	unsigned int i;
	bool in, out;

	/* The queue must keep room for control frames. */
	in = !f->closed && f->queued <= FRAMES_QUEUE;
	fds[0].fd = in || f->queued ? f->fd : -1;
	fds[0].events = (in ? POLLIN : 0) | (f->queued ? POLLOUT : 0);
	for (i = 0; i < FRAMES_STREAMS; i++) {
		in = f->in[i].fd >= 0 && f->in[i].credit && has_room(f);
		fds[1 + i].fd = in ? f->in[i].fd : -1;
		fds[1 + i].events = POLLIN;
		/* Without data, poll() still reports that the reader has gone. */
		out = f->out[i].len || !f->out[i].ended;
		fds[1 + FRAMES_STREAMS + i].fd = out ? f->out[i].fd : -1;
		fds[1 + FRAMES_STREAMS + i].events = f->out[i].len ? POLLOUT : 0;
	}
}

/**
 * frames_pump - do all that is possible without waiting
 * @f: the session
 * @fds: what frames_prepare() stored, after poll()
 *
 * Return: 0, or -1 if the channel cannot be used any more; @error says why.
 */
int frames_pump(struct frames *f, const struct pollfd fds[FRAMES_POLL])
{
	const struct pollfd *out = fds + 1 + FRAMES_STREAMS;
	unsigned int i;

	for (i = 0; i < FRAMES_STREAMS; i++) {
		if (out[i].fd >= 0 && out[i].fd == f->out[i].fd && out[i].revents) {
			if (f->out[i].len)
				write_outlet(f, i);
			else
				frames_stop_outlet(f, i);
		}
	}
	for (i = 0; i < FRAMES_STREAMS; i++)
		if (fds[1 + i].fd >= 0 && fds[1 + i].fd == f->in[i].fd && fds[1 + i].revents)
			frames_read_inlet(f, i, FRAME_PAYLOAD);
	if (f->queued && !f->error)
		write_channel(f);
	if (fds[0].fd >= 0 && fds[0].revents & ~POLLOUT && !f->error)
		read_channel(f);
	return f->error ? -1 : 0;
}
