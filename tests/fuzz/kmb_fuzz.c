// SPDX-License-Identifier: GPL-2.0
/*
 * Random bytes at /dev/kmb: kmb_fuzz CALLS SEED
 *
 * Every ioctl, with structures that are right, nearly right, or noise.  It must
 * return; what it returns does not matter.  The root's log and pools tell
 * whether anything broke, and the caller looks at them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kmb.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static __u32 seed;

static __u32 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static int one_in(unsigned int n)
{
	return rnd() % n == 0;
}

static int fds[5];
static char text[4096];
static __u32 cpus[KMB_MAX_CPUS];
static char *hole;

static __u64 some_number(void)
{
	static const __u64 edges[] = {
		0, 1, 2, 63, 64, 4095, 4096, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x7fffffffffffffff, 0x8000000000000000, ~0ull,
		4 << 20, 64 << 20, 0x10000000, 0x14000000, 0xc0000000,
	};

	if (one_in(3))
		return ((__u64)rnd() << 32) | rnd();
	return edges[rnd() % ARRAY_SIZE(edges)];
}

static __u64 some_address(void *good)
{
	switch (rnd() % 6) {
	case 0:
		return some_number();
	case 1:
		return (uintptr_t)(hole - rnd() % 64);	/* runs into a hole */
	default:
		return (uintptr_t)good;
	}
}

static __u32 some_size(__u32 good)
{
	return one_in(8) ? (__u32)some_number() : one_in(8) ? good + rnd() % 16 - 8 : good;
}

/* A bzImage with mistakes in its header, and only there: its code may be run. */
static void damage_header(void)
{
	static unsigned char header[0x300];
	unsigned char copy[sizeof(header)];
	unsigned int i;

	if (!header[0x1fe])
		pread(fds[0], header, sizeof(header), 0);
	memcpy(copy, header, sizeof(header));
	for (i = rnd() % 4; i > 0; i--)
		copy[0x1f1 + rnd() % 0x80] = one_in(2) ? rnd() : 0xff * (rnd() % 2);
	pwrite(fds[4], copy, sizeof(copy), 0);
}

static int copy_of(int from)
{
	static char buf[65536];
	int to = memfd_create("damaged", 0);
	ssize_t n;

	lseek(from, 0, SEEK_SET);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, n) != n)
			return -1;
	return to;
}

static void make_load(struct kmb_load *l)
{
	unsigned int i;

	for (i = 0; i < KMB_MAX_CPUS; i++)
		cpus[i] = one_in(4) ? (__u32)some_number() : rnd() % 6;
	l->size = some_size(sizeof(*l));
	l->id = one_in(4) ? (__u32)some_number() : rnd() % 4;
	/* Rarely a real kernel: to decompress it takes long. */
	if (one_in(100))
		l->kernel_fd = fds[rnd() % 2 ? 0 : 4];
	else
		l->kernel_fd = one_in(4) ? (int)some_number() : fds[1 + rnd() % 3];
	if (l->kernel_fd == fds[4])
		damage_header();
	l->initrd_fd = one_in(3) ? -1 : fds[rnd() % 4];
	l->cpus = some_address(cpus);
	l->nr_cpus = one_in(4) ? (__u32)some_number() : 1 + rnd() % 3;
	l->restart = one_in(4) ? (__u32)some_number() : KMB_RESTART_NO;
	l->memory = one_in(2) ? some_number() : (64 << 20);
	l->address = one_in(2) ? some_number() : KMB_ADDRESS_AUTO;
	l->cmdline = some_address(text + rnd() % sizeof(text));
	l->config = one_in(2) ? 0 : some_address(text + rnd() % sizeof(text));
	l->flags = one_in(10) ? rnd() : 0;
	memcpy(l->name, "fuzz", 5);
	if (one_in(4))
		l->name[rnd() % KMB_NAME_LEN] = rnd();
	l->error = some_address(text);
	l->error_len = one_in(4) ? (__u32)some_number() : 256;
}

static void make_vnode(struct kmb_vnode *v)
{
	v->size = some_size(sizeof(*v));
	v->id = one_in(4) ? (__u32)some_number() : rnd() % 4;
	v->error = some_address(text);
	v->error_len = one_in(4) ? (__u32)some_number() : 256;
	v->flags = one_in(10) ? rnd() : 0;
}

static void make_log(struct kmb_log *l)
{
	static char buf[65536];

	l->size = some_size(sizeof(*l));
	l->id = one_in(4) ? (__u32)some_number() : rnd() % 4;
	l->pos = some_number();
	l->buf = some_address(buf);
	l->len = one_in(8) ? (__u32)some_number() : rnd() % sizeof(buf);
	l->error = some_address(text);
	l->error_len = one_in(4) ? (__u32)some_number() : 256;
}

static void make_memory(struct kmb_memory *m)
{
	static struct kmb_range ranges[64];

	m->size = some_size(sizeof(*m));
	m->nr = one_in(4) ? (__u32)some_number() : rnd() % 64;
	m->ranges = some_address(ranges);
	m->error = some_address(text);
	m->error_len = one_in(4) ? (__u32)some_number() : 256;
}

static unsigned long make_call(void *arg, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		((unsigned char *)arg)[i] = one_in(16) ? rnd() : 0;
	switch (rnd() % 8) {
	case 0:
	case 1:
		make_load(arg);
		return KMB_LOAD;
	case 2:
		make_vnode(arg);
		return KMB_BOOT;
	case 3:
		make_vnode(arg);
		return KMB_STOP;
	case 4:
		make_vnode(arg);
		return KMB_KILL;
	case 5:
		make_log(arg);
		return KMB_LOG;
	case 6:
		make_memory(arg);
		return KMB_MEMORY;
	default:
		return one_in(2) ? rnd() : KMB_LOAD + (rnd() % 8 << _IOC_NRSHIFT);
	}
}

int main(int argc, char **argv)
{
	union {
		struct kmb_load load;
		unsigned char bytes[8192];
	} arg;
	unsigned long i, calls, ok = 0, answers[256] = { 0 };
	int kmb;

	if (argc != 3)
		return 2;
	calls = strtoul(argv[1], NULL, 0);
	seed = strtoul(argv[2], NULL, 0) | 1;

	hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	hole += 4096;
	munmap(hole, 4096);
	memset(text, 'x', sizeof(text) - 1);
	kmb = open(KMB_DEVICE, O_RDWR);
	fds[0] = open("/boot/vmlinuz", O_RDONLY);
	fds[1] = open("/boot/initrd.img", O_RDONLY);
	fds[2] = open("/proc/self/exe", O_RDONLY);
	fds[3] = open("/dev/null", O_RDONLY);
	if (kmb < 0 || fds[0] < 0 || fds[1] < 0) {
		perror("kmb_fuzz");
		return 1;
	}
	fds[4] = copy_of(fds[0]);
	for (i = 0; i < calls; i++) {
		unsigned long cmd = make_call(&arg, sizeof(arg));
		void *where = &arg;

		if (one_in(20))
			where = (void *)(uintptr_t)some_address(&arg);
		if (ioctl(kmb, cmd, where) < 0)
			answers[errno & 255]++;
		else
			ok++;
	}
	printf("%lu calls: %lu succeeded", calls, ok);
	for (i = 0; i < 256; i++)
		if (answers[i])
			printf(", %lu %s", answers[i], strerrorname_np(i));
	printf("\n");
	return 0;
}
