// SPDX-License-Identifier: GPL-2.0
/*
 * TCP and UDP between two kernels, or between two network namespaces of one.
 *
 *	net serve [ADDRESS]		answers all of the others
 *	net stream ADDRESS STREAMS SECONDS	µs for a MiB, all streams together
 *	net back ADDRESS STREAMS SECONDS	the same, the server sends
 *	net turn ADDRESS SECONDS	µs for one byte there and back, by TCP
 *	net frames ADDRESS SECONDS	ns for a frame of 64 bytes that arrives, by UDP
 *	net all START SECONDS ADDRESS…	bytes, a stream to each at once, and seconds until
 *					all have arrived; START is in seconds since 1970,
 *					for several clients to begin together
 *
 * Every measurement is a TCP connection: a struct request, then data, then, from who
 * received, the number of bytes or frames.  A time ends with this answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT	5001
#define CHUNK	(128 * 1024)
#define PAYLOAD	18	/* with UDP, IP, Ethernet and the checksum of a real one: 64 bytes */

enum what { STREAM, BACK, TURN, FRAMES };

struct request {
	unsigned int what;
	unsigned int seconds;
};

static char chunk[CHUNK];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ns */
static unsigned long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void send_all(int fd, const void *data, size_t size)
{
	const char *at = data;
	ssize_t done;

	for (; size; size -= done, at += done) {
		done = send(fd, at, size, MSG_NOSIGNAL);
		if (done <= 0)
			die("net: send");
	}
}

static void receive_all(int fd, void *data, size_t size)
{
	if (recv(fd, data, size, MSG_WAITALL) != (ssize_t)size)
		die("net: receive");
}

/* Sends for so long, and returns what has arrived. */
static unsigned long long send_for(int fd, unsigned int seconds)
{
	unsigned long long end = now() + seconds * 1000000000ULL, count;

	while (now() < end)
		send_all(fd, chunk, sizeof(chunk));
	shutdown(fd, SHUT_WR);
	receive_all(fd, &count, sizeof(count));
	return count;
}

