// SPDX-License-Identifier: GPL-2.0
/*
 * Finds configurations: by file, by name in /etc/vnode, or all of them there.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "confdir.h"

static const char *confdir(void)
{
	const char *dir = getenv("VNODE_CONF_DIR");

	return dir ? dir : "/etc/vnode";
}

static bool ends_in_conf(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && !strcmp(name + len - 5, ".conf");
}

/**
 * confdir_path - find the configuration that the user named
 * @file_or_name: a file, if there is a '/' in it or it ends in .conf, else the
 *	name of one in /etc/vnode
 * @path: where to store its path; it need not exist
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int confdir_path(const char *file_or_name, char path[CONFIG_LINE_LEN], struct errtext *err)
{
	int len;

	if (strchr(file_or_name, '/') || ends_in_conf(file_or_name))
		len = snprintf(path, CONFIG_LINE_LEN, "%s", file_or_name);
	else
		len = snprintf(path, CONFIG_LINE_LEN, "%s/%s.conf", confdir(), file_or_name);
	if (len < CONFIG_LINE_LEN)
		return 0;
	return err_set(err, "%.64s...: %s", file_or_name, strerror(ENAMETOOLONG));
}

/**
 * confdir_load - read the configuration that the user named
 * @file_or_name: as for confdir_path()
 * @config: where to store it
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int confdir_load(const char *file_or_name, struct config *config, struct errtext *err)
{
	char path[CONFIG_LINE_LEN];

	if (confdir_path(file_or_name, path, err))
		return -1;
	return config_load(path, config, err);
}

static int is_config(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ends_in_conf(entry->d_name);
}

static int compare_ids(const void *a, const void *b)
{
	const struct config *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return strcmp(x->name, y->name);
}

/**
 * confdir_list - read all configurations in /etc/vnode
 * @configs: set to an array, in order of their IDs; the caller frees it
 * @nr: set to its length
 * @err: set on failure
 *
 * Files with errors are reported and skipped.
 *
 * Return: 0 on success, also if there is no such directory; -1 on failure.
 */
int confdir_list(struct config **configs, size_t *nr, struct errtext *err)
{
	char path[CONFIG_LINE_LEN];
	struct dirent **entries;
	int i, n;

	*configs = NULL;
	*nr = 0;
	n = scandir(confdir(), &entries, is_config, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : err_set(err, "%s: %s", confdir(), strerror(errno));
	if (n)
		*configs = calloc(n, sizeof(**configs));
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", confdir(), entries[i]->d_name);
		free(entries[i]);
		if (!*configs)
			continue;
		if (!config_load(path, &(*configs)[*nr], err))
			++*nr;
		else
			report_error(err);
	}
	free(entries);
	if (n && !*configs)
		return err_set(err, "%s", strerror(ENOMEM));
	if (*nr)
		qsort(*configs, *nr, sizeof(**configs), compare_ids);
	return 0;
}
