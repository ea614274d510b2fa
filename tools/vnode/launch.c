// SPDX-License-Identifier: GPL-2.0
/*
 * Starts vnodes.  launch_prepare() finds all errors that can be found without the kernel,
 * before anything was started.  If the kernel finds an error, launch_boot() undoes the
 * rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "cmdline.h"
#include "confdir.h"
#include "launch.h"

static int bad_file(const struct config *config, enum config_key key, const char *why,
		    struct errtext *err)
{
	const char *path = key == KEY_KERNEL ? config->kernel : config->initrd;

	return err_set(err, "%s:%d: %s = \"%.256s\": %s, expected a readable file", config->path,
		       config->line[key], key == KEY_KERNEL ? "kernel" : "initrd", path, why);
}

/* Opens a kernel or an initrd, without blocking, because it may be a FIFO. */
static int open_file(const struct config *config, enum config_key key, struct errtext *err)
{
	const char *path = key == KEY_KERNEL ? config->kernel : config->initrd;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return bad_file(config, key, strerror(errno), err);
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return bad_file(config, key, "not a regular file", err);
}

static int open_files(const struct config *config, struct image_files *files,
		      struct errtext *err)
{
	char *path = realpath(config->path, NULL);
	size_t len;

	if (!path)
		return err_set(err, "%s: %s", config->path, strerror(errno));
	len = strlen(path);
	if (len < sizeof(files->config))
		memcpy(files->config, path, len + 1);
	free(path);
	if (len >= sizeof(files->config))
		return err_set(err, "%s: its path has %zu characters, expected less than %zu",
			       config->path, len, sizeof(files->config));
	files->kernel = open_file(config, KEY_KERNEL, err);
	if (files->kernel < 0)
		return -1;
	if (!config->initrd[0])
		return 0;
	files->initrd = open_file(config, KEY_INITRD, err);
	return files->initrd < 0 ? -1 : 0;
}

static int read_configs(struct launch *launch, char **names, struct errtext *err)
{
	struct config *config;
	size_t i;

	for (i = 0; i < launch->nr; i++) {
		config = &launch->configs[i];
		if (confdir_load(names[i], config, err))
			return -1;
		if (config->nr_devices)
			return err_set(err,
				       "%s:%d: devices: handing over PCI devices is not supported by this version",
				       config->path, config->line[KEY_DEVICES]);
		if (cmdline_check(config, err))
			return -1;
	}
	return config_check_together(launch->configs, launch->nr, err);
}

static int prepare(struct launch *launch, char **names, size_t nr, bool use_kmb,
		   struct errtext *err)
{
	size_t i;

	launch->kmb = -1;
	launch->nr = nr;
	launch->configs = calloc(nr, sizeof(*launch->configs));
	launch->files = calloc(nr, sizeof(*launch->files));
	if (!launch->configs || !launch->files)
		return err_set(err, "%s", strerror(ENOMEM));
	for (i = 0; i < nr; i++)
		launch->files[i] = (struct image_files){ .kernel = -1, .initrd = -1 };
	if (read_configs(launch, names, err))
		return -1;
	launch->kmb = use_kmb ? kmb_open(err) : -1;
	if (use_kmb && launch->kmb < 0)
		return -1;
	for (i = 0; i < nr; i++)
		if (open_files(&launch->configs[i], &launch->files[i], err))
			return -1;
	return 0;
}

/**
 * launch_prepare - read and check configurations, and open their files
 * @launch: what to prepare; launch_release() it, also after a failure
 * @names: files and names as the user wrote them
 * @nr: how many
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int launch_prepare(struct launch *launch, char **names, size_t nr, struct errtext *err)
{
	return prepare(launch, names, nr, true, err);
}

/**
 * launch_check - find the errors that launch_prepare() finds, without KMB
 * @names: files and names as the user wrote them
 * @nr: how many
 * @err: set on failure
 *
 * Return: 0 if there is no error, else -1.
 */
int launch_check(char **names, size_t nr, struct errtext *err)
{
	struct launch launch;
	int ret;

	ret = prepare(&launch, names, nr, false, err);
	launch_release(&launch);
	return ret;
}

/**
 * launch_release - release what launch_prepare() has opened and allocated
 * @launch: what to release; the vnodes are not touched
 */
void launch_release(struct launch *launch)
{
	size_t i;

	for (i = 0; launch->files && i < launch->nr; i++) {
		if (launch->files[i].kernel >= 0)
			close(launch->files[i].kernel);
		if (launch->files[i].initrd >= 0)
			close(launch->files[i].initrd);
	}
	if (launch->kmb >= 0)
		close(launch->kmb);
	free(launch->files);
	free(launch->configs);
}

static int load(const struct launch *launch, size_t i, struct errtext *err)
{
	const struct config *config = &launch->configs[i];
	const struct image_files *files = &launch->files[i];
	struct kmb_load load = {
		.id = config->id,
		.kernel_fd = files->kernel,
		.initrd_fd = files->initrd,
		.cpus = (uintptr_t)config->cpus.id,
		.nr_cpus = config->cpus.nr,
		.restart = config->restart,
		.memory = config->memory,
		.address = config->address,
		.cmdline = (uintptr_t)config->cmdline,
		.config = (uintptr_t)files->config,
	};

	memcpy(load.name, config->name, sizeof(load.name));
	return kmb_load(launch->kmb, &load, err);
}

