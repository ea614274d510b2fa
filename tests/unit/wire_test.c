// SPDX-License-Identifier: GPL-2.0
/*
 * vdev/vnet/wire.c: frames in and out, nonsense in every word, turns, and
 * senders that die at every step while others go on.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

static void wire_step(void);
#define WIRE_STEP()	wire_step()
static void wire_slot(void);
#define WIRE_SLOT()	wire_slot()
#include "../../vdev/vnet/wire.c"
#include "tap.h"

#define SENDERS		24
#ifndef FRAMES
#define FRAMES		1000	/* of each sender */
#endif
#define RING		(256u << 10)

static struct wire words;
static u8 *ring;
static struct wire_receiver receiver;

/* The contents of a frame's meta words */
enum { SENDER, NUMBER, SUM };

struct sender {
	pthread_t thread;
	u32 id;
	u32 life;
	struct wire_port port;
	struct wire_sender s;
	struct wire_frame frame;
	u32 next;		/* number of the next frame */
	unsigned int seed;
	u32 word;		/* the carrier word with which it died, for recovery; 0: it lives */
	jmp_buf top;
	u32 deaths;
	bool done;
};

static struct sender senders[SENDERS];
static __thread struct sender *self;
static u32 mortal;

static unsigned int chance(unsigned int n)
{
	return rand_r(&self->seed) / 7 % n;
}

static void wire_step(void)
{
	if (self && READ_ONCE(mortal) && !chance(400))
		longjmp(self->top, 1);
}

/* There are more threads than CPUs, but a system call for each slot is slow. */
static void wire_slot(void)
{
	static __thread unsigned int n;

	if (self && ++n % 16 == 0)
		sched_yield();
}

static void reset(void)
{
	memset(&words, 0, sizeof(words));
	memset(ring, 0x5a, RING);
	receiver = (struct wire_receiver) { .port = { &words, ring, RING } };
}

static void put_bytes(const struct wire_port *port, const struct wire_frame *frame, u32 first)
{
	u32 done, bytes, i;
	u8 *addr;

	for (done = 0; done < frame->length; done += bytes) {
		bytes = wire_span(port, wire_body(frame) + done, frame->length - done, &addr);
		for (i = 0; i < bytes; i++)
			addr[i] = first + done + i;
	}
}

static int put(struct wire_port *port, struct wire_sender *s, u32 length, u32 first)
{
	struct wire_frame frame = { .length = length, .from = wire_id(s->self) };
	int ret = wire_enter(port, s);

	if (ret)
		return ret;
	ret = wire_room(port, length, &frame.at);
	if (!ret) {
		wire_describe(port, &frame);
		put_bytes(port, &frame, first);
		wire_publish(port, &frame);
	}
	wire_leave(port, s);
	return ret;
}

static bool get(u32 length, u32 first)
{
	static u8 copy[WIRE_FRAME_MAX];
	struct wire_frame frame;
	u32 i;

	if (wire_look(&receiver, &frame) != 1 || frame.length != length)
		return false;
	wire_copy(&receiver.port, wire_body(&frame), copy, length);
	wire_take(&receiver, &frame);
	for (i = 0; i < length; i++)
		if (copy[i] != (u8)(first + i))
			return false;
	return true;
}

static void test_frames(void)
{
	struct wire_port *port = &receiver.port;
	struct wire_frame frame;
	struct wire_sender s;
	bool right = true;
	u32 n, length;

	reset();
	/* Positions pass 2^32. */
	words.head = 0u - 3 * RING;
	words.tail = words.head;
	receiver.tail = words.head;
	wire_sender_init(&s, 63, 0xffffff, 1);
	ok(wire_look(&receiver, &frame) == 0, "an empty wire has nothing");
	for (n = 0; n < 2000; n++) {
		length = WIRE_FRAME_MIN + n * 7919 % (WIRE_FRAME_MAX - WIRE_FRAME_MIN + 1);
		right = right && !put(port, &s, length, n) && get(length, n);
	}
	ok(right, "frames of every length come out as they went in, across the ring's end");
	ok(words.carrier == 0 && !words.claims[0] && !words.claims[1], "the wire is idle then");

	for (n = 0; !put(port, &s, WIRE_FRAME_MAX, n); n++)
		;
	ok(n == RING / wire_need(WIRE_FRAME_MAX), "as many as fit go in");
	ok(put(port, &s, WIRE_FRAME_MAX, n) == -ENOSPC, "and one more is refused");
	ok(!wire_want_room(port, 63, WIRE_FRAME_MAX), "no room yet");
	ok(wire_make_room(&receiver) == 0, "nobody is rung as long as it is full");
	while (get(WIRE_FRAME_MAX, n - RING / wire_need(WIRE_FRAME_MAX)))
		n++;
	ok(wire_make_room(&receiver) == 1ULL << 63, "a waiting sender is rung for room");
	ok(wire_make_room(&receiver) == 0, "once");
	ok(wire_want_room(port, 63, WIRE_FRAME_MAX), "who asks late finds the room");
}

