// SPDX-License-Identifier: GPL-2.0
/*
 * bridge-check errors [USER]: each documented error of /dev/bridge, as TAP lines
 * without numbers.  With an argument, only the errors of an ordinary user.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vbridge/vbridge.h>

#include "adeos/bridge.h"
#include "check.h"

#define ALL	ADEOS_BRIDGE_ANY_VNODE
#define OWN	ADEOS_BRIDGE_SCOPE_OWN

static int failed;

static void claim(bool good, const char *name)
{
	printf("%s - %s\n", good ? "ok" : "not ok", name);
	if (!good)
		failed = 1;
}

/* -1 and this error */
static void fails(long ret, int error, const char *name)
{
	int got = errno;
	bool good = ret == -1 && got == error;

	claim(good, name);
	if (!good)
		printf("# %ld, %s\n", ret, strerror(got));
}

static long map(int fd, size_t bytes, int prot, int flags, off_t offset)
{
	return (long)mmap(NULL, bytes, prot, flags, fd, offset);
}

static int raw(int access)
{
	int fd = open(VBRIDGE_DEVICE, access);

	if (fd < 0)
		die(VBRIDGE_DEVICE);
	return fd;
}

static int create(const char *name, size_t bytes)
{
	return adeos_bridge_create(name, bytes, 0600, 0, ALL);
}

static int must_create(const char *name, size_t bytes, mode_t mode, unsigned int flags)
{
	int fd = adeos_bridge_create(name, bytes, mode, flags, ALL);

	if (fd < 0)
		die(name);
	return fd;
}

static void names_and_sizes(void)
{
	int fd;

	fails(create("e", 0), EINVAL, "size 0");
	fails(create("e", VBRIDGE_MAX_BYTES + 1), EFBIG, "a size that is too large");
	fails(create("", 4096), EINVAL, "an empty name");
	fails(create("a/b", 4096), EINVAL, "a name with /");
	fails(create("a b", 4096), EINVAL, "a name with a space");
	fails(create("1234567890123456789012345678901", 4096), ENAMETOOLONG, "a name of 31 bytes");
	fails(create("1234567890123456789012345678901234567890", 4096), ENAMETOOLONG,
	      "a name of 40 bytes");
	fd = create("123456789012345678901234567890", 1);
	claim(fd >= 0, "a name of 30 bytes, and one byte of memory");
	fails(create("123456789012345678901234567890", 1), EEXIST, "a name that is taken");
	close(fd);
	fails(adeos_bridge_open(0, "123456789012345678901234567890", O_RDWR), ENOENT,
	      "no such bridge, after its creator has closed it");
	fd = create("123456789012345678901234567890", 1);
	claim(fd >= 0, "the name is free again");
	close(fd);
	fails(adeos_bridge_open(64, "e", O_RDWR), EINVAL, "no such vnode ID");
	fails(adeos_bridge_open(-3, "e", O_RDWR), EINVAL, "no such scope");
	fails(adeos_bridge_create("e", 1, 01000, 0, ALL), EINVAL, "mode bits that there are not");
	fails(adeos_bridge_create("e", 1, 0600, 8, ALL), EINVAL, "an unknown flag");
}

static void structures(void)
{
	struct {
		struct vbridge_create req;
		uint32_t tail;
	} longer = { .req = { .size = sizeof(longer), .bytes = 1, .name = "e" } };
	struct vbridge_info info = { .size = 3 };
	int fd = raw(O_RDWR);

	fails(ioctl(fd, VBRIDGE_RING), EBADFD, "to ring before it is attached");
	fails(ioctl(fd, VBRIDGE_INFO, &info), EBADFD, "likewise, to be told of it");
	fails(ioctl(fd, VBRIDGE_DESTROY), EBADFD, "to destroy it");
	fails(read(fd, &info, 8), EBADFD, "to read");
	fails(map(fd, 1, PROT_READ, MAP_SHARED, 0), EBADFD, "and to map");
	fails(ioctl(fd, 12345), ENOTTY, "an unknown call");
	fails(ioctl(fd, VBRIDGE_CREATE, NULL), EFAULT, "no structure");
	longer.req.size = 3;
	fails(ioctl(fd, VBRIDGE_CREATE, &longer), EINVAL, "a structure without a size");
	longer.req.size = sizeof(longer);
	longer.tail = 1;
	fails(ioctl(fd, VBRIDGE_CREATE, &longer), E2BIG, "a structure with an unknown tail");
	longer.tail = 0;
	longer.req.zero = 1;
	fails(ioctl(fd, VBRIDGE_CREATE, &longer), EINVAL, "a field that must be 0");
	longer.req.zero = 0;
	claim(!ioctl(fd, VBRIDGE_CREATE, &longer), "a structure whose unknown tail is 0");
	fails(ioctl(fd, VBRIDGE_CREATE, &longer), EISCONN, "to attach twice");
	fails(ioctl(fd, VBRIDGE_INFO, &info), EINVAL, "a place for information that is too small");
	close(fd);
}

