// SPDX-License-Identifier: GPL-2.0
/*
 * bridge-check: the program that tests/bridge-device.t runs in vnodes.
 *
 *	agent				carries out what "run" sends, over a bridge
 *	run VNODE COMMAND		runs COMMAND there, prints what it printed
 *	as UID[:GID[:GROUP]] PROGRAM ARGUMENT…
 *					runs PROGRAM as an ordinary user, of group UID or GID and,
 *					besides that, GROUP
 *	make NAME BYTES [FLAGS [MODE [VNODES]]]
 *					makes a bridge, and keeps it until it is killed
 *	use SLOT SCOPE NAME…		writes to bridges and checks what it wrote, until they
 *					are gone, or SIGTERM
 *	board NAME BYTES MAX		makes bridges NAME0… until there is no memory for one
 *					more, destroys every other one, and uses the rest
 *	fill NAME			makes global bridges NAME0… until it is refused one, and
 *					keeps them until it is killed
 *	hold NAME NUMBER		opens so many of those, and keeps them likewise
 *	end NAME			destroys a bridge of this vnode
 *	event NAME			makes a bridge, and waits until its eventfd is signalled
 *	ring SCOPE NAME			rings a bridge
 *	churn NAME BYTES		makes a bridge and closes it, again and again, until
 *					SIGTERM, and tells how often it could, and could not
 *	errors, stress			see there
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adeos/bridge.h"
#include "check.h"

#define USES		64
#define WORDS_EACH	16	/* of each slot in each page */
#define STRIDE		(4096 / sizeof(uint32_t))

/* In the bridge "agent" of the vnode; the side that did not write it last waits */
struct box {
	atomic_uint asked;
	atomic_uint answered;
	int status;
	char command[2000];
	char output[2000];
};

struct use {
	char name[NAME_LEN];
	int fd;
	uint32_t *words;
	size_t bytes;
	uint32_t value;
	bool gone;
};

static struct use uses[USES];
static unsigned int nr_uses;
static sig_atomic_t stopped;
static sigjmp_buf bus;

void die(const char *what)
{
	fprintf(stderr, "bridge-check: %s: %s\n", what, strerror(errno));
	exit(1);
}

void pause_ms(unsigned int ms)
{
	poll(NULL, 0, ms);
}

int own_vnode(void)
{
	FILE *f = fopen("/sys/kernel/adeos/vnode", "r");
	int id;

	if (!f || fscanf(f, "%d", &id) != 1)
		die("/sys/kernel/adeos/vnode");
	fclose(f);
	return id;
}

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus, 1);
}

static void on_term(int sig)
{
	(void)sig;
	__atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
}

static bool is_stopped(void)
{
	return __atomic_load_n(&stopped, __ATOMIC_RELAXED);
}

void catch_sigbus(void)
{
	struct sigaction act = { .sa_handler = on_bus };

	sigaction(SIGBUS, &act, NULL);
}

/* Reads a word, and then writes it if @store is not NULL; false: SIGBUS */
bool touch(uint32_t *word, uint32_t *value, const uint32_t *store)
{
	if (sigsetjmp(bus, 1))
		return false;
	*value = __atomic_load_n(word, __ATOMIC_RELAXED);
	if (store)
		__atomic_store_n(word, *store, __ATOMIC_RELAXED);
	return true;
}

static int serve(void)
{
	int fd, error = 0;
	struct box *box;
	size_t len;
	FILE *pipe;

	setenv("PATH", "/usr/libexec/adeos:/bin:/sbin:/usr/bin:/usr/sbin", 1);
	for (;;) {
		fd = adeos_bridge_create("agent", sizeof(*box), 0600, 0, ADEOS_BRIDGE_ANY_VNODE);
		if (fd >= 0)
			break;
		if (errno != error)
			perror("create");
		error = errno;
		pause_ms(20);
	}
	box = adeos_bridge_map(fd, NULL);
	if (!box)
		die("map");
	puts("agent is ready");
	fflush(stdout);
	for (;;) {
		if (adeos_bridge_wait(fd, -1, NULL) < 0)
			die("wait");
		if (box->asked == box->answered)
			continue;
		pipe = popen(box->command, "r");
		if (!pipe)
			die("popen");
		len = fread(box->output, 1, sizeof(box->output) - 1, pipe);
		box->output[len] = 0;
		box->status = pclose(pipe);
		box->answered = box->asked;
		adeos_bridge_ring(fd);
	}
}

