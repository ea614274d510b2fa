// SPDX-License-Identifier: GPL-2.0
/*
 * vnode wait.
 */
#include <stdlib.h>

#include "cli.h"

/**
 * command_wait - vnode wait
 * @args: what the user asked for
 *
 * Return: vnode's exit status.
 */
int command_wait(const struct args *args)
{
	enum vnode_state state;
	struct vnode vnode;
	struct errtext err;
	int ret;

	if (adeos_find(args->items[0], &vnode, &err))
		return report_error(&err);
	ret = adeos_wait(vnode.id, STATE_BIT(args->state), adeos_deadline(args->timeout),
			 &state, &err);
	if (ret < 0)
		return report_error(&err);
	if (!ret)
		return EXIT_SUCCESS;
	report("%s: is %s after %d s, expected %s", vnode.name, adeos_state_name(state),
	       args->timeout, adeos_state_name(args->state));
	return EXIT_FAILURE;
}
