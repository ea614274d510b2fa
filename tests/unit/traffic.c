// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic that proves itself, for the tests of the virtual Ethernet.
 *
 *	traffic serve				answers the next three
 *	traffic tcp ADDRESS STREAMS MIB		so much each way in each of the streams at once
 *	traffic udp ADDRESS FLOWS NUMBER	so many datagrams there and back in each flow
 *	traffic trains ADDRESS FLOWS NUMBER	the same, in trains that the kernel takes apart
 *	traffic watch INTERFACE SECONDS NUMBER ETHERTYPE
 *						shows frames: how they came, addresses, length
 *
 * All bytes are a function of their place and of the stream, and are checked where they
 * arrive; datagrams of a flow may be lost but come in order.  Status 0: all was right.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT		7
#define BLOCK		(64 * 1024)
#define LONGEST		20000	/* bytes in a datagram */
#define SMALL		1412	/* bytes in one that is no fragments */
#define WINDOW		16	/* datagrams on their way */
#define SEGMENT		1200	/* bytes in a datagram of a train */
#define PATIENCE	2000	/* ms, until one is taken to be lost */
#define TRIES		600	/* tenths of a second in which a server must have come up */

struct request {
	unsigned int seed;
	unsigned int mib;
};

struct datagram {
	unsigned int flow;
	unsigned int number;
	unsigned int length;
	unsigned int data[LONGEST / sizeof(int)];
};

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned int next(unsigned int *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void fill(unsigned int *data, int bytes, unsigned int *x)
{
	for (; bytes > 0; bytes -= sizeof(*data))
		*data++ = next(x);
}

static int is_filled(const unsigned int *data, int bytes, unsigned int *x)
{
	for (; bytes > 0; bytes -= sizeof(*data))
		if (*data++ != next(x))
			return 0;
	return 1;
}

static void send_blocks(int fd, unsigned int mib, unsigned int seed)
{
	unsigned int block[BLOCK / sizeof(int)], i;
	int done, sent;

	for (i = 0; i < mib * (1048576 / BLOCK); i++) {
		fill(block, BLOCK, &seed);
		for (done = 0; done < BLOCK; done += sent) {
			sent = send(fd, (char *)block + done, BLOCK - done, MSG_NOSIGNAL);
			if (sent <= 0)
				die("send");
		}
	}
}

static void receive_blocks(int fd, unsigned int mib, unsigned int seed)
{
	unsigned int block[BLOCK / sizeof(int)], i;

	for (i = 0; i < mib * (1048576 / BLOCK); i++) {
		if (recv(fd, block, BLOCK, MSG_WAITALL) != BLOCK)
			die("receive");
		if (!is_filled(block, BLOCK, &seed)) {
			fprintf(stderr, "traffic: block %u is damaged\n", i);
			exit(1);
		}
	}
}

/* Sends and receives at once; true if all was right. */
static int exchange(int fd, unsigned int mib, unsigned int send_seed, unsigned int receive_seed)
{
	pid_t child = fork();
	int status;

	if (!child) {
		send_blocks(fd, mib, send_seed);
		_exit(0);
	}
	receive_blocks(fd, mib, receive_seed);
	return waitpid(child, &status, 0) == child && !status;
}

static void serve_tcp(int fd)
{
	struct request r;
	char all_right = 1;

	if (recv(fd, &r, sizeof(r), MSG_WAITALL) != sizeof(r))
		die("request");
	if (exchange(fd, r.mib, r.seed * 2 + 1, r.seed * 2 + 2))
		send(fd, &all_right, 1, MSG_NOSIGNAL);
}

static int tcp_stream(const struct sockaddr_in *addr, unsigned int seed, unsigned int mib)
{
	struct request r = { seed, mib };
	int fd = socket(AF_INET, SOCK_STREAM, 0), tries;
	char all_right = 0;

	for (tries = 0; connect(fd, (const struct sockaddr *)addr, sizeof(*addr)); tries++) {
		if (tries == TRIES)
			die("connect");
		close(fd);
		usleep(100000);
		fd = socket(AF_INET, SOCK_STREAM, 0);
	}
	if (send(fd, &r, sizeof(r), 0) != sizeof(r))
		die("request");
	if (!exchange(fd, mib, seed * 2 + 2, seed * 2 + 1))
		return 1;
	return recv(fd, &all_right, 1, 0) == 1 && all_right ? 0 : 1;
}

/* Is it as it was sent? */
static int is_right(const struct datagram *d, int bytes)
{
	unsigned int seed = (d->flow << 20) + d->number + 1;

	return bytes >= 12 && (unsigned int)bytes == d->length &&
	       is_filled(d->data, bytes - 12, &seed);
}

static void serve_udp(int fd)
{
	struct sockaddr_in from;
	struct datagram d;
	socklen_t length;
	int bytes;

	for (;;) {
		length = sizeof(from);
		bytes = recvfrom(fd, &d, sizeof(d), 0, (struct sockaddr *)&from, &length);
		if (!is_right(&d, bytes))
			fprintf(stderr, "traffic: a datagram of %d bytes is damaged\n", bytes);
		else
			sendto(fd, &d, bytes, 0, (struct sockaddr *)&from, length);
	}
}

static int udp_flow(const struct sockaddr_in *addr, unsigned int flow, unsigned int number)
{
	unsigned int sent = 0, came = 0, last = 0, newest = 0, small = 0, random = flow + 1, seed;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), bytes;
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	struct datagram d = { };

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		die("UDP");
	while (last < number) {
		for (; sent < number && sent - last < WINDOW; ) {
			d.flow = flow;
			d.number = ++sent;
			d.length = 12 + next(&random) % (sent % 8 ? SMALL - 12 : LONGEST) / 4 * 4;
			seed = (flow << 20) + sent + 1;
			fill(d.data, d.length - 12, &seed);
			send(fd, &d, d.length, 0);
		}
		if (poll(&polled, 1, PATIENCE) != 1) {
			last = sent;	/* those are lost */
			continue;
		}
		bytes = recv(fd, &d, sizeof(d), 0);
		if (bytes < 0)
			die("UDP");
		if (d.flow != flow || d.number > sent || !is_right(&d, bytes))
			die("a datagram is damaged");
		/*
		 * Large ones go as fragments, which have no ports and may take another queue:
		 * they overtake, and are overtaken.
		 */
		if (bytes <= SMALL) {
			if (d.number <= small)
				die("a datagram is late");
			small = d.number;
		}
		if (d.number > newest)
			newest = d.number;
		/* One that was given up may come after all. */
		if (newest > last)
			last = newest;
		came++;
	}
	printf("flow %u: %u of %u\n", flow, came, number);
	return came < number / 2;
}