/* Calls that would need a struct page */
static void direct(uint32_t *w)
{
	struct iovec v = { .iov_base = (void *)w, .iov_len = 4096 };
	int ends[2];

	if (pipe(ends))
		die("pipe");
	fails(vmsplice(ends[1], &v, 1, 0), EFAULT, "vmsplice() fails cleanly");
	close(ends[0]);
	close(ends[1]);
	claim(!mlock((void *)w, 4096), "mlock() passes over it");
	fails(syscall(SYS_futex, w, FUTEX_WAIT, 1, NULL, NULL, 0), EFAULT, "a shared futex, too");
}

static void maps(void)
{
	int fd = must_create("m", 2 * 4096, 0600, 0), ro, out;
	uint32_t *w = adeos_bridge_map(fd, NULL);
	struct adeos_bridge_info info;
	uint64_t rings;

	fails(map(fd, 3 * 4096, PROT_READ, MAP_SHARED, 0), EINVAL, "to map beyond its end");
	fails(map(fd, 4096, PROT_READ, MAP_SHARED, 2 * 4096), EINVAL, "behind its end");
	fails(map(fd, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0), EINVAL, "privately");
	fails(map(fd, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, 0), EACCES, "to run it");
	fails(mprotect((void *)w, 4096, PROT_EXEC), EACCES, "likewise, later");
	fails((long)mremap((void *)w, 8192, 16384, MREMAP_MAYMOVE), EFAULT,
	      "a mapping does not grow");
	claim(!w[0] && !w[2047], "it is zero");
	w[0] = 1;
	out = memfd_create("out", 0);
	claim(write(out, (void *)w, 4) == 4, "write() from it copies");
	direct(w);
	if (fork() == 0) {
		w[1] = w[0] + 1;
		_exit(0);
	}
	wait(NULL);
	claim(w[1] == 2, "a child shares it");
	ro = adeos_bridge_open(own_vnode(), "m", O_RDONLY);
	claim(ro >= 0, "to open it for reading");
	fails(map(ro, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0), EACCES,
	      "but not to write to it");
	w = adeos_bridge_map(ro, NULL);
	claim(w && w[1] == 2, "it is the same memory");
	claim(adeos_bridge_wait(fd, 0, &rings) == 0, "nobody has rung");
	adeos_bridge_ring(ro);
	adeos_bridge_ring(ro);
	claim(adeos_bridge_wait(fd, -1, &rings) == 1 && rings == 2, "rings are counted");
	claim(adeos_bridge_wait(ro, 0, NULL) == 0, "and not heard by who rings");
	fails(read(fd, &rings, sizeof(rings)), EAGAIN, "and are read once");
	fails(read(fd, &rings, 7), EINVAL, "7 bytes are too few");
	claim(!adeos_bridge_info(fd, &info) && info.bytes == 8192 && info.mode == 0600 &&
	      info.state == ADEOS_BRIDGE_LIVE && info.vnode == (unsigned int)own_vnode() &&
	      info.scope == own_vnode() &&
	      info.users == 1ULL << own_vnode(), "what is told of it");
	close(fd);
	close(ro);
	close(out);
}

static void gone(void)
{
	int fd = must_create("g", 4096, 0600, 0), other;
	uint32_t *w = adeos_bridge_map(fd, NULL), *w2;
	struct adeos_bridge_info info;
	struct pollfd p;
	uint32_t value;

	other = adeos_bridge_open(OWN, "g", O_RDWR);
	w2 = adeos_bridge_map(other, NULL);
	w[0] = 1;
	claim(touch(&w2[0], &value, NULL) && value == 1, "two files of one bridge");
	claim(!adeos_bridge_destroy(other), "it is destroyed");
	claim(!touch(&w[0], &value, NULL), "SIGBUS");
	claim(!touch(&w2[0], &value, NULL), "likewise, through the other mapping");
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	claim(poll(&p, 1, -1) == 1 && p.revents == (POLLIN | POLLERR | POLLHUP), "poll() tells it");
	fails(adeos_bridge_ring(fd), EIDRM, "to ring it");
	fails(adeos_bridge_wait(fd, -1, NULL), EIDRM, "to wait");
	fails(adeos_bridge_destroy(fd), EIDRM, "to destroy it again");
	fails(map(fd, 4096, PROT_READ, MAP_SHARED, 0), EIDRM, "to map it");
	claim(!adeos_bridge_info(fd, &info) && info.state == ADEOS_BRIDGE_GONE && !info.users,
	      "what is told of it then");
	close(fd);
	close(other);

	fd = must_create("k", 4096, 0600, ADEOS_BRIDGE_KEEP);
	close(fd);
	fd = adeos_bridge_open(OWN, "k", O_RDWR);
	claim(fd >= 0, "one that is kept outlives its file");
	close(fd);
	claim(!adeos_bridge_unlink(OWN, "k"), "until it is destroyed");
	fails(adeos_bridge_open(OWN, "k", O_RDWR), ENOENT, "and then there is none");

	fd = must_create("g", 4096, 0600, ADEOS_BRIDGE_GLOBAL);
	claim(adeos_bridge_open(OWN, "g", O_RDWR) == -1 && errno == ENOENT,
	      "a global name is no local one");
	other = adeos_bridge_open(ADEOS_BRIDGE_SCOPE_GLOBAL, "g", O_RDWR);
	claim(other >= 0, "a global name");
	close(other);
	close(fd);
}

