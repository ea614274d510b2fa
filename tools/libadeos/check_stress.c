// SPDX-License-Identifier: GPL-2.0
/*
 * bridge-check stress PROCESSES ROUNDS VNODES: processes that make, open, map,
 * ring and leave each other's bridges, in all vnodes below VNODES at once.
 *
 * The maker of a bridge writes a number into it, made from its name, again and again.  A
 * process that opens the bridge must find that number or 0, or the bridge must be gone:
 * another number would be memory of somebody else.  Every fourth process ends by a signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adeos/bridge.h"
#include "check.h"

#define NAMES	4	/* of each vnode: few, so that processes meet */

static unsigned int opened, lost;

static uint32_t number_of(int vnode, unsigned int n)
{
	return 0x5a000000 | vnode << 8 | (n + 1);
}

static void name_of(char name[NAME_LEN], unsigned int n)
{
	snprintf(name, NAME_LEN, "stress%u", n);
}

/* Errors that are possible because others go on meanwhile */
static bool is_expected(int error)
{
	return error == ENOENT || error == EEXIST || error == EIDRM || error == EAGAIN ||
	       error == EMFILE || error == ENOTCONN;
}

static bool make(int vnode, unsigned int n)
{
	size_t i, bytes = (1 + rand() % 16) * 4096;
	uint32_t number = number_of(vnode, n), value;
	uint32_t *w;
	char name[NAME_LEN];
	int fd, k;

	name_of(name, n);
	fd = adeos_bridge_create(name, bytes, 0666, 0, ADEOS_BRIDGE_ANY_VNODE);
	if (fd < 0)
		return is_expected(errno);
	w = adeos_bridge_map(fd, NULL);
	if (!w)
		return is_expected(errno);
	for (k = 0; k < 4; k++) {
		for (i = 0; i < bytes / sizeof(*w); i += 1024) {
			if (!touch(&w[i], &value, &number))
				return false;
			if (value && value != number)
				return false;
		}
		adeos_bridge_ring(fd);
		adeos_bridge_wait(fd, 2, NULL);
	}
	if (rand() % 2)
		adeos_bridge_destroy(fd);
	else
		adeos_bridge_unmap((void *)w, bytes);
	close(fd);
	return true;
}

static bool visit(int vnode, unsigned int n)
{
	uint32_t number = number_of(vnode, n), value;
	uint32_t *w;
	char name[NAME_LEN];
	size_t i, bytes;
	int fd, k;

	name_of(name, n);
	fd = adeos_bridge_open(vnode, name, O_RDWR);
	if (fd < 0)
		return is_expected(errno);
	w = adeos_bridge_map(fd, &bytes);
	if (!w) {
		close(fd);
		return is_expected(errno);
	}
	opened++;
	for (k = 0; k < 4; k++) {
		for (i = 0; i < bytes / sizeof(*w); i += 1024) {
			if (!touch(&w[i], &value, NULL)) {
				lost++;
				goto out;
			}
			if (value && value != number) {
				printf("%s of %d: %08x\n", name, vnode, value);
				return false;
			}
		}
		adeos_bridge_ring(fd);
		adeos_bridge_wait(fd, 2, NULL);
	}
out:
	adeos_bridge_unmap((void *)w, bytes);
	close(fd);
	return true;
}

static int stress(unsigned int seed, unsigned int rounds, int vnodes)
{
	int own = own_vnode();
	bool good = true;

	srand(own * 1000 + seed);
	while (rounds-- && good) {
		if (rand() % 2)
			good = make(own, rand() % NAMES);
		else
			good = visit(rand() % vnodes, rand() % NAMES);
		/* Ends in the middle, with open bridges */
		if (seed % 4 == 0 && rounds == 5) {
			char name[NAME_LEN];

			name_of(name, rand() % NAMES);
			adeos_bridge_create(name, 4096, 0666, 0, ADEOS_BRIDGE_ANY_VNODE);
			raise(SIGKILL);
		}
	}
	if (!good)
		printf("process %u: %s\n", seed, strerror(errno));
	else if (seed % 4 == 1)
		printf("# opened %u, lost %u\n", opened, lost);
	return !good;
}

int check_stress(int argc, char **argv)
{
	int processes = argc == 3 ? atoi(argv[0]) : 0, i, status, errors = 0;

	for (i = 0; i < processes; i++) {
		fflush(stdout);
		if (fork() == 0)
			exit(stress(i, atoi(argv[1]), atoi(argv[2])));
	}
	for (i = 0; i < processes; i++) {
		if (wait(&status) < 0)
			die("wait");
		if (!(WIFEXITED(status) && !WEXITSTATUS(status)) &&
		    !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
			errors++;
	}
	printf("%d processes, errors %d\n", processes, errors);
	return errors || !processes;
}