/*
 * How the kernel's errors begin, the line of the configuration that they are about, and
 * what is expected there if the error does not say it.
 */
static const struct origin {
	const char *prefix;
	enum config_key key;
	const char *expected;
} origins[] = {
	{ "kernel: ", KEY_KERNEL, "a bzImage for i386 with CONFIG_ADEOS=y" },
	{ "initrd: ", KEY_INITRD, "a readable file" },
	{ "cmdline: ", KEY_CMDLINE, "a shorter one" },
	{ "memory: ", KEY_MEMORY, "no more than that" },
	{ "memory at ", KEY_ADDRESS, "free memory, see \"vnode memory\"" },
	{ "address: ", KEY_ADDRESS, "an address in free memory, see \"vnode memory\"" },
	{ "CPU ", KEY_CPUS, "CPUs that are free" },
	{ "vnode ID ", KEY_ID, "another ID" },
};

static const struct origin *find_origin(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(origins); i++)
		if (!strncmp(text, origins[i].prefix, strlen(origins[i].prefix)))
			return &origins[i];
	return NULL;
}

/*
 * Names the line of the configuration that the kernel has refused, or the vnode if it is
 * none of the lines.
 */
static int locate_error(const struct config *config, const struct errtext *why,
			struct errtext *err)
{
	const struct origin *origin = find_origin(why->text);
	const char *text = why->text, *value = "";
	bool says = strstr(text, "expected ");

	if (!origin || !config->line[origin->key])
		return err_set(err, "%s: %.700s", config->name, text);
	if (origin->key == KEY_KERNEL)
		value = config->kernel;
	else if (origin->key == KEY_INITRD)
		value = config->initrd;
	if (!value[0])
		return err_set(err, "%s:%d: %.500s%s%s", config->path, config->line[origin->key],
			       text, says ? "" : ", expected ", says ? "" : origin->expected);
	return err_set(err, "%s:%d: %.6s = \"%.256s\": %.300s%s%s", config->path,
		       config->line[origin->key], text, value, text + strlen(origin->prefix),
		       says ? "" : ", expected ", says ? "" : origin->expected);
}

static int load_and_boot(const struct launch *launch, struct errtext *err)
{
	struct errtext why;
	size_t i, loaded;

	for (loaded = 0; loaded < launch->nr; loaded++) {
		if (load(launch, loaded, &why)) {
			locate_error(&launch->configs[loaded], &why, err);
			goto undo;
		}
	}
	for (i = 0; i < launch->nr; i++) {
		if (kmb_boot(launch->kmb, launch->configs[i].id, &why)) {
			locate_error(&launch->configs[i], &why, err);
			goto undo;
		}
	}
	return 0;
undo:
	while (loaded--)
		if (kmb_kill(launch->kmb, launch->configs[loaded].id, &why))
			report("%s: cannot be unloaded: %s", launch->configs[loaded].name,
			       why.text);
	return -1;
}

/**
 * launch_boot - load and boot what was prepared
 * @launch: what was prepared
 * @err: set on failure
 *
 * Signals are blocked, so that after ^C either all vnodes are started or none is.
 *
 * Return: 0 on success; -1 on failure, when none of the vnodes is left.
 */
int launch_boot(const struct launch *launch, struct errtext *err)
{
	sigset_t signals, before;
	int ret;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGQUIT);
	sigaddset(&signals, SIGTSTP);
	sigprocmask(SIG_BLOCK, &signals, &before);
	ret = load_and_boot(launch, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

static bool wait_for_one(const struct config *config, long long deadline, int timeout)
{
	const unsigned int left_loading = ~STATE_BIT(VNODE_LOADING);
	enum vnode_state state;
	struct errtext err;
	int ret;

	ret = adeos_wait(config->id, left_loading, deadline, &state, &err);
	if (ret < 0)
		report("%s: %s", config->name, err.text);
	else if (ret)
		report("%s: still loading after %d s, see \"vnode log %u\"", config->name,
		       timeout, config->id);
	else if (state == VNODE_CRASHED || state == VNODE_HUNG)
		report("%s: %s while booting, see \"vnode log %u\"", config->name,
		       adeos_state_name(state), config->id);
	else
		return true;
	return false;
}

/**
 * launch_wait - wait until all vnodes are up
 * @launch: what was booted
 * @timeout: seconds to wait at most; 0: do not wait
 * @verbose: print which vnodes are up
 *
 * Return: vnode's exit status.
 */
int launch_wait(const struct launch *launch, int timeout, bool verbose)
{
	long long deadline = adeos_deadline(timeout);
	int ret = EXIT_SUCCESS;
	size_t i;

	for (i = 0; i < launch->nr; i++) {
		if (timeout && !wait_for_one(&launch->configs[i], deadline, timeout))
			ret = EXIT_FAILURE;
		else if (verbose)
			printf("%s: started as vnode %u\n", launch->configs[i].name,
			       launch->configs[i].id);
	}
	return ret;
}
