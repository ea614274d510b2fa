// SPDX-License-Identifier: GPL-2.0
/*
 * vdev/vcon/stream.c: sessions step by step, with another side that stores
 * nonsense, and with both sides as threads.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"
#include "tap.h"

#define IN	256u
#define OUT	1024u

static struct stream_side sides[2];
static u8 in_ring[IN], out_ring[OUT];
static struct stream server, client;

static void begin(void)
{
	memset(sides, 0, sizeof(sides));
	server = (struct stream){
		.own = &sides[0], .peer = &sides[1],
		.tx = out_ring, .tx_size = OUT, .rx = in_ring, .rx_size = IN,
	};
	client = (struct stream){
		.own = &sides[1], .peer = &sides[0],
		.tx = in_ring, .tx_size = IN, .rx = out_ring, .rx_size = OUT,
	};
	stream_attach(&server);
	stream_attach(&client);
}

/* As much as fits; returns how much that was. */
static u32 put(struct stream *s, const u8 *data, u32 len, int *kick)
{
	u32 done = 0, n;
	u8 *room;

	while (done < len && !stream_tx(s, &room, &n) && n) {
		n = min_t(u32, n, len - done);
		memcpy(room, data + done, n);
		*kick |= stream_tx_done(s, n);
		done += n;
	}
	return done;
}

static u32 get(struct stream *s, u8 *data, u32 len, int *kick)
{
	u32 done = 0, n;
	u8 *from;

	while (done < len && !stream_rx(s, &from, &n) && n) {
		n = min_t(u32, n, len - done);
		memcpy(data + done, from, n);
		*kick |= stream_rx_done(s, n);
		done += n;
	}
	return done;
}

static void test_session(void)
{
	u8 data[2 * OUT], back[2 * OUT];
	int kick = 0;
	u32 i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = rand();
	begin();
	ok(stream_accept(&server) == -EAGAIN, "nothing to accept");
	ok(!stream_begin(&client) && stream_begin(&client) == -EBUSY, "a session begins once");
	ok(stream_peer(&client) == STREAM_PEER_PENDING, "and is pending");
	ok(put(&client, data, 100, &kick) == 100, "the client may write already");
	ok(!stream_accept(&server) && stream_accept(&server) == -EAGAIN, "it is accepted once");
	ok(stream_peer(&client) == STREAM_PEER_OPEN && stream_peer(&server) == STREAM_PEER_OPEN,
	   "both are open");
	ok(get(&server, back, sizeof(back), &kick) == 100 && !memcmp(data, back, 100),
	   "the server reads what was written before");
	ok(put(&server, data, sizeof(data), &kick) == OUT, "a ring takes what it has room for");
	ok(!kick, "nobody was waiting");
	stream_want(&server, STREAM_WANTS_ROOM);
	ok(get(&client, back, OUT / 4, &kick) == OUT / 4 && !kick,
	   "a little room is not worth a kick");
	ok(get(&client, back, OUT / 4, &kick) == OUT / 4 && kick, "half a ring is");
	kick = 0;
	get(&client, back, OUT / 4, &kick);
	ok(!kick, "and it comes once");
	stream_want(&server, STREAM_WANTS_DATA);
	put(&client, data, 1, &kick);
	ok(kick, "a side that waits for data is kicked");

	stream_close(&server);
	ok(stream_peer(&client) == STREAM_PEER_CLOSED, "the server has closed");
	ok(get(&client, back, sizeof(back), &kick) == OUT / 4 &&
	   !memcmp(back, data + OUT - OUT / 4, OUT / 4), "what it had written is still there");
	ok(!stream_reap(&server) && stream_begin(&client) == -EBUSY, "it waits for the client");
	stream_close(&client);
	ok(stream_begin(&client) == -EBUSY, "as the client does for the server");
	ok(stream_reap(&server) && !stream_reap(&server), "the server is idle");
	ok(!stream_begin(&client) && !stream_accept(&server), "the next session");
	ok(!stream_readable(&server) && !stream_readable(&client) && stream_writable(&client),
	   "begins with nothing in it");
}