static void test_sleep(void)
{
	struct wire_port *port = &receiver.port;
	struct wire_sender s;

	reset();
	wire_sender_init(&s, 1, 7, 1);
	ok(!wire_must_ring(port), "a receiver that is awake is not rung");
	ok(wire_sleep(&receiver), "it may sleep if there is nothing");
	ok(!put(port, &s, 100, 0) && wire_must_ring(port) && !wire_must_ring(port),
	   "one that sleeps is rung once");
	ok(!wire_sleep(&receiver) && !words.asleep, "it may not sleep if there is something");

	ok(wire_must_poll(&receiver), "one that was rung polls if there is a frame");
	ok(get(100, 0) && wire_sleep(&receiver) && !wire_must_poll(&receiver),
	   "it does not if there is none, and it sleeps");
	/* The sender looks whether it must ring when the frame was taken already. */
	ok(!put(port, &s, 100, 0) && get(100, 0) && wire_sleep(&receiver) && wire_must_ring(port),
	   "the ring of a frame can be late");
	ok(wire_must_poll(&receiver), "then there is none, but it has been woken, and polls");
	ok(wire_sleep(&receiver) && !put(port, &s, 100, 0) && wire_must_ring(port),
	   "so it is rung for the next one");
}

static void test_turns(void)
{
	struct wire_port *port = &receiver.port;
	struct wire_sender a, b, c;

	reset();
	wire_sender_init(&a, 1, 1, 1);
	wire_sender_init(&b, 40, 2, 2);
	wire_sender_init(&c, 63, 3, 3);
	ok(!wire_enter(port, &a), "an idle wire is entered");
	ok(wire_enter(port, &b) == -EBUSY && b.deferred >= 8 && !words.claims[1],
	   "a busy one is not, and a claim is taken back");
	words.claims[1] = 1u << 31 | 1u << 8;
	wire_leave(port, &a);
	ok(words.carrier == (41 | WIRE_TURN), "it is the next one's turn");
	ok(!wire_enter(port, &b) && b.passed == 0, "who takes it at once");
	wire_leave(port, &b);
	ok(words.carrier == (64 | WIRE_TURN), "then the one's after");
	ok(!wire_enter(port, &a) && a.passed == 1 && !words.claims[1],
	   "a sender that does not come is passed, and its claim cleared");
	wire_leave(port, &a);
	ok(!words.carrier, "nobody is left");

	/* In cyclic order, from the last one on */
	words.claims[0] = 1u << 2;
	wire_enter(port, &c);
	wire_leave(port, &c);
	ok(words.carrier == (3 | WIRE_TURN), "behind the last comes the first");
}

static void test_recovery(void)
{
	struct wire_port *port = &receiver.port;
	struct wire_sender dead, other;

	reset();
	wire_sender_init(&dead, 5, 0x1234, 1);
	wire_sender_init(&other, 6, 0x1234, 1);
	wire_enter(port, &dead);
	put_bytes(port, &(struct wire_frame) { .length = 500 }, 9);
	ok(wire_transmits(port) == dead.self, "a dead sender's carrier stays");
	ok(!wire_recover(port, dead.self + 256) && !wire_recover(port, other.self),
	   "another life is not taken for it");
	words.claims[0] = 1u << 6;
	ok(wire_recover(port, dead.self) && words.carrier == (7 | WIRE_TURN),
	   "it is taken away, and the turn is the next one's");
	ok(!put(port, &other, 100, 3) && get(100, 3), "what it left half written is overwritten");
	words.carrier = 0xffffff7f;
	ok(wire_recover(port, words.carrier) && !words.carrier,
	   "a word that names nobody is recovered");

	/* One that lost its area, and has another one: its old word is not its own. */
	wire_sender_init(&other, 6, 1, 1);
	other.collisions = 7;
	wire_enter(port, &other);
	dead = other;
	wire_sender_live(&other, 6, 2);
	ok(other.self == dead.self + 256 && wire_id(other.self) == 6,
	   "another life is another word of the same vnode");
	ok(other.collisions == 7 && other.seed == dead.seed, "which goes on counting");
	ok(wire_enter(port, &other) == -EBUSY && !wire_recover(port, other.self) &&
	   wire_recover(port, dead.self) && !wire_enter(port, &other) &&
	   !wire_recover(port, dead.self) && wire_recover(port, other.self),
	   "each is recovered for itself");
}