static unsigned long long drain(int fd)
{
	unsigned long long count = 0;
	ssize_t done;

	while ((done = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		count += done;
	send_all(fd, &count, sizeof(count));
	return count;
}

/* Datagrams that came up to UDP in this network namespace, fetched or not */
static unsigned long long udp_datagrams(void)
{
	unsigned long long in = 0, no_port, errors = 0;
	char line[512];
	FILE *file = fopen("/proc/net/snmp", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Udp: %llu %llu %llu", &in, &no_port, &errors) == 3)
			break;
	if (file)
		fclose(file);
	return in + errors;
}

/*
 * Counts what comes to a UDP port of its own, until the client has said enough.  A
 * frame that comes when there is no room in the socket has arrived, too.
 */
static void count_frames(int fd)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t length = sizeof(addr);
	struct pollfd polled[2] = {
		{ .fd = udp, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	unsigned long long count = udp_datagrams();

	if (udp < 0 || bind(udp, (struct sockaddr *)&addr, length) ||
	    getsockname(udp, (struct sockaddr *)&addr, &length))
		die("net: UDP");
	send_all(fd, &addr.sin_port, sizeof(addr.sin_port));
	do {
		while (recv(udp, chunk, sizeof(chunk), MSG_DONTWAIT) > 0)
			;
		poll(polled, 2, -1);
	} while (!polled[1].revents);
	count = udp_datagrams() - count;
	send_all(fd, &count, sizeof(count));
	close(udp);
}

static void serve_one(int fd)
{
	struct request request;
	char byte;

	receive_all(fd, &request, sizeof(request));
	switch (request.what) {
	case STREAM:
		drain(fd);
		break;
	case BACK:
		send_for(fd, request.seconds);
		break;
	case TURN:
		while (recv(fd, &byte, 1, 0) == 1)
			send_all(fd, &byte, 1);
		break;
	case FRAMES:
		count_frames(fd);
		break;
	}
}

static void serve(const char *address)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, connection;

	if (address)
		inet_pton(AF_INET, address, &addr.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 64))
		die("net: listen");
	signal(SIGCHLD, SIG_IGN);
	puts("net: ready");
	fflush(stdout);
	while ((connection = accept(fd, NULL, NULL)) >= 0) {
		setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (!fork()) {
			serve_one(connection);
			_exit(0);
		}
		close(connection);
	}
	die("net: accept");
}

/* The server may not be up yet. */
static int reach(const struct sockaddr_in *addr, enum what what, unsigned int seconds)
{
	struct request request = { what, seconds };
	int one = 1, tries, fd;

	for (tries = 0; tries < 300; tries++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
			break;
		close(fd);
		usleep(100000);
	}
	if (tries == 300)
		die("net: connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	send_all(fd, &request, sizeof(request));
	return fd;
}

static void stream(const struct sockaddr_in *addr, enum what what, int streams,
		   unsigned int seconds)
{
	unsigned long long *counts = mmap(NULL, streams * sizeof(*counts), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0), sum = 0, start;
	int fds[streams], i, status;

	for (i = 0; i < streams; i++)
		fds[i] = reach(addr, STREAM + (what == BACK), seconds);
	start = now();
	for (i = 0; i < streams; i++) {
		if (fork())
			continue;
		counts[i] = what == BACK ? drain(fds[i]) : send_for(fds[i], seconds);
		_exit(0);
	}
	for (i = 0; i < streams; i++)
		if (wait(&status) < 0 || status)
			exit(1);
	for (i = 0; i < streams; i++)
		sum += counts[i];
	printf("%.1f\n", (now() - start) / 1e3 / (sum / 1048576.0));
}

/* To all of them from @start on; the connections are there before. */
static void stream_to_all(unsigned long start, unsigned int seconds, char *const *addresses,
			  int streams)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	unsigned long long *counts = mmap(NULL, streams * sizeof(*counts), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0), sum = 0;
	struct timespec ts = { .tv_sec = start };
	int fds[streams], i, status;

	for (i = 0; i < streams; i++) {
		if (inet_pton(AF_INET, addresses[i], &addr.sin_addr) != 1)
			die(addresses[i]);
		fds[i] = reach(&addr, STREAM, seconds);
	}
	if (time(NULL) >= (time_t)start) {
		fprintf(stderr, "net: not all were there at the start\n");
		exit(1);
	}
	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL);
	for (i = 0; i < streams; i++) {
		if (fork())
			continue;
		counts[i] = send_for(fds[i], seconds);
		_exit(0);
	}
	for (i = 0; i < streams; i++)
		if (wait(&status) < 0 || status)
			exit(1);
	clock_gettime(CLOCK_REALTIME, &ts);
	for (i = 0; i < streams; i++)
		sum += counts[i];
	printf("%llu %.3f\n", sum, ts.tv_sec - (double)start + ts.tv_nsec / 1e9);
}

static void turn(const struct sockaddr_in *addr, unsigned int seconds)
{
	int fd = reach(addr, TURN, seconds);
	unsigned long long end, start, turns = 0;
	char byte = 'x';

	for (; turns < 100; turns++) {
		send_all(fd, &byte, 1);
		receive_all(fd, &byte, 1);
	}
	start = now();
	end = start + seconds * 1000000000ULL;
	for (turns = 0; now() < end; turns++) {
		send_all(fd, &byte, 1);
		receive_all(fd, &byte, 1);
	}
	printf("%.2f\n", (now() - start) / 1e3 / turns);
}

static void measure_frames(const struct sockaddr_in *addr, unsigned int seconds)
{
	int fd = reach(addr, FRAMES, seconds), udp = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned long long start, end, count, sent = 0;
	struct sockaddr_in to = *addr;

	receive_all(fd, &to.sin_port, sizeof(to.sin_port));
	if (connect(udp, (struct sockaddr *)&to, sizeof(to)))
		die("net: UDP");
	start = now();
	end = start + seconds * 1000000000ULL;
	while (now() < end) {
		if (send(udp, chunk, PAYLOAD, 0) == PAYLOAD)
			sent++;
		else if (errno != ENOBUFS && errno != EAGAIN)
			die("net: send");
	}
	shutdown(fd, SHUT_WR);
	receive_all(fd, &count, sizeof(count));
	printf("%.1f\n", (double)(now() - start) / count);
	fprintf(stderr, "net: %llu of %llu frames arrived\n", count, sent);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "serve")) {
		serve(argv[2]);
	} else if (!strcmp(what, "all") && argc > 4) {
		stream_to_all(strtoul(argv[2], NULL, 10), atoi(argv[3]), argv + 4, argc - 4);
	} else if (argc > 3 && inet_pton(AF_INET, argv[2], &addr.sin_addr) == 1) {
		if (!strcmp(what, "stream") && argc == 5)
			stream(&addr, STREAM, atoi(argv[3]), atoi(argv[4]));
		else if (!strcmp(what, "back") && argc == 5)
			stream(&addr, BACK, atoi(argv[3]), atoi(argv[4]));
		else if (!strcmp(what, "turn"))
			turn(&addr, atoi(argv[3]));
		else if (!strcmp(what, "frames"))
			measure_frames(&addr, atoi(argv[3]));
		else
			return 2;
	} else {
		return 2;
	}
	return 0;
}
