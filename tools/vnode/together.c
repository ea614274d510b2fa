// SPDX-License-Identifier: GPL-2.0
/*
 * Checks configurations that are to be started together against each other. KMB knows what
 * vnodes that already run have taken.
 */
#include <string.h>

#include "config.h"

static int check_cpus(const struct config *a, const struct config *b, struct errtext *err)
{
	__u32 i, j;

	for (i = 0; i < a->cpus.nr; i++)
		for (j = 0; j < b->cpus.nr; j++)
			if (a->cpus.id[i] == b->cpus.id[j])
				return err_set(err,
					       "%s:%d: CPU %u is already in %s:%d, expected a CPU of its own",
					       b->path, b->line[KEY_CPUS], b->cpus.id[j],
					       a->path, a->line[KEY_CPUS]);
	return 0;
}

static int check_memory(const struct config *a, const struct config *b, struct errtext *err)
{
	if (a->address == KMB_ADDRESS_AUTO || b->address == KMB_ADDRESS_AUTO)
		return 0;
	if (a->address - b->address >= b->memory && b->address - a->address >= a->memory)
		return 0;
	return err_set(err,
		       "%s:%d: address = 0x%llx: memory overlaps that of %s:%d, expected memory of its own",
		       b->path, b->line[KEY_ADDRESS], b->address, a->path,
		       a->line[KEY_ADDRESS]);
}

static int check_pair(const struct config *a, const struct config *b, struct errtext *err)
{
	if (a->id == b->id)
		return err_set(err, "%s:%d: id = %u is already in %s:%d, expected an ID of its own",
			       b->path, b->line[KEY_ID], b->id, a->path, a->line[KEY_ID]);
	if (!strcmp(a->name, b->name))
		return err_set(err,
			       "%s: name \"%s\" is also that of %s, expected a name of its own",
			       b->path, b->name, a->path);
	if (check_cpus(a, b, err))
		return -1;
	return check_memory(a, b, err);
}

/**
 * config_check_together - check that configurations do not exclude each other
 * @configs: the configurations
 * @nr: how many
 * @err: set on failure
 *
 * Return: 0 if all IDs, names, CPUs and explicit regions are different, else
 * -1.
 */
int config_check_together(const struct config *configs, size_t nr, struct errtext *err)
{
	size_t i, j;

	for (j = 1; j < nr; j++)
		for (i = 0; i < j; i++)
			if (check_pair(&configs[i], &configs[j], err))
				return -1;
	return 0;
}
