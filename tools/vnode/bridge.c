// SPDX-License-Identifier: GPL-2.0
/*
 * vnode bridge list: the memory that vnodes share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "view.h"

#define COLUMNS		8

static json_t *id_json(int id)
{
	return id == NO_VNODE ? json_null() : json_integer(id);
}

static json_t *set_json(__u64 set)
{
	json_t *array = json_array();
	int id;

	for (id = 0; id < KMB_MAX_VNODES; id++)
		if (set & 1ULL << id)
			json_array_append_new(array, json_integer(id));
	return array;
}

static json_t *bridge_json(const struct bridge *b)
{
	json_int_t size = b->size, address = b->address;

	return json_pack("{s:i, s:o, s:o, s:o, s:s, s:s, s:s, s:I, s:I, s:o, s:o}",
			 "number", b->number,
			 "name", json_text(b->name),
			 "scope", id_json(b->scope),
			 "owner", id_json(b->owner),
			 "state", b->state,
			 "kind", b->kind,
			 "access", b->access,
			 "address", address,
			 "size", size,
			 "allowed", set_json(b->allowed),
			 "users", set_json(b->users));
}

static int print_json(const struct bridge *bridges, size_t nr)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_array_append_new(array, bridge_json(&bridges[i]));
	return json_print(array);
}

static const char *id_text(int id, const char *none, char text[16])
{
	if (id == NO_VNODE)
		return none;
	snprintf(text, 16, "%d", id);
	return text;
}

static bool fill_row(const void *bridges, size_t i, char **row)
{
	const struct bridge *b = (const struct bridge *)bridges + i;
	char size[SIZE_TEXT], address[SIZE_TEXT], id[16];
	int column;

	format_size(b->size, size);
	snprintf(address, sizeof(address), "0x%llx", b->address);
	row[0] = strdup(b->name);
	row[1] = strdup(id_text(b->scope, "global", id));
	row[2] = strdup(id_text(b->owner, "none", id));
	row[3] = strdup(b->users_text[0] ? b->users_text : "-");
	row[4] = strdup(b->kind);
	row[5] = strdup(b->state);
	row[6] = strdup(size);
	row[7] = strdup(address);
	for (column = 0; column < COLUMNS; column++)
		if (!row[column])
			return false;
	return true;
}

static int print_table(const struct bridge *bridges, size_t nr)
{
	static const char *const heading[COLUMNS] = {
		"NAME", "SCOPE", "OWNER", "USERS", "KIND", "STATE", "SIZE", "ADDRESS"
	};

	return table_print("bridge", heading, COLUMNS, nr, fill_row, bridges);
}

/**
 * command_bridge - vnode bridge list
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_bridge(const struct args *args)
{
	struct bridge *bridges;
	struct errtext err;
	size_t nr;
	int ret;

	if (strcmp(args->items[0], "list")) {
		report("bridge: \"%.64s\": expected \"list\"", args->items[0]);
		return EXIT_USAGE;
	}
	if (adeos_bridges(&bridges, &nr, &err))
		return report_error(&err);
	ret = args->json ? print_json(bridges, nr) : print_table(bridges, nr);
	free(bridges);
	return ret;
}