static int run(const char *vnode, const char *command)
{
	int fd = adeos_bridge_open(atoi(vnode), "agent", O_RDWR);
	struct box *box;

	if (fd < 0)
		die("agent");
	box = adeos_bridge_map(fd, NULL);
	if (!box)
		die("map");
	snprintf(box->command, sizeof(box->command), "%s", command);
	box->asked++;
	if (adeos_bridge_ring(fd))
		die("ring");
	while (box->answered != box->asked)
		if (adeos_bridge_wait(fd, -1, NULL) < 0)
			die("wait");
	fputs(box->output, stdout);
	return WIFEXITED(box->status) ? WEXITSTATUS(box->status) : 99;
}

static int as(const char *who, char **argv)
{
	unsigned int uid, gid, group;
	int fields = sscanf(who, "%u:%u:%u", &uid, &gid, &group);

	if (fields < 2)
		gid = uid;
	if (fields < 1 || setgroups(fields == 3, &group) || setgid(gid) || setuid(uid))
		die("setuid");
	execvp(argv[0], argv);
	die(argv[0]);
}

static int make(int argc, char **argv)
{
	unsigned int flags = argc > 2 ? atoi(argv[2]) : 0;
	mode_t mode = argc > 3 ? strtol(argv[3], NULL, 8) : 0666;
	uint64_t vnodes = argc > 4 ? strtoull(argv[4], NULL, 0) : ADEOS_BRIDGE_ANY_VNODE;
	size_t bytes = strtoul(argv[1], NULL, 0);
	char *addr;
	int fd;

	umask(0);
	fd = adeos_bridge_create(argv[0], bytes, mode, flags, vnodes);
	if (fd < 0)
		die(argv[0]);
	addr = adeos_bridge_map(fd, NULL);
	if (!addr)
		die("map");
	puts("made");
	fflush(stdout);
	if (flags & ADEOS_BRIDGE_KEEP)
		return 0;
	/* From now on, only the mapping keeps the bridge. */
	close(fd);
	while (!is_stopped())
		pause();
	return 0;
}

static void add_use(const char *name, int fd)
{
	struct use *u = &uses[nr_uses++];

	if (fd < 0)
		die(name);
	snprintf(u->name, sizeof(u->name), "%s", name);
	u->fd = fd;
	u->words = adeos_bridge_map(fd, &u->bytes);
	if (!u->words)
		die("map");
}

/* Checks that the last value is there, then writes the next one. */
static unsigned int use_once(struct use *u, unsigned int slot)
{
	uint32_t value, next = u->value + 1;
	unsigned int errors = 0;
	size_t i;

	for (i = slot * WORDS_EACH; i < u->bytes / sizeof(uint32_t); i += STRIDE) {
		if (!touch(&u->words[i], &value, &next)) {
			u->gone = true;
			printf("sigbus %s\n", u->name);
			fflush(stdout);
			/* The documented error, and nothing else */
			if (adeos_bridge_ring(u->fd) != -1 || errno != EIDRM)
				errors++;
			return errors;
		}
		if (value != u->value) {
			printf("%s: word %zu is %u, expected %u\n", u->name, i, value, u->value);
			errors++;
		}
	}
	u->value = next;
	return errors;
}

static int use_all(unsigned int slot)
{
	unsigned int i, left = nr_uses, errors = 0, rounds = 0, more = 2;

	printf("using %u\n", nr_uses);
	fflush(stdout);
	/* Two more rounds at the end, to check what was moved before */
	while (left && (!is_stopped() || more--)) {
		for (left = 0, i = 0; i < nr_uses; i++) {
			if (!uses[i].gone)
				errors += use_once(&uses[i], slot);
			left += !uses[i].gone;
		}
		rounds++;
		pause_ms(1);
	}
	printf("errors %u, %s\n", errors, rounds > 1 ? "several rounds" : "too few rounds");
	return errors || rounds < 2;
}

static int use(int argc, char **argv)
{
	int i;

	for (i = 2; i < argc && nr_uses < USES; i++)
		add_use(argv[i], adeos_bridge_open(atoi(argv[1]), argv[i], O_RDWR));
	return use_all(atoi(argv[0]));
}

static int board(const char *name, size_t bytes, unsigned int max)
{
	char full[NAME_LEN];
	int fds[USES], fd;
	unsigned int i, nr;

	for (nr = 0; nr < max && nr < USES; nr++) {
		snprintf(full, sizeof(full), "%s%u", name, nr);
		fd = adeos_bridge_create(full, bytes, 0666, 0, ADEOS_BRIDGE_ANY_VNODE);
		if (fd < 0)
			break;
		fds[nr] = fd;
	}
	printf("made %u: %s\n", nr, nr < max ? strerror(errno) : "all");
	for (i = 0; i < nr; i++) {
		snprintf(full, sizeof(full), "%s%u", name, i);
		if (i % 2)
			close(fds[i]);
		else
			add_use(full, fds[i]);
	}
	return use_all(1);
}

