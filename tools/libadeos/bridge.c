// SPDX-License-Identifier: GPL-2.0
/*
 * adeos_bridge(3): a thin layer over /dev/bridge.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <vbridge/vbridge.h>

#include "adeos/bridge.h"

_Static_assert(ADEOS_BRIDGE_GLOBAL == VBRIDGE_GLOBAL, "flags are the kernel's");
_Static_assert(ADEOS_BRIDGE_READ_ONLY == VBRIDGE_READ_ONLY, "flags are the kernel's");
_Static_assert(ADEOS_BRIDGE_KEEP == VBRIDGE_KEEP, "flags are the kernel's");
_Static_assert((int)ADEOS_BRIDGE_GONE == VBRIDGE_GONE, "states are the kernel's");
_Static_assert((unsigned int)ADEOS_BRIDGE_SCOPE_GLOBAL == VBRIDGE_SCOPE_GLOBAL, "scope");
_Static_assert((unsigned int)ADEOS_BRIDGE_SCOPE_OWN == VBRIDGE_SCOPE_OWN, "scope");

static int set_name(char to[VBRIDGE_NAME_LEN], const char *name)
{
	size_t len = strlen(name);

	if (len >= VBRIDGE_NAME_LEN) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to, name, len + 1);
	return 0;
}

/* Opens the device and makes the call; the file is non-blocking. */
static int attach(int access, unsigned long request, void *arg)
{
	int fd = open(VBRIDGE_DEVICE, access | O_CLOEXEC | O_NONBLOCK);
	int error;

	if (fd < 0) {
		/* There is no device; ENOENT would mean that there is no such bridge. */
		if (errno == ENOENT)
			errno = ENODEV;
		return -1;
	}
	if (!ioctl(fd, request, arg))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/**
 * adeos_bridge_create() - make a bridge
 * @name: 1 to 30 printable characters but space and '/'
 * @bytes: its size
 * @mode: permission bits
 * @flags: ADEOS_BRIDGE_GLOBAL and so on
 * @vnodes: a bit for each vnode whose programs may open it
 *
 * Return: a file descriptor, or -1.
 */
int adeos_bridge_create(const char *name, size_t bytes, mode_t mode, unsigned int flags,
			uint64_t vnodes)
{
	struct vbridge_create req = {
		.size = sizeof(req), .flags = flags, .bytes = bytes, .vnodes = vnodes, .mode = mode,
	};

	if (set_name(req.name, name))
		return -1;
	return attach(O_RDWR, VBRIDGE_CREATE, &req);
}

/**
 * adeos_bridge_open() - open a bridge that exists
 * @scope: ID of the vnode that has made it, ADEOS_BRIDGE_SCOPE_GLOBAL or
 * ADEOS_BRIDGE_SCOPE_OWN @name: its name @access: O_RDONLY or O_RDWR
 *
 * Return: a file descriptor, or -1.
 */
int adeos_bridge_open(int scope, const char *name, int access)
{
	struct vbridge_open req = { .size = sizeof(req), .scope = scope };

	if (access != O_RDONLY && access != O_RDWR) {
		errno = EINVAL;
		return -1;
	}
	if (set_name(req.name, name))
		return -1;
	return attach(access, VBRIDGE_OPEN, &req);
}

/**
 * adeos_bridge_info() - get information about a bridge
 * @fd: the bridge
 * @info: where to store it
 *
 * Return: 0 or -1.
 */
int adeos_bridge_info(int fd, struct adeos_bridge_info *info)
{
	struct vbridge_info k = { .size = sizeof(k) };

	if (ioctl(fd, VBRIDGE_INFO, &k))
		return -1;
	info->bytes = k.bytes;
	info->users = k.users;
	info->scope = k.scope;
	info->vnode = k.vnode;
	info->uid = k.uid;
	info->gid = k.gid;
	info->mode = k.mode;
	info->flags = k.flags;
	info->state = k.state;
	return 0;
}

/**
 * adeos_bridge_map() - map all of a bridge
 * @fd: the bridge; the mapping is writable if it was opened for writing
 * @bytes: where to store the size, for adeos_bridge_unmap(), or NULL
 *
 * Return: the address, or NULL.
 */
void *adeos_bridge_map(int fd, size_t *bytes)
{
	int flags = fcntl(fd, F_GETFL), prot = PROT_READ;
	struct adeos_bridge_info info;
	void *addr;

	if (flags < 0 || adeos_bridge_info(fd, &info))
		return NULL;
	if ((flags & O_ACCMODE) == O_RDWR)
		prot |= PROT_WRITE;
	addr = mmap(NULL, info.bytes, prot, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		return NULL;
	if (bytes)
		*bytes = info.bytes;
	return addr;
}

/**
 * adeos_bridge_unmap() - undo adeos_bridge_map()
 * @addr: what it returned
 * @bytes: the size
 *
 * Return: 0 or -1.
 */
int adeos_bridge_unmap(void *addr, size_t bytes)
{
	return munmap(addr, bytes);
}

/**
 * adeos_bridge_ring() - ring all others who have a bridge open
 * @fd: the bridge
 *
 * Return: 0 or -1.
 */
int adeos_bridge_ring(int fd)
{
	return ioctl(fd, VBRIDGE_RING);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int left_ms(int64_t end)
{
	int64_t left = end - now_ms();

	return left > 0 ? left : 0;
}

/**
 * adeos_bridge_wait() - wait until a bridge is rung
 * @fd: the bridge
 * @timeout: ms, or -1: for ever
 * @rings: where to store the number of rings, or NULL
 *
 * Return: 1; 0 after the timeout; -1, with errno EIDRM if the bridge is gone.
 */
int adeos_bridge_wait(int fd, int timeout, uint64_t *rings)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t end = timeout > 0 ? now_ms() + timeout : 0;
	uint64_t count;
	int ret;

	for (;;) {
		if (read(fd, &count, sizeof(count)) == sizeof(count))
			break;
		if (errno != EAGAIN)
			return -1;
		ret = poll(&p, 1, timeout);
		if (ret <= 0)
			return ret;
		/*
		 * Another thread may have read the ring that ended the wait: wait for the
		 * rest of the time.
		 */
		if (timeout > 0)
			timeout = left_ms(end);
	}
	if (rings)
		*rings = count;
	return 1;
}

/**
 * adeos_bridge_eventfd() - signal an eventfd
 * @fd: the bridge
 * @eventfd: 1 is added to it when the bridge was rung, or is gone; -1 removes it
 *
 * adeos_bridge_wait() returns the number of rings, and which of the two cases it was.
 *
 * Return: 0 or -1.
 */
int adeos_bridge_eventfd(int fd, int eventfd)
{
	return ioctl(fd, VBRIDGE_EVENTFD, eventfd);
}

/**
 * adeos_bridge_destroy() - end a bridge
 * @fd: the bridge, which the caller must still close
 *
 * Return: 0 or -1.
 */
int adeos_bridge_destroy(int fd)
{
	return ioctl(fd, VBRIDGE_DESTROY);
}

/**
 * adeos_bridge_unlink() - end a bridge that is not open
 * @scope: ID of the vnode whose it is, ADEOS_BRIDGE_SCOPE_GLOBAL or ADEOS_BRIDGE_SCOPE_OWN
 * @name: its name
 *
 * Return: 0 or -1.
 */
int adeos_bridge_unlink(int scope, const char *name)
{
	int fd = adeos_bridge_open(scope, name, O_RDONLY), ret, error;

	if (fd < 0)
		return -1;
	ret = adeos_bridge_destroy(fd);
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

/**
 * adeos_bridge_close() - close a bridge
 * @fd: the bridge; what is mapped stays mapped
 *
 * Return: 0 or -1.
 */
int adeos_bridge_close(int fd)
{
	return close(fd);
}