/* The eventfd's value; 0 if there is none */
static uint64_t events(int event)
{
	uint64_t n;

	return read(event, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* 256 files of one bridge */
static void many_files(void)
{
	int fds[257], event = eventfd(0, EFD_NONBLOCK), i;

	for (i = 0; i < 257; i++) {
		fds[i] = adeos_bridge_open(OWN, "public", O_RDONLY);
		if (fds[i] < 0 || adeos_bridge_eventfd(fds[i], event))
			break;
	}
	claim(i == 256 && errno == EDQUOT, "256 files and no more");
	claim(!adeos_bridge_ring(fds[0]) && events(event) == 255, "all of which are rung");
	while (i--)
		close(fds[i]);
	i = adeos_bridge_open(OWN, "public", O_RDONLY);
	claim(i >= 0, "those that were closed do not count");
	close(i);
	close(event);
}

/* As an ordinary user: root has made "secret" (0600) and "public" (0644, kept). */
static void user(void)
{
	int fds[17], i, fd;

	fails(adeos_bridge_open(OWN, "secret", O_RDONLY), EACCES, "another user's bridge");
	fails(open(VBRIDGE_DEVICE, O_ACCMODE), EINVAL, "the device, for calls only");
	fails(adeos_bridge_open(OWN, "secret", O_ACCMODE), EINVAL, "likewise, a bridge");
	fd = adeos_bridge_open(OWN, "public", O_RDONLY);
	claim(fd >= 0, "one that all may read");
	fails(adeos_bridge_destroy(fd), EPERM, "but not destroy");
	fails(adeos_bridge_open(OWN, "public", O_RDWR), EACCES, "nor write to");
	close(fd);
	for (i = 0; i < 17; i++) {
		char name[NAME_LEN];

		snprintf(name, sizeof(name), "u%d", i);
		fds[i] = create(name, 4096);
		if (fds[i] < 0)
			break;
	}
	claim(i == 16 && errno == EDQUOT, "16 bridges and no more");
	while (i--)
		close(fds[i]);
	fails(create("u", (32 << 20) + 1), EDQUOT, "nor more than 32 MiB");
	fd = create("u", 4096);
	claim(fd >= 0, "what was closed does not count");
	close(fd);
	many_files();
}

static void eventfds(void)
{
	int fd = must_create("v", 1, 0600, 0), other, event = eventfd(0, EFD_NONBLOCK), unused;
	uint64_t rings;

	other = adeos_bridge_open(OWN, "v", O_RDWR);
	unused = raw(O_RDWR);
	fails(adeos_bridge_eventfd(unused, event), EBADFD, "an eventfd before it is attached");
	close(unused);
	fails(adeos_bridge_eventfd(fd, 12345), EBADF, "no descriptor");
	fails(adeos_bridge_eventfd(fd, fd), EINVAL, "one that is no eventfd");
	claim(!adeos_bridge_eventfd(fd, event) && !events(event), "an eventfd");
	adeos_bridge_ring(other);
	adeos_bridge_ring(fd);
	claim(events(event) == 1 && adeos_bridge_wait(fd, 0, &rings) == 1 && rings == 1,
	      "is signalled by others' rings");
	claim(!adeos_bridge_eventfd(fd, -1), "and no longer");
	adeos_bridge_ring(other);
	claim(!events(event), "when it is taken away");
	claim(!adeos_bridge_eventfd(fd, event) && events(event) == 1,
	      "and at once, if there is something to read");
	adeos_bridge_wait(other, 0, NULL);
	claim(!adeos_bridge_eventfd(other, event) && !events(event), "one for two files");
	close(fd);
	claim(events(event), "is signalled when the bridge is gone");
	fails(adeos_bridge_wait(other, 0, NULL), EIDRM, "which the other one finds");
	close(event);
	close(other);
}

/* Root has no limit of its own; the number of the vnode's other bridges is not known. */
static void many(void)
{
	int fds[65], i;

	for (i = 0; i < 65; i++) {
		char name[NAME_LEN];

		snprintf(name, sizeof(name), "n%d", i);
		fds[i] = create(name, 1);
		if (fds[i] < 0)
			break;
	}
	claim(i > 32 && i <= 64 && errno == EMFILE, "a vnode's 64 bridges");
	while (i--)
		close(fds[i]);
	i = create("n0", 1);
	claim(i >= 0, "which are its again when they are closed");
	close(i);
}

int check_errors(int argc, char **argv)
{
	(void)argv;
	if (argc) {
		user();
		return failed;
	}
	umask(0);
	names_and_sizes();
	structures();
	maps();
	gone();
	eventfds();
	many();
	return failed;
}
