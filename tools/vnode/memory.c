// SPDX-License-Identifier: GPL-2.0
/*
 * vnode memory: the map of physical memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "view.h"

#define COLUMNS		4

/**
 * struct map - what there is to print
 * @ranges: the map
 * @nr: its length
 * @vnodes: the vnodes, for their names
 * @nr_vnodes: how many
 */
struct map {
	struct kmb_range *ranges;
	size_t nr;
	struct vnode *vnodes;
	size_t nr_vnodes;
};

static const char *kind_name(__u32 kind)
{
	static const char *const names[] = {
		[KMB_MEMORY_ROOT] = "root",
		[KMB_MEMORY_FREE] = "free",
		[KMB_MEMORY_VNODE] = "vnode",
		[KMB_MEMORY_SHARED] = "shared",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

static const char *owner_name(const struct map *map, __u32 id)
{
	size_t i;

	for (i = 0; i < map->nr_vnodes; i++)
		if (map->vnodes[i].id == id)
			return map->vnodes[i].name;
	return "";
}

static json_t *range_json(const struct map *map, const struct kmb_range *range)
{
	bool owned = range->kind == KMB_MEMORY_VNODE;
	json_int_t start = range->start, size = range->bytes;

	return json_pack("{s:I, s:I, s:I, s:s, s:o, s:o}",
			 "start", start,
			 "end", start + size - 1,
			 "size", size,
			 "kind", kind_name(range->kind),
			 "id", owned ? json_integer(range->id) : json_null(),
			 "name", owned ? json_text(owner_name(map, range->id)) : json_null());
}

static int print_json(const struct map *map)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < map->nr; i++)
		json_array_append_new(array, range_json(map, &map->ranges[i]));
	return json_print(array);
}

static bool fill_row(const struct map *map, const struct kmb_range *range, char **row)
{
	char size[SIZE_TEXT], owner[64];
	int ret = 0;

	format_size(range->bytes, size);
	if (range->kind == KMB_MEMORY_VNODE)
		snprintf(owner, sizeof(owner), "vnode %u %s", range->id,
			 owner_name(map, range->id));
	else
		snprintf(owner, sizeof(owner), "%s", kind_name(range->kind));
	ret |= asprintf(&row[0], "0x%09llx", range->start);
	ret |= asprintf(&row[1], "0x%09llx", range->start + range->bytes - 1);
	ret |= asprintf(&row[2], "%s", size);
	ret |= asprintf(&row[3], "%s", owner);
	return ret >= 0;
}

static int print_table(const struct map *map)
{
	static const char *const heading[COLUMNS] = { "START", "END", "SIZE", "OWNER" };
	char **cells = calloc((map->nr + 1) * COLUMNS, sizeof(*cells));
	bool ok = cells;
	size_t i;

	if (ok)
		memcpy(cells, heading, sizeof(heading));
	for (i = 0; ok && i < map->nr; i++)
		ok = fill_row(map, &map->ranges[i], cells + (i + 1) * COLUMNS);
	if (ok)
		table_print(cells, map->nr + 1, COLUMNS);
	else
		report("memory: out of memory");
	for (i = COLUMNS; cells && i < (map->nr + 1) * COLUMNS; i++)
		free(cells[i]);
	free(cells);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/**
 * command_memory - vnode memory
 * @args: what the user asked for
 *
 * Return: vnode's exit status.
 */
int command_memory(const struct args *args)
{
	struct map map = { 0 };
	struct errtext err;
	int kmb, ret;

	kmb = kmb_open(&err);
	if (kmb < 0)
		return report_error(&err);
	if (kmb_memory(kmb, &map.ranges, &map.nr, &err)) {
		report("memory: %s", err.text);
		ret = EXIT_FAILURE;
	} else if (adeos_list(&map.vnodes, &map.nr_vnodes, &err)) {
		ret = report_error(&err);
	} else {
		ret = args->json ? print_json(&map) : print_table(&map);
		free(map.vnodes);
	}
	free(map.ranges);
	close(kmb);
	return ret;
}