static int fill(const char *name)
{
	char full[NAME_LEN];
	unsigned int nr = 0;
	int fd;

	do {
		snprintf(full, sizeof(full), "%s%u", name, nr++);
		fd = adeos_bridge_create(full, 1, 0666, ADEOS_BRIDGE_GLOBAL,
					 ADEOS_BRIDGE_ANY_VNODE);
	} while (fd >= 0);
	printf("made %u: %s\n", nr - 1, strerror(errno));
	fflush(stdout);
	while (!is_stopped())
		pause();
	return 0;
}

static int hold(const char *name, unsigned int number)
{
	char full[NAME_LEN];
	unsigned int i;

	for (i = 0; i < number; i++) {
		snprintf(full, sizeof(full), "%s%u", name, i);
		if (adeos_bridge_open(ADEOS_BRIDGE_SCOPE_GLOBAL, full, O_RDWR) < 0)
			die(full);
	}
	puts("holding");
	fflush(stdout);
	while (!is_stopped())
		pause();
	return 0;
}

static int event(const char *name)
{
	int fd = adeos_bridge_create(name, 1, 0600, 0, ADEOS_BRIDGE_ANY_VNODE);
	int event = eventfd(0, 0);
	uint64_t signals, rings;

	if (fd < 0 || adeos_bridge_eventfd(fd, event))
		die(name);
	puts("listening");
	fflush(stdout);
	if (read(event, &signals, sizeof(signals)) != sizeof(signals) ||
	    adeos_bridge_wait(fd, 0, &rings) != 1)
		die("eventfd");
	printf("%u signals, %u rings\n", (unsigned int)signals, (unsigned int)rings);
	return 0;
}

static int ring(const char *scope, const char *name)
{
	int fd = adeos_bridge_open(atoi(scope), name, O_RDONLY);

	if (fd < 0 || adeos_bridge_ring(fd))
		die(name);
	return 0;
}

static int churn(const char *name, size_t bytes)
{
	unsigned int granted = 0, refused = 0;
	int fd;

	while (!is_stopped()) {
		fd = adeos_bridge_create(name, bytes, 0600, 0, ADEOS_BRIDGE_ANY_VNODE);
		if (fd >= 0) {
			if (!granted++)
				puts("churning");
			fflush(stdout);
			close(fd);
			continue;
		}
		/* The last one's memory is free some time after it is closed. */
		if (errno != EAGAIN && errno != ENOMEM)
			die(name);
		refused++;
		pause_ms(1);
	}
	printf("errors 0, granted %u, refused %u\n", granted, refused);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct sigaction act = { .sa_handler = on_term };

	sigaction(SIGTERM, &act, NULL);
	catch_sigbus();
	if (!strcmp(what, "agent"))
		return serve();
	if (!strcmp(what, "run") && argc == 4)
		return run(argv[2], argv[3]);
	if (!strcmp(what, "as") && argc > 3)
		return as(argv[2], argv + 3);
	if (!strcmp(what, "make") && argc > 3)
		return make(argc - 2, argv + 2);
	if (!strcmp(what, "use") && argc > 4)
		return use(argc - 2, argv + 2);
	if (!strcmp(what, "board") && argc == 5)
		return board(argv[2], strtoul(argv[3], NULL, 0), atoi(argv[4]));
	if (!strcmp(what, "fill") && argc == 3)
		return fill(argv[2]);
	if (!strcmp(what, "hold") && argc == 4)
		return hold(argv[2], atoi(argv[3]));
	if (!strcmp(what, "end") && argc == 3) {
		if (adeos_bridge_unlink(ADEOS_BRIDGE_SCOPE_OWN, argv[2]))
			die(argv[2]);
		return 0;
	}
	if (!strcmp(what, "event") && argc == 3)
		return event(argv[2]);
	if (!strcmp(what, "ring") && argc == 4)
		return ring(argv[2], argv[3]);
	if (!strcmp(what, "churn") && argc == 4)
		return churn(argv[2], strtoul(argv[3], NULL, 0));
	if (!strcmp(what, "errors"))
		return check_errors(argc - 2, argv + 2);
	if (!strcmp(what, "stress"))
		return check_stress(argc - 2, argv + 2);
	fputs("bridge-check: see the top of check.c\n", stderr);
	return 2;
}
