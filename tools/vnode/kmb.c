// SPDX-License-Identifier: GPL-2.0
/*
 * KMB's calls, with their errors as text.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libadeos.h"

static __u64 to_user_address(void *pointer)
{
	return (uintptr_t)pointer;
}

static const char *explain(int error)
{
	if (error == EACCES || error == EPERM)
		return "needs root (CAP_SYS_ADMIN)";
	return strerror(error);
}

static const char *device_path(void)
{
	const char *path = getenv("VNODE_KMB");

	return path ? path : KMB_DEVICE;
}

/**
 * kmb_open - open KMB's device
 * @err: set on failure
 *
 * Return: a file descriptor, or -1.
 */
int kmb_open(struct errtext *err)
{
	const char *path = device_path();
	int kmb, error;

	kmb = kmb_device_open(path);
	if (kmb >= 0)
		return kmb;
	error = errno;
	if (error != ENOENT && error != ENXIO && error != ENODEV)
		return err_set(err, "%s: %s", path, explain(error));
	if (adeos_expect_root(path, err))
		return -1;
	return err_set(err, "%s: %s: is the kmb module loaded?", path, strerror(error));
}

static const char *request_name(unsigned long request)
{
	switch (request) {
	case KMB_LOAD:
		return "load";
	case KMB_BOOT:
		return "boot";
	case KMB_STOP:
		return "stop";
	case KMB_KILL:
		return "kill";
	case KMB_LOG:
		return "read the log";
	case KMB_MEMORY:
		return "read the map of memory";
	}
	return "do that";
}

/*
 * Calls KMB.  Its structure names @text as the place for an error.  There is no text if it
 * was not KMB that refused, or if KMB could not read the structure.
 */
static int call(int kmb, unsigned long request, void *arg, char text[KMB_ERROR_LEN],
		struct errtext *err)
{
	int error;

	text[0] = '\0';
	error = kmb_device_call(kmb, request, arg) ? errno : 0;
	text[KMB_ERROR_LEN - 1] = '\0';
	if (!error) {
		/* KMB's text, which it may also store on success */
		err_set(err, "%s", text);
		return 0;
	}
	if (text[0])
		return err_set(err, "%s", text);
	return err_set(err, "%s: cannot %s: %s", device_path(), request_name(request),
		       explain(error));
}

/**
 * kmb_load - load a vnode
 * @kmb: the device
 * @load: what to load; size and error are set here
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int kmb_load(int kmb, struct kmb_load *load, struct errtext *err)
{
	char text[KMB_ERROR_LEN];

	load->size = sizeof(*load);
	load->error = to_user_address(text);
	load->error_len = sizeof(text);
	return call(kmb, KMB_LOAD, load, text, err);
}

static int call_vnode(int kmb, unsigned long request, __u32 id, struct errtext *err)
{
	char text[KMB_ERROR_LEN];
	struct kmb_vnode arg = {
		.size = sizeof(arg),
		.id = id,
		.error = to_user_address(text),
		.error_len = sizeof(text),
	};

	return call(kmb, request, &arg, text, err);
}

/**
 * kmb_boot - start a vnode that is loaded
 * @kmb: the device
 * @id: its ID
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int kmb_boot(int kmb, __u32 id, struct errtext *err)
{
	return call_vnode(kmb, KMB_BOOT, id, err);
}

/**
 * kmb_stop - ask a vnode to shut down
 * @kmb: the device
 * @id: its ID
 * @err: set on failure
 *
 * Return: 0 if it was asked, -1 on failure.
 */
int kmb_stop(int kmb, __u32 id, struct errtext *err)
{
	return call_vnode(kmb, KMB_STOP, id, err);
}

/**
 * kmb_kill - end a vnode at once
 * @kmb: the device
 * @id: its ID
 * @err: set on failure; on success, what of the vnode has not come back, or ""
 *
 * Return: 0 on success, -1 on failure.
 */
int kmb_kill(int kmb, __u32 id, struct errtext *err)
{
	return call_vnode(kmb, KMB_KILL, id, err);
}

/**
 * kmb_log - read the next part of a vnode's kernel log
 * @kmb: the device
 * @id: the vnode's ID
 * @pos: where to read; set to where the next read continues
 * @buf: where to store it
 * @len: size of @buf, bytes; set to how much was read, 0 at the end
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int kmb_log(int kmb, __u32 id, __u64 *pos, void *buf, __u32 *len, struct errtext *err)
{
	char text[KMB_ERROR_LEN];
	struct kmb_log arg = {
		.size = sizeof(arg),
		.id = id,
		.pos = *pos,
		.buf = to_user_address(buf),
		.len = *len,
		.error = to_user_address(text),
		.error_len = sizeof(text),
	};

	if (call(kmb, KMB_LOG, &arg, text, err))
		return -1;
	if (arg.len > *len)
		return err_set(err, "KMB stored %u bytes where %u were asked for", arg.len, *len);
	*pos = arg.pos;
	*len = arg.len;
	return 0;
}

/**
 * kmb_memory - read the map of physical memory
 * @kmb: the device
 * @ranges: set to the map, in order of addresses; the caller frees it
 * @nr: set to its length
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int kmb_memory(int kmb, struct kmb_range **ranges, size_t *nr, struct errtext *err)
{
	struct kmb_memory arg = { .nr = 64 };
	struct kmb_range *map = NULL, *more;
	char text[KMB_ERROR_LEN];
	__u32 room;

	do {	/* the map may grow between two calls */
		room = arg.nr;
		more = reallocarray(map, room, sizeof(*map));
		if (!more) {
			free(map);
			return err_set(err, "%s", strerror(ENOMEM));
		}
		map = more;
		arg.size = sizeof(arg);
		arg.ranges = to_user_address(map);
		arg.error = to_user_address(text);
		arg.error_len = sizeof(text);
		if (call(kmb, KMB_MEMORY, &arg, text, err)) {
			free(map);
			return -1;
		}
	} while (arg.nr > room);
	*ranges = map;
	*nr = arg.nr;
	return 0;
}
