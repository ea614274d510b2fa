// SPDX-License-Identifier: GPL-2.0
/*
 * vnode list: all vnodes, and the configurations of those that are not loaded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "confdir.h"
#include "view.h"

#define COLUMNS		6

static bool is_known(const struct config *config, const struct vnode *vnodes, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(vnodes[i].name, config->name) ||
		    !strcmp(vnodes[i].config, config->path))
			return true;
	return false;
}

/* Adds the configurations that the kernel does not know to @vnodes. */
static int add_defined(struct vnode **vnodes, size_t *nr, struct errtext *err)
{
	size_t i, known = *nr, nr_configs;
	struct config *configs;
	struct vnode *more;

	if (confdir_list(&configs, &nr_configs, err))
		return -1;
	more = reallocarray(*vnodes, known + nr_configs + 1, sizeof(*more));
	if (!more) {
		free(configs);
		return err_set(err, "list: out of memory");
	}
	*vnodes = more;
	for (i = 0; i < nr_configs; i++)
		if (!is_known(&configs[i], more, known))
			view_config(&configs[i], &more[(*nr)++]);
	free(configs);
	return 0;
}

static int print_json(const struct vnode *vnodes, size_t nr)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_array_append_new(array, view_json(&vnodes[i]));
	return json_print(array);
}

static bool fill_row(const void *vnodes, size_t i, char **row)
{
	const struct vnode *vnode = (const struct vnode *)vnodes + i;
	char cpus[CPU_LIST_TEXT], memory[SIZE_TEXT], address[SIZE_TEXT], id[16];
	int column;

	snprintf(id, sizeof(id), "%u", vnode->id);
	view_cpus(vnode, cpus);
	view_memory(vnode, memory);
	view_address(vnode, address);
	row[0] = strdup(id);
	row[1] = strdup(vnode->name);
	row[2] = strdup(adeos_state_name(vnode->state));
	row[3] = strdup(cpus);
	row[4] = strdup(memory);
	row[5] = strdup(address);
	for (column = 0; column < COLUMNS; column++)
		if (!row[column])
			return false;
	return true;
}

static int print_table(const struct vnode *vnodes, size_t nr)
{
	static const char *const heading[COLUMNS] = {
		"ID", "NAME", "STATE", "CPUS", "MEMORY", "ADDRESS"
	};

	return table_print("list", heading, COLUMNS, nr, fill_row, vnodes);
}

/**
 * command_list - vnode list
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_list(const struct args *args)
{
	struct vnode *vnodes;
	struct errtext err;
	size_t nr;
	int ret;

	if (adeos_list(&vnodes, &nr, &err))
		return report_error(&err);
	if (add_defined(&vnodes, &nr, &err))
		ret = report_error(&err);
	else if (args->json)
		ret = print_json(vnodes, nr);
	else
		ret = print_table(vnodes, nr);
	free(vnodes);
	return ret;
}