/* With any words, calls return, and do not access memory outside the ring. */
static void test_nonsense(void)
{
	struct wire_port *port = &receiver.port;
	static u8 copy[WIRE_FRAME_MAX];
	struct wire_frame frame;
	unsigned int seed = 5;
	struct wire_sender s;
	u32 n, i, looks, *w;
	u64 bad = 0, good = 0;

	reset();
	wire_sender_init(&s, 3, 3, 3);
	for (n = 0; n < 30000; n++) {
		w = (u32 *)(ring + (receiver.tail & (RING - 1) & ~7u) % (RING - 64));
		w = n % 3 ? (u32 *)&words : w;
		i = n % 3 ? (u32)rand_r(&seed) % (sizeof(words) / 4) : (u32)rand_r(&seed) % 6;
		w[i] = rand_r(&seed) % 2 ? (u32)rand_r(&seed) * 3 : (u32)rand_r(&seed) % 300000;
		if (n % 5 == 0)
			words.carrier = 0;	/* or nearly nothing would get in */
		if (put(port, &s, 14 + n % 3000, n) == -EIO)
			bad++;
		wire_must_ring(port);
		wire_want_room(port, 3, 100);
		for (looks = 0; looks < 1000; looks++) {
			int ret = wire_look(&receiver, &frame);

			if (!ret)
				break;
			if (ret < 0) {
				bad++;
				continue;
			}
			good++;
			wire_copy(port, wire_body(&frame), copy, frame.length);
			wire_take(&receiver, &frame);
		}
		if (looks == 1000)
			break;
		wire_make_room(&receiver);
		wire_sleep(&receiver);
		wire_recover(port, wire_transmits(port));
	}
	ok(n == 30000 && bad > 100 && good > 100, "nonsense in any word is found, and ends");
	memset(&words, 0, sizeof(words));
	ok(wire_look(&receiver, &frame) <= 0 && !put(port, &s, 200, 4) && get(200, 4),
	   "and the wire works again when it is over");
}

/* One that keeps looking is passed by each of the others once. */
static void test_bound(void)
{
	struct wire_port *port = &receiver.port;
	u32 n, worst = 0, passed[10] = { };
	struct wire_sender s[10];
	u32 i, turn;

	reset();
	for (i = 0; i < 10; i++)
		wire_sender_init(&s[i], 6 * i, i, i);
	wire_enter(port, &s[0]);
	turn = 0;
	for (n = 0; n < 1000; n++) {
		/* All want it, all of the time. */
		for (i = 0; i < 10; i++)
			if (i != turn)
				wire_set_bit(6 * i, words.claims);
		wire_leave(port, &s[turn]);
		turn = wire_id(words.carrier) / 6;
		if (wire_contend(port, &s[turn]))
			break;
		for (i = 0; i < 10; i++) {
			passed[i] = i == turn ? 0 : passed[i] + 1;
			worst = passed[i] > worst ? passed[i] : worst;
		}
	}
	ok(n == 1000 && worst == 9, "of ten, each is passed by the other nine, and no more");
}

/* Many senders at once; with death, each step is one's last now and then. */

static void publish_one(struct sender *me)
{
	struct wire_frame *frame = &me->frame;
	u32 i, sum = 0;
	int ret;

	*frame = (struct wire_frame) {
		.length = WIRE_FRAME_MIN + chance(3000), .from = me->id,
	};
	do {
		ret = wire_enter(&me->port, &me->s);
	} while (ret);
	ret = wire_room(&me->port, frame->length, &frame->at);
	if (!ret) {
		for (i = 0; i < frame->length; i++)
			sum += (u8)(me->next + i);
		frame->meta[SENDER] = me->id;
		frame->meta[NUMBER] = me->next;
		frame->meta[SUM] = sum;
		wire_describe(&me->port, frame);
		put_bytes(&me->port, frame, me->next);
		/* If it dies after this, the frame may be there or not. */
		WRITE_ONCE(me->next, me->next + 1);
		wire_publish(&me->port, frame);
	}
	wire_leave(&me->port, &me->s);
	if (ret)
		sched_yield();
}

