// SPDX-License-Identifier: GPL-2.0
/*
 * Reads /sys/kernel/adeos/bridges.  A bridge can vanish while it is read; then it is left
 * out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libadeos.h"

#define MAX_BRIDGES	1024

static int bad_value(const struct bridge *bridge, const char *file, const char *text,
		     const char *expected, struct errtext *err)
{
	return err_set(err, "%s/bridges/%u/%s: \"%.64s\": expected %s", adeos_root(),
		       bridge->number, file, text, expected);
}

static int read_number(const struct bridge *bridge, const char *file, __u64 *value,
		       struct errtext *err)
{
	char text[64];

	if (adeos_read(err, text, sizeof(text), "bridges/%u/%s", bridge->number, file))
		return -1;
	if (!parse_number(text, ~0ULL >> 1, value))
		return bad_value(bridge, file, text, "a number", err);
	return 0;
}

/* A vnode's ID, or @none for NO_VNODE. */
static int read_vnode_id(const struct bridge *bridge, const char *file, const char *none, int *id,
			 struct errtext *err)
{
	char text[64];
	__u64 value;

	if (adeos_read(err, text, sizeof(text), "bridges/%u/%s", bridge->number, file))
		return -1;
	*id = NO_VNODE;
	if (!strcmp(text, none))
		return 0;
	if (!parse_number(text, KMB_MAX_VNODES - 1, &value))
		return bad_value(bridge, file, text, "a vnode ID", err);
	*id = value;
	return 0;
}

static int read_set(const struct bridge *bridge, const char *file, char text[256], __u64 *set,
		    struct errtext *err)
{
	if (adeos_read(err, text, 256, "bridges/%u/%s", bridge->number, file))
		return -1;
	if (!parse_vnode_set(text, set))
		return bad_value(bridge, file, text, "vnode IDs like 0-2,5", err);
	return 0;
}

static int read_text(struct bridge *bridge, const char *file, char *text, size_t size,
		     struct errtext *err)
{
	if (adeos_read(err, text, size, "bridges/%u/%s", bridge->number, file))
		return -1;
	text_printable(text);
	return 0;
}

static int read_bridge(struct bridge *b, struct errtext *err)
{
	char allowed[256];

	if (read_text(b, "name", b->name, sizeof(b->name), err) ||
	    read_vnode_id(b, "scope", "global", &b->scope, err) ||
	    read_vnode_id(b, "owner", "none", &b->owner, err) ||
	    read_text(b, "state", b->state, sizeof(b->state), err) ||
	    read_text(b, "kind", b->kind, sizeof(b->kind), err) ||
	    read_text(b, "access", b->access, sizeof(b->access), err) ||
	    read_number(b, "address", &b->address, err) ||
	    read_set(b, "allowed", allowed, &b->allowed, err) ||
	    read_set(b, "users", b->users_text, &b->users, err) ||
	    read_number(b, "size", &b->size, err))
		return -1;
	return 0;
}

/* Has it vanished? Then it is no error that it could not be read. */
static bool has_gone(const struct bridge *bridge)
{
	struct errtext ignored;
	char text[64];

	return adeos_read(&ignored, text, sizeof(text), "bridges/%u/state", bridge->number);
}

static int compare_numbers(const void *a, const void *b)
{
	const struct bridge *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Reads the bridges of @dir into @bridges, which has room for all. */
static int read_dir(DIR *dir, struct bridge *bridges, size_t *nr, struct errtext *err)
{
	struct dirent *entry;
	int ret, tries;
	__u64 number;

	*nr = 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (!parse_number(entry->d_name, MAX_BRIDGES - 1, &number) || *nr == MAX_BRIDGES)
			return err_set(err, "%s/bridges: \"%s\": expected a number from 0 to %d",
				       adeos_root(), entry->d_name, MAX_BRIDGES - 1);
		bridges[*nr].number = number;
		ret = read_bridge(&bridges[*nr], err);
		/* Its number may belong to another bridge meanwhile. */
		for (tries = 0; ret && tries < 3 && !has_gone(&bridges[*nr]); tries++)
			ret = read_bridge(&bridges[*nr], err);
		if (!ret)
			++*nr;
		else if (!has_gone(&bridges[*nr]))
			return -1;
	}
	return 0;
}

/**
 * adeos_bridges - read all bridges of the machine
 * @bridges: set to an array, in order of their numbers; the caller frees it
 * @nr: set to its length
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int adeos_bridges(struct bridge **bridges, size_t *nr, struct errtext *err)
{
	DIR *dir = adeos_opendir("bridges", err);
	int ret;

	if (!dir)
		return -1;
	*bridges = calloc(MAX_BRIDGES + 1, sizeof(**bridges));
	ret = *bridges ? read_dir(dir, *bridges, nr, err) : err_set(err, "%s", strerror(ENOMEM));
	closedir(dir);
	if (ret) {
		free(*bridges);
		return -1;
	}
	qsort(*bridges, *nr, sizeof(**bridges), compare_numbers);
	return 0;
}
