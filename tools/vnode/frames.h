/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol of "vnode exec" and the agent.  A channel carries bytes only; this puts
 * frames into it, and three streams with flow control.
 *
 * A frame is a type, a stream, 16 bits of length, lower byte first, and the
 * payload.  Everything received is checked: the other side may send anything.
 */
#ifndef _FRAMES_H
#define _FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>

#include "errtext.h"

#ifndef FRAMES_VERSION
#define FRAMES_VERSION	3
#endif
#define FRAME_HEADER	4
#define FRAME_PAYLOAD	4096		/* at most */
#define FRAMES_WINDOW	65536u		/* bytes of a stream under way, at most */
#define FRAMES_QUEUE	(4 * (FRAME_HEADER + FRAME_PAYLOAD))
#define FRAMES_ARGS	(128 * 1024)	/* bytes of arguments and environment, at most */
#define FRAMES_STREAMS	3
#define FRAMES_WHO	40		/* bytes of the caller's name, at most */

#define EXIT_EXEC	125		/* status: not the command's, exec itself has failed */

/* START, its first byte, EXIT and their numbers are the same in all versions. */
enum frame_type {
	FRAME_START = 1,	/* struct frame_start: the first one */
	FRAME_ARG,		/* a part of the arguments, each ends with NUL */
	FRAME_ENV,		/* a part of the environment, likewise */
	FRAME_RUN,		/* that was all */
	FRAME_DATA,		/* bytes of a stream */
	FRAME_END,		/* of a stream, from its writer */
	FRAME_STOP,		/* a stream, from its reader, which does not read it any more */
	FRAME_CREDIT,		/* 32 bits: how many more bytes may be sent */
	FRAME_SIGNAL,		/* 8 bits */
	FRAME_SIZE,		/* rows and columns, 16 bits each */
	FRAME_EXIT,		/* struct frame_exit: the last one */
	FRAME_TAKEN,		/* the answer to RUN and SIGNAL: it was done */
	FRAME_WHO,		/* text: the caller's name, for the vnode's log */
};

#define FRAMES_TTY	1	/* flag: on a terminal */

/**
 * struct frame_start - how to run the command
 * @version: FRAMES_VERSION
 * @flags: FRAMES_TTY
 * @rows: of the terminal, lower byte first
 * @columns: likewise
 */
struct frame_start {
	uint8_t version;
	uint8_t flags;
	uint8_t rows[2];
	uint8_t columns[2];
};

enum frame_end {
	FRAME_EXITED,
	FRAME_KILLED,
	FRAME_FAILED,	/* was not run; the rest of the payload says why */
};

/**
 * struct frame_exit - how the command has ended
 * @how: an enum frame_end
 * @value: exit status, or number of the signal
 */
struct frame_exit {
	uint8_t how;
	uint8_t value;
};

/**
 * struct inlet - a stream that this side writes, from a descriptor
 * @fd: the descriptor, -1 if there is none (any more)
 * @credit: how many bytes the other side has room for
 * @taken: how many bytes were read
 * @ended: the other side was told of the end
 */
struct inlet {
	int fd;
	uint32_t credit;
	uint64_t taken;
	bool ended;
};

/**
 * struct outlet - a stream that the other side writes, into a descriptor
 * @fd: the descriptor, -1 if nobody reads it (any more)
 * @owed: bytes that were passed on since credit was last given
 * @at: position of the oldest byte
 * @len: bytes that wait in @buf
 * @ended: no more data will come
 * @buf: a ring
 */
struct outlet {
	int fd;
	uint32_t owed;
	uint32_t at;
	uint32_t len;
	bool ended;
	uint8_t buf[FRAMES_WINDOW];
};

/**
 * struct frames - one end of a session
 * @fd: the channel
 * @in: the streams that this side writes
 * @out: those that it reads
 * @closed: reading has reached the channel's end
 * @error: errno with which reading or writing the channel has failed
 * @queued: bytes in @queue
 * @got: bytes in @frame
 * @queue: frames to be sent
 * @frame: the frame that is being received
 * @handle: called for each frame that is not about a stream; returns 0, or -1
 *	if it makes no sense
 * @user: its first argument
 */
struct frames {
	int fd;
	struct inlet in[FRAMES_STREAMS];
	struct outlet out[FRAMES_STREAMS];
	bool closed;
	int error;
	size_t queued;
	size_t got;
	uint8_t queue[FRAMES_QUEUE + 1024];
	uint8_t frame[FRAME_HEADER + FRAME_PAYLOAD];
	int (*handle)(void *user, enum frame_type type, const uint8_t *payload, size_t len);
	void *user;
};

#define FRAMES_POLL	(1 + 2 * FRAMES_STREAMS)

void frames_init(struct frames *f, int fd);
void frames_send(struct frames *f, enum frame_type type, unsigned int stream,
		 const void *payload, size_t len);
int frames_flush(struct frames *f);
size_t frames_send_part(struct frames *f, enum frame_type type, const void *payload, size_t len);
void frames_prepare(struct frames *f, struct pollfd fds[FRAMES_POLL]);
int frames_pump(struct frames *f, const struct pollfd fds[FRAMES_POLL]);
size_t frames_read_inlet(struct frames *f, unsigned int stream, size_t max);
void frames_end_inlet(struct frames *f, unsigned int stream);
void frames_stop_outlet(struct frames *f, unsigned int stream);
bool frames_passed_on(const struct frames *f);
uint16_t frames_get16(const uint8_t *bytes);
void frames_put16(uint8_t *bytes, uint16_t value);

#endif /* _FRAMES_H */
