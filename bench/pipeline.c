// SPDX-License-Identifier: GPL-2.0
/*
 * What basic operations of a kernel cost: pipeline [-v] [-b BATCHES] [CASE...]
 *
 * Prints a line "CASE<tab>COST<tab>UNIT" for each case, or for those named.
 * Time is read from the TSC.  In a machine whose TSC counts instructions
 * (tools/lab exec --icount) the costs are guest instructions, the kernel's
 * and the few of the loop here, and come out the same in every run.  On any
 * other machine they are TSC cycles, as noisy as such measurements are.
 *
 * An operation is measured in many batches that are much shorter than the
 * time between two timer interrupts, and the median of the batches counts, so
 * that interrupts and what they set off do not.  The timer interrupt itself
 * is what a loop in user space misses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define PAGE		4096
#define MAP_SIZE	(64 * 1024)
#define FAULT_PAGES	128
#define MIN_PID		128
#define MAX_BATCHES	10001

#define LOOK_ROUNDS	100
#define TIMER		"timer interrupt"

/* What the child for the exec case gets as its only argument */
#define EXEC_ARG	"--exit"

struct operation {
	const char *name;
	/* Operations in a batch, and measured parts of one operation */
	int count;
	int parts;
	void (*setup)(void);
	/* Before each batch, and not measured */
	void (*prepare)(void);
	void (*run)(int count);
	void (*teardown)(void);
};

static const char *current;
static bool verbose;
static bool counts_instructions;
static double tsc_per_instruction;
static int batches = 301;
static unsigned long long samples[MAX_BATCHES];

static void fail(const char *what)
{
	fprintf(stderr, "pipeline: %s: %s: %s\n", current, what, strerror(errno));
	exit(1);
}

static void fail_plainly(const char *what)
{
	fprintf(stderr, "pipeline: %s: %s\n", current, what);
	exit(1);
}

static void check(bool good, const char *what)
{
	if (!good)
		fail(what);
}

/*
 * Neither class preempts on wake-up, so a process runs until it sleeps, independent of how
 * long each has run.
 */
static void set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	check(sched_setscheduler(0, policy, &param) == 0, "sched_setscheduler");
}

/* The other side of a case with two processes */
static pid_t peer;

static pid_t start_peer(void)
{
	peer = fork();
	check(peer >= 0, "fork");
	if (peer == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return peer;
}

static void end_peer(void)
{
	kill(peer, SIGKILL);
	check(waitpid(peer, NULL, 0) == peer, "waitpid");
}

/* System calls */

static void run_null(int count)
{
	while (count--)
		syscall(SYS_getppid);
}

static int file;

static void open_zero(void)
{
	file = open("/dev/zero", O_RDONLY);
	check(file >= 0, "/dev/zero");
}

static void open_null(void)
{
	file = open("/dev/null", O_WRONLY);
	check(file >= 0, "/dev/null");
}

static void close_file(void)
{
	close(file);
}

static void run_read(int count)
{
	char byte;

	while (count--)
		check(read(file, &byte, 1) == 1, "read");
}

static void run_write(int count)
{
	char byte = 0;

	while (count--)
		check(write(file, &byte, 1) == 1, "write");
}

/* Pipe and TCP: a byte to the peer and back */

static int from_peer, to_peer;

static void echo(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1 && write(out, &byte, 1) == 1)
		;
	_exit(0);
}

static void start_pipe(void)
{
	int there[2], back[2];

	check(pipe(there) == 0 && pipe(back) == 0, "pipe");
	if (start_peer() == 0)
		echo(there[0], back[1]);
	close(there[0]);
	close(back[1]);
	to_peer = there[1];
	from_peer = back[0];
}

static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	check(fd >= 0, "socket");
	check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0, "TCP_NODELAY");
	return fd;
}

static void start_tcp(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(addr);
	int listener = tcp_socket(), fd;

	check(bind(listener, (struct sockaddr *)&addr, length) == 0, "bind");
	check(listen(listener, 1) == 0, "listen");
	check(getsockname(listener, (struct sockaddr *)&addr, &length) == 0, "getsockname");
	if (start_peer() == 0) {
		fd = tcp_socket();
		check(connect(fd, (struct sockaddr *)&addr, length) == 0, "connect");
		echo(fd, fd);
	}
	to_peer = accept(listener, NULL, NULL);
	check(to_peer >= 0, "accept");
	from_peer = dup(to_peer);
	check(from_peer >= 0, "dup");
	close(listener);
}

