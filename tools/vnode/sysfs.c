// SPDX-License-Identifier: GPL-2.0
/*
 * Reads /sys/kernel/adeos.  Nothing there is trusted: an unexpected value is an error that
 * names the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libadeos.h"

static const char *const state_names[NR_VNODE_STATES] = {
	[VNODE_DEFINED] = "defined",
	[VNODE_LOADING] = "loading",
	[VNODE_RUNNING] = "running",
	[VNODE_STOPPING] = "stopping",
	[VNODE_STOPPED] = "stopped",
	[VNODE_CRASHED] = "crashed",
	[VNODE_HUNG] = "hung",
};

/**
 * adeos_root - the nanokernel's folder in sysfs
 *
 * Return: a path; tests set another one.
 */
const char *adeos_root(void)
{
	const char *root = getenv("VNODE_SYSFS");

	return root ? root : "/sys/kernel/adeos";
}

/* Reads as much as fits; returns the length, -1 on an error. */
static ssize_t read_bytes(const char *path, char *text, size_t size, struct errtext *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1, len = 0;

	if (fd < 0)
		return err_set(err, "%s: %s", path, strerror(errno));
	while (n > 0 && (size_t)len < size) {
		n = read(fd, text + len, size - len);
		if (n < 0)
			len = err_set(err, "%s: %s", path, strerror(errno));
		else
			len += n;
	}
	close(fd);
	return len;
}

/**
 * adeos_read - read one of the nanokernel's values
 * @err: set on failure
 * @text: where to store it, without the newline
 * @size: its size, bytes
 * @fmt: the file's path below adeos_root(), as for printf()
 *
 * Return: 0 on success, -1 on failure.
 */
