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
 * @bridges: the bridges, likewise
 * @nr_bridges: how many
 */
struct map {
	struct kmb_range *ranges;
	size_t nr;
	struct vnode *vnodes;
	size_t nr_vnodes;
	struct bridge *bridges;
	size_t nr_bridges;
};

static const char *kind_name(__u32 kind)
{
	static const char *const names[] = {
		[KMB_MEMORY_ROOT] = "root",
		[KMB_MEMORY_FREE] = "free",
		[KMB_MEMORY_VNODE] = "vnode",
		[KMB_MEMORY_SHARED] = "shared",
		[KMB_MEMORY_BRIDGE] = "bridge",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

static bool has_id(const struct kmb_range *range)
{
	return range->kind == KMB_MEMORY_VNODE || range->kind == KMB_MEMORY_BRIDGE;
}

/* The name of a vnode or a bridge; NULL if it has none, or has vanished meanwhile. */
static const char *name_of(const struct map *map, const struct kmb_range *range)
{
	size_t i;

	for (i = 0; range->kind == KMB_MEMORY_VNODE && i < map->nr_vnodes; i++)
		if (map->vnodes[i].id == range->id)
			return map->vnodes[i].name;
	for (i = 0; range->kind == KMB_MEMORY_BRIDGE && i < map->nr_bridges; i++)
		if (map->bridges[i].number == range->id)
			return map->bridges[i].name;
	return NULL;
}

static json_t *range_json(const struct map *map, const struct kmb_range *range)
{
	const char *name = name_of(map, range);
	json_int_t start = range->start, size = range->bytes;

	return json_pack("{s:I, s:I, s:I, s:s, s:o, s:o}",
			 "start", start,
			 "end", start + size - 1,
			 "size", size,
			 "kind", kind_name(range->kind),
			 "id", has_id(range) ? json_integer(range->id) : json_null(),
			 "name", name ? json_text(name) : json_null());
}

static int print_json(const struct map *map)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < map->nr; i++)
		json_array_append_new(array, range_json(map, &map->ranges[i]));
	return json_print(array);
}

static bool fill_row(const void *of, size_t i, char **row)
{
	const struct map *map = of;
	const struct kmb_range *range = &map->ranges[i];
	const char *name = name_of(map, range);
	char size[SIZE_TEXT], owner[64];
	int ret = 0;

	format_size(range->bytes, size);
	if (has_id(range))
		snprintf(owner, sizeof(owner), "%s %u %s", kind_name(range->kind), range->id,
			 name ? name : "");
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

	return table_print("memory", heading, COLUMNS, map->nr, fill_row, map);
}

/**
 * command_memory - vnode memory
 * @args: its arguments and options
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
	} else if (adeos_list(&map.vnodes, &map.nr_vnodes, &err) ||
		   adeos_bridges(&map.bridges, &map.nr_bridges, &err)) {
		ret = report_error(&err);
	} else {
		ret = args->json ? print_json(&map) : print_table(&map);
	}
	free(map.bridges);
	free(map.vnodes);
	free(map.ranges);
	close(kmb);
	return ret;
}