static void end_echo(void)
{
	close(to_peer);
	close(from_peer);
	end_peer();
}

static void run_round_trip(int count)
{
	char byte = 0;

	while (count--) {
		check(write(to_peer, &byte, 1) == 1, "write to the peer");
		check(read(from_peer, &byte, 1) == 1, "read from the peer");
	}
}

/*
 * Context switch: two real-time processes of one priority, of which sched_yield()
 * always runs the one that does not run.  One system call a switch, and no wake-up.
 */

static unsigned int *yields;

static void start_switch(void)
{
	yields = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(yields != MAP_FAILED, "mmap");
	set_policy(SCHED_FIFO, 1);
	if (start_peer() == 0) {
		for (;;) {
			__atomic_fetch_add(yields, 1, __ATOMIC_RELAXED);
			sched_yield();
		}
	}
}

static void run_switch(int count)
{
	unsigned int before = __atomic_load_n(yields, __ATOMIC_RELAXED);
	int i;

	for (i = 0; i < count; i++)
		sched_yield();
	if (__atomic_load_n(yields, __ATOMIC_RELAXED) - before != (unsigned int)count)
		fail_plainly("sched_yield() did not run the other process");
}

static void end_switch(void)
{
	end_peer();
	set_policy(SCHED_BATCH, 0);
	munmap(yields, PAGE);
}

/* Processes */

static void reap(pid_t pid)
{
	int status;

	check(pid > 0, "fork");
	check(waitpid(pid, &status, 0) == pid, "waitpid");
	if (status)
		fail_plainly("the child failed");
}

static void run_fork(int count)
{
	while (count--) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		reap(pid);
	}
}

static void run_exec(int count)
{
	static char *const argv[] = { "pipeline", EXEC_ARG, NULL }, *const envp[] = { NULL };

	while (count--) {
		pid_t pid = fork();

		if (pid == 0) {
			execve("/proc/self/exe", argv, envp);
			_exit(127);
		}
		reap(pid);
	}
}

/* Memory */

static char *memory;