/* Has the kernel take a train of WINDOW datagrams apart, at the latest possible moment. */
static void send_train(int fd, unsigned int flow, unsigned int first)
{
	/* The last one's array goes beyond its end. */
	static unsigned int train[(WINDOW * SEGMENT + sizeof(struct datagram)) / sizeof(int)];
	struct datagram *d;
	unsigned int i, seed;

	for (i = 0; i < WINDOW; i++) {
		d = (struct datagram *)&train[i * SEGMENT / sizeof(int)];
		d->flow = flow;
		d->number = first + i;
		d->length = SEGMENT;
		seed = (flow << 20) + d->number + 1;
		fill(d->data, SEGMENT - 12, &seed);
	}
	if (send(fd, train, WINDOW * SEGMENT, 0) != WINDOW * SEGMENT)
		die("a train");
}

static int udp_trains(const struct sockaddr_in *addr, unsigned int flow, unsigned int number)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = SEGMENT, bytes;
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	unsigned int first, came = 0, i, last = 0;
	struct datagram d;

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
	    setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)))
		die("UDP");
	for (first = 1; first <= number; first += WINDOW) {
		send_train(fd, flow, first);
		for (i = 0; i < WINDOW && poll(&polled, 1, PATIENCE) == 1; i++) {
			bytes = recv(fd, &d, sizeof(d), 0);
			if (bytes != SEGMENT || d.flow != flow || d.number <= last ||
			    !is_right(&d, bytes))
				die("a datagram is damaged or late");
			last = d.number;
			came++;
		}
	}
	printf("flow %u: %u of %u\n", flow, came, number);
	return came < number / 2;
}

static void serve(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	int one = 1, size = 1 << 20, connection;

	setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(tcp, (struct sockaddr *)&addr, sizeof(addr)) || listen(tcp, 64) ||
	    bind(udp, (struct sockaddr *)&addr, sizeof(addr)))
		die("serve");
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		serve_udp(udp);
	}
	while ((connection = accept(tcp, NULL, NULL)) >= 0) {
		if (!fork()) {
			serve_tcp(connection);
			_exit(0);
		}
		close(connection);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	die("accept");
}

static int watch(const char *interface, int seconds, int number, int ethertype)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(interface),
	};
	struct packet_mreq promiscuous = {
		.mr_ifindex = addr.sll_ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};
	static const char * const how[] = { "in", "broadcast", "multicast", "other", "out" };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), bytes, i;
	unsigned char frame[65600];
	socklen_t length;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)))
		die(interface);
	puts("watching");
	fflush(stdout);
	alarm(seconds);
	while (number) {
		length = sizeof(addr);
		bytes = recvfrom(fd, frame, sizeof(frame), 0, (struct sockaddr *)&addr, &length);
		if (bytes < 14 || ntohs(addr.sll_protocol) != ethertype)
			continue;
		number--;
		printf("%s ", addr.sll_pkttype < 5 ? how[addr.sll_pkttype] : "?");
		for (i = 0; i < 12; i++)
			printf("%02x%s", frame[i], i == 5 || i == 11 ? " " : ":");
		printf("%d\n", bytes);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int number, i, status, failed = 0;
	int (*flow)(const struct sockaddr_in *addr, unsigned int flow, unsigned int number);

	if (argc == 2 && !strcmp(argv[1], "serve"))
		serve();
	if (argc == 6 && !strcmp(argv[1], "watch"))
		return watch(argv[2], atoi(argv[3]), atoi(argv[4]), strtol(argv[5], NULL, 16));
	if (argc != 5 || inet_pton(AF_INET, argv[2], &addr.sin_addr) != 1)
		return 2;
	flow = !strcmp(argv[1], "udp") ? udp_flow : !strcmp(argv[1], "trains") ? udp_trains :
		tcp_stream;
	number = atoi(argv[3]);
	for (i = 0; i < number; i++)
		if (!fork())
			exit(flow(&addr, i, atoi(argv[4])));
	for (i = 0; i < number; i++)
		if (wait(&status) < 0 || status)
			failed++;
	return failed != 0;
}
