// SPDX-License-Identifier: GPL-2.0
/*
 * vnode start, vnode check and vnode restart.
 */
#include <stdlib.h>

#include "cli.h"
#include "launch.h"

/**
 * command_start - vnode start
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_start(const struct args *args)
{
	struct launch launch;
	struct errtext err;
	int ret;

	if (launch_prepare(&launch, args->items, args->nr, &err) || launch_boot(&launch, &err))
		ret = report_error(&err);
	else
		ret = launch_wait(&launch, args->timeout, args->verbose);
	launch_release(&launch);
	return ret;
}

/**
 * command_check - vnode check
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_check(const struct args *args)
{
	struct errtext err;

	if (launch_check(args->items, args->nr, &err))
		return report_error(&err);
	return EXIT_SUCCESS;
}

/* The configuration is checked before the vnode is stopped. */
static int prepare(struct launch *launch, struct vnode *vnode, struct errtext *err)
{
	char *config = vnode->config;

	if (launch_prepare(launch, &config, 1, err))
		return -1;
	if (launch->configs[0].id != vnode->id)
		return err_set(err, "%s:%d: id = %u, expected %u, that of the vnode", config,
			       launch->configs[0].line[KEY_ID], launch->configs[0].id,
			       vnode->id);
	return 0;
}

static int restart(struct launch *launch, const struct vnode *vnode, const struct args *args)
{
	struct errtext err;

	if (stop_vnodes(launch->kmb, vnode, 1, STOP_TIMEOUT))
		return EXIT_FAILURE;
	if (launch_boot(launch, &err))
		return report_error(&err);
	return launch_wait(launch, args->timeout, args->verbose);
}

/**
 * command_restart - vnode restart
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_restart(const struct args *args)
{
	struct launch launch;
	struct vnode vnode;
	struct errtext err;
	int ret;

	if (find_stoppable(args->items[0], &vnode, &err))
		return report_error(&err);
	if (vnode.config[0] != '/') {
		report("%s: was not started from a configuration file", vnode.name);
		return EXIT_FAILURE;
	}
	if (prepare(&launch, &vnode, &err))
		ret = report_error(&err);
	else
		ret = restart(&launch, &vnode, args);
	launch_release(&launch);
	return ret;
}
