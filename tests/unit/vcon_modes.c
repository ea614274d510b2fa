// SPDX-License-Identifier: GPL-2.0
/*
 * The possible uses of a descriptor of a console, by its open mode.
 *
 *	vcon-modes console DEVICE	/dev/vcon/ID, whose vnode has an agent
 *	vcon-modes agent DEVICE		/dev/vcon-agent
 *	vcon-modes slowly DEVICE	only looks, and reads a byte now and then, for ever
 *
 * Says each claim as tests/guest/lib.sh does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vcon.h"

#define AGENT_MS	60000

static void claim(int right, const char *name)
{
	printf("%sok - %s\n", right ? "" : "not ", name);
	if (!right)
		printf("# errno: %s\n", strerror(errno));
}

static int open_for(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return fd;
}

static int refused(int fd, unsigned long request, void *arg)
{
	errno = 0;
	return ioctl(fd, request, arg) == -1 && errno == EBADF;
}

static void look_at_console(const char *path)
{
	struct winsize wanted = { .ws_row = 37, .ws_col = 113 }, other = { 5, 7, 0, 0 }, is = { 0 };
	int reader = open_for(path, O_RDONLY), writer = open_for(path, O_WRONLY), session;
	unsigned long long lost;

	claim(!ioctl(writer, TIOCSWINSZ, &wanted), "who may write sets the window's size");
	claim(refused(reader, TIOCSWINSZ, &other), "who may only read does not");
	claim(!ioctl(reader, TIOCGWINSZ, &is) && is.ws_row == 37 && is.ws_col == 113,
	      "but sees it, as it was set");
	/* As much as an agent that comes late may take, so that only the mode can fail it */
	claim(refused(reader, VCON_SESSION, (void *)AGENT_MS), "nor begins a session");
	claim(refused(reader, VCON_SYSRQ, (void *)'h'), "nor has the magic key done");
	claim(!ioctl(reader, VCON_LOST, &lost), "but sees what was missed");
	claim(refused(writer, VCON_LOST, &lost), "which who may only write does not");
	session = ioctl(writer, VCON_SESSION, AGENT_MS);
	claim(session >= 0, "who may write begins a session");
	claim(!ioctl(writer, VCON_SYSRQ, 'h'), "and has the magic key done");
}

static void look_at_agent(const char *path)
{
	static const int modes[] = { O_RDONLY, O_WRONLY };
	unsigned int i, refusals = 0;

	for (i = 0; i < 2; i++)
		refusals += open(path, modes[i] | O_CLOEXEC) < 0 && errno == EACCES;
	claim(refusals == 2, "who may only read, or only write, is no agent");
	claim(open(path, O_RDWR | O_CLOEXEC) >= 0, "who may do both is one");
}

static void look_slowly(const char *path)
{
	int fd = open_for(path, O_RDONLY);
	char byte;

	while (read(fd, &byte, 1) == 1 && write(STDOUT_FILENO, &byte, 1) == 1)
		usleep(100000);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "console"))
		look_at_console(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "agent"))
		look_at_agent(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "slowly"))
		look_slowly(argv[2]);
	else
		return 2;
	return EXIT_SUCCESS;
}