static void run_mmap(int count)
{
	while (count--) {
		void *map = mmap(NULL, MAP_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		check(map != MAP_FAILED, "mmap");
		check(munmap(map, MAP_SIZE) == 0, "munmap");
	}
}

static void map_memory(void)
{
	memory = mmap(NULL, FAULT_PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(memory != MAP_FAILED, "mmap");
}

/* Gives the pages back, and keeps the page table */
static void empty_memory(void)
{
	check(madvise(memory, FAULT_PAGES * PAGE, MADV_DONTNEED) == 0, "madvise");
}

static void run_fault(int count)
{
	int i;

	for (i = 0; i < count; i++)
		__atomic_store_n(memory + i * PAGE, 1, __ATOMIC_RELAXED);
}

static void unmap_memory(void)
{
	munmap(memory, FAULT_PAGES * PAGE);
}

/* Signals */

static int signals;

static void handle(int signal)
{
	(void)signal;
	__atomic_fetch_add(&signals, 1, __ATOMIC_RELAXED);
}

static void set_handler(void)
{
	struct sigaction action = { .sa_handler = handle };

	check(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
}

static void run_signal(int count)
{
	pid_t self = getpid();
	int before = __atomic_load_n(&signals, __ATOMIC_RELAXED), i;

	for (i = 0; i < count; i++)
		kill(self, SIGUSR1);
	if (__atomic_load_n(&signals, __ATOMIC_RELAXED) - before != count)
		fail_plainly("not every signal was handled");
}

static const struct operation operations[] = {
	{ "null system call", 200, 1, NULL, NULL, run_null, NULL },
	{ "read", 200, 1, open_zero, NULL, run_read, close_file },
	{ "write", 200, 1, open_null, NULL, run_write, close_file },
	{ "pipe round trip", 30, 1, start_pipe, NULL, run_round_trip, end_echo },
	{ "context switch", 50, 2, start_switch, NULL, run_switch, end_switch },
	{ "fork+exit", 2, 1, NULL, NULL, run_fork, NULL },
	{ "fork+exec", 1, 1, NULL, NULL, run_exec, NULL },
	{ "mmap/munmap", 50, 1, NULL, NULL, run_mmap, NULL },
	{ "page fault", FAULT_PAGES, 1, map_memory, empty_memory, run_fault, unmap_memory },
	{ "signal", 100, 1, set_handler, NULL, run_signal, NULL },
	{ "TCP round trip", 10, 1, start_tcp, NULL, run_round_trip, end_echo },
	{ NULL }
};

static int compare(const void *a, const void *b)
{
	unsigned long long x = *(const unsigned long long *)a, y = *(const unsigned long long *)b;

	return (x > y) - (x < y);
}

/* Prints the median of the samples, each of which is for so many operations. */
static void report(int number, double divisor)
{
	double sum = 0;
	int i;

	qsort(samples, number, sizeof(*samples), compare);
	printf("%s\t%.2f\t%s\n", current, samples[number / 2] / divisor,
	       counts_instructions ? "instructions" : "TSC cycles");
	fflush(stdout);
	if (!verbose)
		return;
	for (i = 0; i < number; i++)
		sum += samples[i];
	fprintf(stderr, "# %s: %d samples: ", current, number);
	fprintf(stderr, "min %.2f, 10%% %.2f, 50%% %.2f, 90%% %.2f, max %.2f, mean %.2f\n",
		samples[0] / divisor, samples[number / 10] / divisor,
		samples[number / 2] / divisor, samples[number * 9 / 10] / divisor,
		samples[number - 1] / divisor, sum / number / divisor);
}

static void measure(const struct operation *op)
{
	int i, warm_up = batches / 10 + 1;
	unsigned long long start, end;

	if (op->setup)
		op->setup();
	for (i = -warm_up; i < batches; i++) {
		if (op->prepare)
			op->prepare();
		start = __rdtsc();
		op->run(op->count);
		end = __rdtsc();
		if (i >= 0)
			samples[i] = end - start;
	}
	if (op->teardown)
		op->teardown();
	report(batches, (double)op->count * op->parts);
}

/* 2 * rounds + 1 instructions */
static inline void spin(unsigned int rounds)
{
	asm volatile("1: dec %0; jnz 1b" : "+r"(rounds) : : "cc");
}

/* What is the TSC's unit?  Timer interrupts can only add to the shortest time. */
static void calibrate(void)
{
	const unsigned int rounds = 50000;
	unsigned long long start, cost, best = -1;
	int i;

	for (i = 0; i < 20; i++) {
		start = __rdtsc();
		spin(rounds);
		cost = __rdtsc() - start;
		if (cost < best)
			best = cost;
	}
	tsc_per_instruction = best / (2.0 * rounds);
	counts_instructions = best >= 2 * rounds && best < 2 * rounds + 100;
	if (verbose)
		fprintf(stderr, "# TSC: %.4f a user instruction\n", tsc_per_instruction);
}

/*
 * Timer interrupts so far on the first CPU: the local APIC's (LOC), or, without
 * it, those of IRQ 0
 */
static unsigned long timer_interrupts(void)
{
	unsigned long count, sum = 0;
	FILE *interrupts = fopen("/proc/interrupts", "r");
	char line[1024];

	check(interrupts, "/proc/interrupts");
	while (fgets(line, sizeof(line), interrupts))
		if (sscanf(line, " LOC: %lu", &count) == 1 || sscanf(line, " 0: %lu", &count) == 1)
			sum += count;
	fclose(interrupts);
	return sum;
}

/*
 * Looks at the TSC every 200 instructions or so, and stores as samples the times
 * between two looks in which an interrupt must have been, less the shortest one.
 * When the TSC counts instructions, a look that nothing interrupts always takes
 * that shortest time, and so each sample is exactly what an interrupt cost.
 *
 * Returns how many there were in the time that the wanted number of ticks takes.
 */
static int find_gaps(int wanted)
{
	unsigned long long start = __rdtsc(), last = start, now, least = -1;
	/* Five times what a look takes; an interrupt takes longer on any kernel. */
	unsigned long long limit = 5 * 2 * LOOK_ROUNDS * tsc_per_instruction;
	int number = 0, i;

	while (number < wanted) {
		spin(LOOK_ROUNDS);
		now = __rdtsc();
		if (now - last < least)
			least = now - last;
		if (now - last > limit)
			samples[number++] = now - last;
		last = now;
		/* Even a tick of 100 Hz at 10 GHz arrives within this time. */
		if (now - start > wanted * 100000000ULL)
			break;
	}
	for (i = 0; i < number; i++)
		samples[i] -= least;
	return number;
}

static void measure_timer(void)
{
	unsigned long ticks;
	int gaps;

	ticks = timer_interrupts();
	gaps = find_gaps(batches);
	ticks = timer_interrupts() - ticks;
	if (verbose)
		fprintf(stderr, "# %s: %d gaps, %lu ticks\n", current, gaps, ticks);
	if (gaps < batches)
		fail_plainly("too few interrupts");
	/* Is the tick what was measured? */
	if (counts_instructions && (ticks < gaps * 0.9 || ticks > gaps * 1.1))
		fail_plainly("there were other interrupts than the timer's");
	report(gaps, 1);
}

/*
 * Goes on in a process whose ID, and those of its children, are neither below 64
 * nor, unless there are very many batches, above 4095: the kernel's tree of IDs has
 * a level for each power of 64, and a signal costs 17 instructions more in each.
 */
static void get_usual_pid(void)
{
	pid_t pid;
	int status;

	do {
		pid = fork();
		check(pid >= 0, "fork");
		if (pid == 0 && getpid() >= MIN_PID)
			return;
		if (pid == 0)
			_exit(0);
		check(waitpid(pid, &status, 0) == pid, "waitpid");
	} while (pid < MIN_PID);
	if (!WIFEXITED(status)) {
		fprintf(stderr, "pipeline: ended by signal %d\n", WTERMSIG(status));
		exit(1);
	}
	exit(WEXITSTATUS(status));
}

/*
 * Makes runs repeatable: always the same addresses, on one CPU, and after the boot's
 * deferred work.
 */
static void prepare_process(char **argv)
{
	cpu_set_t cpus;
	char byte;

	current = "start";
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		check(personality(ADDR_NO_RANDOMIZE) >= 0, "personality");
		execv("/proc/self/exe", argv);
		fail("execv");
	}
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	check(sched_setaffinity(0, sizeof(cpus), &cpus) == 0, "sched_setaffinity");
	set_policy(SCHED_BATCH, 0);
	get_usual_pid();
	/*
	 * This waits until the kernel's random numbers are initialized.  Before, each new
	 * process hashes the entropy pool, and the cost depends on how full that is.
	 */
	check(getrandom(&byte, 1, 0) == 1, "getrandom");
	sleep(5);
	if (verbose)
		fprintf(stderr, "# process %d\n", getpid());
}

static bool is_wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static bool is_case(const char *name)
{
	const struct operation *op;

	for (op = operations; op->name; op++)
		if (strcmp(op->name, name) == 0)
			return true;
	return strcmp(name, TIMER) == 0;
}

int main(int argc, char **argv)
{
	const struct operation *op;
	int option, i;

	if (argc == 2 && strcmp(argv[1], EXEC_ARG) == 0)
		return 0;
	while ((option = getopt(argc, argv, "vb:")) != -1) {
		if (option == 'v')
			verbose = true;
		else if (option == 'b')
			batches = atoi(optarg);
		else
			return 2;
	}
	if (batches < 1 || batches > MAX_BATCHES)
		return 2;
	for (i = optind; i < argc; i++) {
		if (!is_case(argv[i])) {
			fprintf(stderr, "pipeline: there is no case '%s'\n", argv[i]);
			return 2;
		}
	}

	prepare_process(argv);
	calibrate();
	for (op = operations; op->name; op++) {
		current = op->name;
		if (is_wanted(current, argv + optind))
			measure(op);
	}
	current = TIMER;
	if (is_wanted(current, argv + optind))
		measure_timer();
	return 0;
}