static void *send_all(void *arg)
{
	struct sender *me;

	self = arg;
	if (!setjmp(self->top)) {
		me = self;
	} else {
		me = self;
		/* Dead: the receiver finds out, and it is born again. */
		me->deaths++;
		__atomic_store_n(&me->word, me->s.self, __ATOMIC_RELEASE);
		while (__atomic_load_n(&me->word, __ATOMIC_ACQUIRE))
			sched_yield();
		me->life++;
	}
	wire_sender_init(&me->s, me->id, me->life, me->seed);
	while (me->next < FRAMES)
		publish_one(me);
	__atomic_store_n(&me->done, true, __ATOMIC_RELEASE);
	self = NULL;
	return NULL;
}

static u32 numbers[SENDERS];	/* the next one expected of each */
static u32 received, wrong, bad_frames;

static void check(const struct wire_frame *frame)
{
	static u8 copy[WIRE_FRAME_MAX];
	u32 i, sum = 0, id = frame->meta[SENDER] % SENDERS;

	wire_copy(&receiver.port, wire_body(frame), copy, frame->length);
	for (i = 0; i < frame->length; i++)
		sum += copy[i];
	if (sum != frame->meta[SUM] || frame->from != id || frame->meta[NUMBER] < numbers[id])
		wrong++;
	/* Without death, none is missing. */
	if (!mortal && frame->meta[NUMBER] != numbers[id])
		wrong++;
	numbers[id] = frame->meta[NUMBER] + 1;
	received++;
}

static bool recover_dead(void)
{
	bool all_done = true;
	u32 i, word;

	for (i = 0; i < SENDERS; i++) {
		word = __atomic_load_n(&senders[i].word, __ATOMIC_ACQUIRE);
		if (word) {
			wire_recover(&receiver.port, word);
			__atomic_store_n(&senders[i].word, 0, __ATOMIC_RELEASE);
		}
		all_done = all_done && __atomic_load_n(&senders[i].done, __ATOMIC_ACQUIRE);
	}
	return all_done;
}

static void receive_all(void)
{
	struct wire_frame frame;
	bool last;
	int ret;

	for (;;) {
		last = recover_dead();
		while ((ret = wire_look(&receiver, &frame))) {
			if (ret < 0) {
				bad_frames++;
				continue;
			}
			check(&frame);
			wire_take(&receiver, &frame);
			recover_dead();
		}
		if (last)
			break;
		sched_yield();
	}
}

static void run(bool with_death)
{
	u32 i, deaths = 0;
	char name[100];

	reset();
	memset(numbers, 0, sizeof(numbers));
	received = 0;
	wrong = 0;
	bad_frames = 0;
	WRITE_ONCE(mortal, with_death);
	for (i = 0; i < SENDERS; i++) {
		memset(&senders[i], 0, sizeof(senders[i]));
		senders[i].id = i;
		senders[i].seed = i + 1;
		senders[i].port = receiver.port;
		pthread_create(&senders[i].thread, NULL, send_all, &senders[i]);
	}
	receive_all();
	for (i = 0; i < SENDERS; i++) {
		pthread_join(senders[i].thread, NULL);
		deaths += senders[i].deaths;
	}
	snprintf(name, sizeof(name), "%u senders at once%s: every frame whole, each one's in order",
		 SENDERS, with_death ? ", dying" : "");
	ok(!wrong && !bad_frames && received, name);
	if (with_death)
		ok(deaths > FRAMES / 4, "many have died");
	else
		ok(received == SENDERS * FRAMES, "and none is missing");
	/* A dead one's claim may have stayed, and its turn come. */
	ok(!wire_transmits(&receiver.port), "the wire is idle in the end");
	printf("# %u frames, %u deaths\n", received, deaths);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	ring = malloc(RING);
	if (!ring)
		return 1;
	test_frames();
	test_sleep();
	test_turns();
	test_recovery();
	test_nonsense();
	test_bound();
	run(false);
	run(true);
	free(ring);
	printf("1..%u\n", tests);
	return failures != 0;
}
