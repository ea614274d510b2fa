// SPDX-License-Identifier: GPL-2.0
/*
 * A double of tools/vnode/kmb_device.c that plays the kernel: it keeps the
 * vnodes as files in the folder that VNODE_SYSFS names, and writes down each
 * call.  The environment tells it how to behave:
 *
 * DOUBLE_JOURNAL	file to which each call is appended
 * DOUBLE_FAIL		a call that fails, as written in the journal ("load 2")
 * DOUBLE_ERROR		the error's text
 * DOUBLE_BOOTED	state after KMB_BOOT, instead of running
 * DOUBLE_STOPPED	state after KMB_STOP, instead of stopped
 * DOUBLE_LOG		file with the log; read in small pieces
 * DOUBLE_RANGES	how many ranges the map of memory has
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libadeos.h"

#define LOG_PIECE	7

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value ? value : otherwise;
}

static void *user(__u64 address)
{
	return (void *)(uintptr_t)address;
}

__printf(3, 4)
static void put(__u32 id, const char *file, const char *fmt, ...)
{
	char path[1024], new[1024 + 4];
	FILE *stream;
	va_list ap;

	snprintf(path, sizeof(path), "%s/vnodes/%u/%s", adeos_root(), id, file);
	snprintf(new, sizeof(new), "%s.new", path);
	stream = fopen(new, "w");
	if (!stream)
		abort();
	va_start(ap, fmt);
	vfprintf(stream, fmt, ap);
	va_end(ap);
	fputc('\n', stream);
	if (fclose(stream) || rename(new, path))
		abort();
}

static void note(const char *what, const char *details)
{
	FILE *journal = fopen(setting("DOUBLE_JOURNAL", "/dev/null"), "a");

	if (!journal)
		abort();
	fprintf(journal, "%s%s\n", what, details);
	fclose(journal);
}

/* Fails @what if the test wants that. */
static int fails(const char *what, __u64 error, __u32 error_len)
{
	if (strcmp(setting("DOUBLE_FAIL", ""), what))
		return 0;
	if (error_len)
		snprintf(user(error), error_len, "%s", setting("DOUBLE_ERROR", ""));
	errno = EBUSY;
	return -1;
}

static const char *file_kind(int fd)
{
	struct stat st;

	if (fd == -1)
		return "none";
	return fstat(fd, &st) ? "bad" : "open";
}

static void add_vnode(const struct kmb_load *load, const char *cpus)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/vnodes/%u", adeos_root(), load->id);
	mkdir(path, 0755);
	put(load->id, "name", "%s", load->name);
	put(load->id, "state", "loading");
	put(load->id, "cpus", "%s", cpus);
	put(load->id, "memory", "%llu", load->memory);
	put(load->id, "address", "0x%llx",
	    load->address == KMB_ADDRESS_AUTO ? 0x10000000 : load->address);
	put(load->id, "heartbeat", "0");
	put(load->id, "cmdline", "vnode=%u %s", load->id, (char *)user(load->cmdline));
	put(load->id, "config", "%s", (char *)user(load->config));
	put(load->id, "restarting", "0");
	put(load->id, "restart", "%s", load->restart ? "always" : "no");
}

static int do_load(const struct kmb_load *load)
{
	char what[64], details[8192], cpus[CPU_LIST_TEXT];
	struct cpu_list list = { .nr = load->nr_cpus };

	if (load->size != sizeof(*load) || load->flags || load->nr_cpus > KMB_MAX_CPUS)
		abort();
	memcpy(list.id, user(load->cpus), list.nr * sizeof(list.id[0]));
	format_cpu_list(&list, cpus);
	snprintf(what, sizeof(what), "load %u", load->id);
	snprintf(details, sizeof(details),
		 " %s cpus %s memory %llu address %llx restart %u kernel %s initrd %s config %s cmdline %s",
		 load->name, cpus, load->memory, load->address, load->restart,
		 file_kind(load->kernel_fd), file_kind(load->initrd_fd),
		 (char *)user(load->config), (char *)user(load->cmdline));
	note(what, details);
	if (fails(what, load->error, load->error_len))
		return -1;
	add_vnode(load, cpus);
	return 0;
}

static void end_vnode(__u32 id, const char *state)
{
	put(id, "state", "%s", state);
	put(id, "cpus", "%s", "");
	put(id, "memory", "0");
	put(id, "address", "0x0");
}

static void change_state(const char *call, __u32 id)
{
	if (!strcmp(call, "boot"))
		put(id, "state", "%s", setting("DOUBLE_BOOTED", "running"));
	else if (!strcmp(call, "stop"))
		put(id, "state", "%s", setting("DOUBLE_STOPPED", "stopped"));
	else
		end_vnode(id, "stopped");
	/* A vnode that was told to stop or killed is not started again. */
	if (strcmp(call, "boot"))
		put(id, "restarting", "0");
}

static int do_vnode(const char *name, const struct kmb_vnode *vnode)
{
	char what[64];
	int ret;

	if (vnode->size != sizeof(*vnode) || vnode->flags)
		abort();
	snprintf(what, sizeof(what), "%s %u", name, vnode->id);
	ret = fails(what, vnode->error, vnode->error_len);
	if (!ret)
		change_state(name, vnode->id);
	note(what, "");
	errno = EBUSY;
	return ret;
}

static int do_log(struct kmb_log *log)
{
	int fd = open(setting("DOUBLE_LOG", "/dev/null"), O_RDONLY);
	ssize_t len;

	if (log->size != sizeof(*log) || log->flags || log->pad || fd < 0)
		abort();
	if (fails("log", log->error, log->error_len)) {
		close(fd);
		return -1;
	}
	len = pread(fd, user(log->buf), log->len < LOG_PIECE ? log->len : LOG_PIECE, log->pos);
	if (len < 0)
		abort();
	close(fd);
	log->pos += len;
	log->len = len;
	return 0;
}

static int do_memory(struct kmb_memory *memory)
{
	static const struct kmb_range first[] = {
		{ 0, 256 << 20, KMB_MEMORY_ROOT, 0 },
		{ 256 << 20, 64 << 20, KMB_MEMORY_VNODE, 1 },
		{ 320 << 20, 1 << 20, KMB_MEMORY_SHARED, 0 },
		{ 321 << 20, 1 << 20, KMB_MEMORY_BRIDGE, 5 },
	};
	struct kmb_range *ranges = user(memory->ranges);
	__u32 i, nr = strtoul(setting("DOUBLE_RANGES", "5"), NULL, 10);

	if (memory->size != sizeof(*memory) || memory->flags)
		abort();
	if (fails("memory", memory->error, memory->error_len))
		return -1;
	for (i = 0; i < nr && i < memory->nr; i++) {
		if (i < ARRAY_SIZE(first))
			ranges[i] = first[i];
		else
			ranges[i] = (struct kmb_range){ (318ULL + i) << 20, 1 << 20,
							KMB_MEMORY_FREE, 0 };
	}
	memory->nr = nr;
	return 0;
}

int kmb_device_open(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC);
}

int kmb_device_call(int kmb, unsigned long request, void *arg)
{
	if (kmb < 0)
		abort();
	switch (request) {
	case KMB_LOAD:
		return do_load(arg);
	case KMB_BOOT:
		return do_vnode("boot", arg);
	case KMB_STOP:
		return do_vnode("stop", arg);
	case KMB_KILL:
		return do_vnode("kill", arg);
	case KMB_LOG:
		return do_log(arg);
	case KMB_MEMORY:
		return do_memory(arg);
	}
	errno = ENOTTY;
	return -1;
}
