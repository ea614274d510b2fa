// SPDX-License-Identifier: GPL-2.0
/*
 * The system calls on /dev/kmb.  The unit tests link a double of this file,
 * which plays the kernel.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "libadeos.h"

/**
 * kmb_device_open - open KMB's device
 * @path: its path
 *
 * Return: a file descriptor, or -1 with errno set.
 */
int kmb_device_open(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC);
}

/**
 * kmb_device_call - call KMB
 * @kmb: the descriptor of its device
 * @request: a KMB_ request
 * @arg: that request's structure
 *
 * Return: 0, or -1 with errno set.
 */
int kmb_device_call(int kmb, unsigned long request, void *arg)
{
	return ioctl(kmb, request, arg) < 0 ? -1 : 0;
}