int adeos_read(struct errtext *err, char *text, size_t size, const char *fmt, ...)
{
	char path[4096], file[64], line[4096 + 1];
	ssize_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(file, sizeof(file), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s/%s", adeos_root(), file);
	len = read_bytes(path, line, sizeof(line), err);
	if (len < 0)
		return -1;
	if (len && line[len - 1] == '\n')
		len--;
	if ((size_t)len >= size)
		return err_set(err, "%s: too long, expected less than %zu characters", path, size);
	if (memchr(line, '\n', len) || memchr(line, '\0', len))
		return err_set(err, "%s: expected one line of text", path);
	memcpy(text, line, len);
	text[len] = '\0';
	return 0;
}

/**
 * adeos_expect_root - find out why something is missing that the root vnode has
 * @path: what is missing
 * @err: set if this is not the root vnode
 *
 * Return: 0 if this is the root vnode, which should have it, else -1.
 */
int adeos_expect_root(const char *path, struct errtext *err)
{
	char id[16], file[PATH_MAX];

	/* Every kernel with a nanokernel has the folder, but only vnodes have this file. */
	snprintf(file, sizeof(file), "%s/vnode", adeos_root());
	if (access(file, F_OK))
		return err_set(err,
			       "%s: this kernel was not booted as the root vnode (no vnode=0 on its command line)",
			       path);
	if (!adeos_read(err, id, sizeof(id), "vnode") && strcmp(id, "0"))
		return err_set(err, "%s: this is vnode %s, and only the root vnode (0) has it",
			       path, id);
	return 0;
}

/**
 * adeos_opendir - open a folder that only the root vnode has
 * @name: its name below adeos_root()
 * @err: set on failure
 *
 * Return: the folder, or NULL.
 */
DIR *adeos_opendir(const char *name, struct errtext *err)
{
	char path[PATH_MAX];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", adeos_root(), name);
	dir = opendir(path);
	if (!dir) {
		int error = errno;

		if (error != ENOENT || !adeos_expect_root(path, err))
			err_set(err, "%s: %s", path, strerror(error));
	}
	return dir;
}

/**
 * adeos_state_name - a state as sysfs writes it
 * @state: the state
 *
 * Return: its name.
 */
const char *adeos_state_name(enum vnode_state state)
{
	return state_names[state];
}

/**
 * adeos_parse_state - a state from its name
 * @text: the name
 * @state: where to store it
 *
 * Return: true if there is such a state in the kernel.
 */
bool adeos_parse_state(const char *text, enum vnode_state *state)
{
	int i;

	for (i = VNODE_LOADING; i < NR_VNODE_STATES; i++) {
		if (!strcmp(text, state_names[i])) {
			*state = i;
			return true;
		}
	}
	return false;
}

static int bad_value(__u32 id, const char *file, const char *text, const char *expected,
		     struct errtext *err)
{
	return err_set(err, "%s/vnodes/%u/%s: \"%.64s\": expected %s", adeos_root(), id, file,
		       text, expected);
}

static int read_number(__u32 id, const char *file, __u64 *value, struct errtext *err)
{
	char text[64];

	if (adeos_read(err, text, sizeof(text), "vnodes/%u/%s", id, file))
		return -1;
	if (!parse_number(text, ~0ULL >> 1, value))
		return bad_value(id, file, text, "a number", err);
	return 0;
}

static int read_state(struct vnode *vnode, struct errtext *err)
{
	char text[64];

	if (adeos_read(err, text, sizeof(text), "vnodes/%u/state", vnode->id))
		return -1;
	if (!adeos_parse_state(text, &vnode->state))
		return bad_value(vnode->id, "state", text, "a vnode's state", err);
	return 0;
}

static int read_cpus(struct vnode *vnode, struct errtext *err)
{
	const char *expected;
	char text[1024];

	if (adeos_read(err, text, sizeof(text), "vnodes/%u/cpus", vnode->id))
		return -1;
	vnode->cpus.nr = 0;
	expected = text[0] ? parse_cpu_list(text, &vnode->cpus) : NULL;
	if (expected)
		return bad_value(vnode->id, "cpus", text, expected, err);
	return 0;
}

static int read_vnode(__u32 id, struct vnode *vnode, struct errtext *err)
{
	__u64 restarting;

	memset(vnode, 0, sizeof(*vnode));
	vnode->id = id;
	if (adeos_read(err, vnode->name, sizeof(vnode->name), "vnodes/%u/name", id) ||
	    read_state(vnode, err) || read_cpus(vnode, err) ||
	    read_number(id, "memory", &vnode->memory, err) ||
	    read_number(id, "address", &vnode->address, err) ||
	    read_number(id, "heartbeat", &vnode->heartbeat, err) ||
	    adeos_read(err, vnode->cmdline, sizeof(vnode->cmdline), "vnodes/%u/cmdline", id) ||
	    adeos_read(err, vnode->config, sizeof(vnode->config), "vnodes/%u/config", id) ||
	    adeos_read(err, vnode->restart, sizeof(vnode->restart), "vnodes/%u/restart", id) ||
	    read_number(id, "restarting", &restarting, err))
		return -1;
	vnode->restarting = restarting;
	vnode->has_address = vnode->memory;
	text_printable(vnode->name);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct vnode *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Reads the vnodes of @dir into @vnodes, which has room for all IDs. */
static int read_dir(DIR *dir, struct vnode *vnodes, size_t *nr, struct errtext *err)
{
	struct dirent *entry;
	__u64 id;

	*nr = 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (!all_digits(entry->d_name) ||
		    !parse_number(entry->d_name, KMB_MAX_VNODES - 1, &id) ||
		    *nr == KMB_MAX_VNODES)
			return err_set(err, "%s/vnodes: \"%s\": expected a vnode ID from 0 to %d",
				       adeos_root(), entry->d_name, KMB_MAX_VNODES - 1);
		if (read_vnode(id, &vnodes[*nr], err))
			return -1;
		++*nr;
	}
	return 0;
}

/**
 * adeos_list - read all vnodes that the kernel knows
 * @vnodes: set to an array, in order of their IDs; the caller frees it
 * @nr: set to its length
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int adeos_list(struct vnode **vnodes, size_t *nr, struct errtext *err)
{
	DIR *dir = adeos_opendir("vnodes", err);
	int ret;

	if (!dir)
		return -1;
	*vnodes = calloc(KMB_MAX_VNODES, sizeof(**vnodes));
	ret = *vnodes ? read_dir(dir, *vnodes, nr, err) :
			err_set(err, "%s", strerror(ENOMEM));
	closedir(dir);
	if (ret) {
		free(*vnodes);
		return -1;
	}
	qsort(*vnodes, *nr, sizeof(**vnodes), compare_ids);
	return 0;
}

static bool has_ended(const struct vnode *vnode)
{
	return STATE_BIT(vnode->state) & STATES_ENDED;
}

/* Of several vnodes with one name, at most one is alive; the name means that one. */
static int find_name(const struct vnode *vnodes, size_t nr, const char *name,
		     const struct vnode **found, struct errtext *err)
{
	size_t i;

	*found = NULL;
	for (i = 0; i < nr; i++) {
		if (strcmp(vnodes[i].name, name))
			continue;
		if (*found && has_ended(*found) == has_ended(&vnodes[i]))
			return err_set(err, "%s: is the name of vnodes %u and %u, expected an ID",
				       name, (*found)->id, vnodes[i].id);
		if (!*found || has_ended(*found))
			*found = &vnodes[i];
	}
	if (!*found)
		return err_set(err, "%s: no vnode of that name", name);
	return 0;
}

static int find_id(const struct vnode *vnodes, size_t nr, const char *text,
		   const struct vnode **found, struct errtext *err)
{
	__u64 id;
	size_t i;

	if (!parse_number(text, KMB_MAX_VNODES - 1, &id))
		return err_set(err, "%s: expected a vnode ID from 0 to %d", text,
			       KMB_MAX_VNODES - 1);
	for (i = 0; i < nr; i++) {
		if (vnodes[i].id == id) {
			*found = &vnodes[i];
			return 0;
		}
	}
	return err_set(err, "%s: no vnode with that ID", text);
}

/**
 * adeos_find - find a vnode that the kernel knows
 * @id_or_name: what the user wrote; digits are an ID
 * @vnode: where to store it
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int adeos_find(const char *id_or_name, struct vnode *vnode, struct errtext *err)
{
	const struct vnode *found = NULL;
	struct vnode *vnodes;
	size_t nr;
	int ret;

	if (adeos_list(&vnodes, &nr, err))
		return -1;
	if (all_digits(id_or_name))
		ret = find_id(vnodes, nr, id_or_name, &found, err);
	else
		ret = find_name(vnodes, nr, id_or_name, &found, err);
	if (!ret)
		*vnode = *found;
	free(vnodes);
	return ret;
}