static void test_left(void)
{
	begin();
	stream_begin(&client);
	stream_close(&client);
	ok((client.state & STREAM_STATE) == STREAM_IDLE, "what nobody has accepted ends at once");
	ok(stream_accept(&server) == -EAGAIN, "and is not accepted afterwards");
	stream_begin(&client);
	stream_accept(&server);
	/* A client that was started anew finds the words of the old one. */
	stream_attach(&client);
	ok(stream_peer(&server) == STREAM_PEER_CLOSED,
	   "a side that starts again closes what it finds open");
	stream_close(&server);
	stream_reap(&client);
	stream_reap(&server);
	ok(!stream_begin(&client) && !stream_accept(&server), "and goes on with the next session");
	client.state = ~0u << 2 | STREAM_IDLE;
	sides[1].state = client.state;
	stream_attach(&client);
	stream_close(&server);
	stream_reap(&server);
	ok(!stream_begin(&client) && !stream_accept(&server) && client.state == STREAM_OPEN,
	   "the number of sessions wraps");
}

/* The rings lie between others' memory, which the sanitizers guard. */
static void test_hostile(void)
{
	u8 data[OUT];
	u32 i, bad = 0, most = 0, n;
	int kick = 0;

	for (i = 0; i < 200000; i++) {
		if (i % 100 == 0) {
			bad += client.bad;
			begin();
			stream_begin(&client);
		}
		sides[0].state = rand() % 4 ? client.state : (u32)rand();
		sides[0].head = rand() % 2 ? sides[0].head + rand() % 64 :
				(u32)rand() << 1 ^ rand();
		sides[0].tail = rand() % 2 ? sides[0].tail + rand() % 64 :
				(u32)rand() << 1 ^ rand();
		sides[0].wants.counter = rand();
		stream_peer(&client);
		n = get(&client, data, sizeof(data), &kick);
		most = max_t(u32, most, n);
		n = put(&client, data, 1 + rand() % sizeof(data), &kick);
		most = max_t(u32, most, n);
		if (client.broken && rand() % 2)
			stream_rx_reset(&client);
		if (rand() % 50 == 0) {
			stream_close(&client);
			stream_reap(&client);
			stream_begin(&client);
		}
	}
	ok(bad > 1000, "positions that cannot be are counted");
	ok(most <= OUT, "and never believed");
}

/*
 * Both sides as threads.  In each session the client sends a number of bytes
 * and the server sends back each plus 1; then one of both closes.
 */
#define SESSIONS	2000

static u32 wrong, echoed;

static void *serve(void *unused)
{
	u32 sessions = 0, i, n;
	u8 data[64];
	int kick;

	while (sessions < SESSIONS) {
		stream_reap(&server);
		if (stream_accept(&server)) {
			cpu_relax();
			continue;
		}
		do {
			n = get(&server, data, sizeof(data), &kick);
			for (i = 0; i < n; i++)
				data[i]++;
			for (i = 0; i < n && stream_peer(&server) == STREAM_PEER_OPEN;)
				i += put(&server, data + i, n - i, &kick);
			if (!n)
				cpu_relax();
		} while (stream_peer(&server) == STREAM_PEER_OPEN);
		stream_close(&server);
		sessions++;
	}
	while ((server.state & STREAM_STATE) != STREAM_IDLE)
		stream_reap(&server);
	return unused;
}

static void one_session(unsigned int seed)
{
	u32 total = rand_r(&seed) % 3000, sent = 0, got = 0, i, n;
	u8 data[64], back[64];
	int kick;

	while (got < total) {
		n = min_t(u32, 1 + rand_r(&seed) % sizeof(data), total - sent);
		for (i = 0; i < n; i++)
			data[i] = (sent + i) * 7;
		sent += put(&client, data, n, &kick);
		n = get(&client, back, sizeof(back), &kick);
		for (i = 0; i < n; i++)
			if (back[i] != (u8)((got + i) * 7 + 1))
				wrong++;
		got += n;
		if (!n)
			cpu_relax();
	}
	echoed += got;
	/* The server has to have seen it, or it would not be counted there. */
	while (stream_peer(&client) == STREAM_PEER_PENDING)
		cpu_relax();
}

static void test_threads(void)
{
	pthread_t thread;
	u32 i;

	begin();
	pthread_create(&thread, NULL, serve, NULL);
	for (i = 0; i < SESSIONS; i++) {
		/* Now and then one that nobody may have seen */
		while (stream_reap(&client), stream_begin(&client))
			cpu_relax();
		one_session(i);
		stream_close(&client);
	}
	pthread_join(thread, NULL);
	ok(!wrong && echoed > SESSIONS, "what comes back is right, in each session");
	printf("# %u sessions, %u bytes each way\n", SESSIONS, echoed);
	ok(!server.bad && !client.bad, "and no position was wrong");
}

int main(void)
{
	srand(2002);
	test_session();
	test_left();
	test_hostile();
	test_threads();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
