// SPDX-License-Identifier: GPL-2.0
/*
 * vnode wait.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* How long to look at a vnode that is about to be started again */
#define RESTART_LOOK	1	/* seconds */

/* The states that the awaited state cannot follow, or only after a look at other files */
static unsigned int dead_ends(const struct vnode *vnode, enum vnode_state awaited)
{
	unsigned int states = STATES_ENDED;
	enum vnode_state i;

	for (i = VNODE_LOADING; i < NR_VNODE_STATES; i++)
		if (!(adeos_later_states(i, vnode->restart, false) & STATE_BIT(awaited)))
			states |= STATE_BIT(i);
	return states;
}

static const char *why_not(const struct vnode *vnode, enum vnode_state state)
{
	if (!vnode->id)
		return "the root vnode is always running";
	if (STATE_BIT(state) & STATES_ENDED)
		return "it has ended, and only \"vnode start\" starts it again";
	if (state == VNODE_STOPPING)
		return "it was told to stop, and is not started again";
	return "with restart = no it is not started again";
}

/*
 * Has it ended for good?  This reads the state once more, because the vnode may have been
 * started again before the other file was read.  Returns -1 on failure.
 */
static int is_final(const struct vnode *vnode, enum vnode_state state, struct errtext *err)
{
	enum vnode_state now;
	char restarting[8];

	if (!(STATE_BIT(state) & STATES_ENDED))
		return 1;
	if (adeos_read(err, restarting, sizeof(restarting), "vnodes/%u/restarting", vnode->id) ||
	    adeos_wait(vnode->id, ~0U, adeos_deadline(0), &now, err))
		return -1;
	return now == state && !strcmp(restarting, "0");
}

/* Returns as adeos_wait() does, and 2 if the awaited state cannot follow any more. */
static int wait_for(const struct vnode *vnode, const struct args *args, enum vnode_state *state,
		    struct errtext *err)
{
	unsigned int awaited = STATE_BIT(args->state), ends = dead_ends(vnode, args->state);
	long long deadline = adeos_deadline(args->timeout), look;
	int ret;

	/* The root has no other state. */
	if (!vnode->id)
		ends = ~0U;
	for (;;) {
		ret = adeos_wait(vnode->id, awaited | ends, deadline, state, err);
		if (ret || *state == args->state)
			return ret;
		ret = is_final(vnode, *state, err);
		if (ret)
			return ret < 0 ? -1 : 2;
		if (adeos_expired(deadline))
			return 1;
		look = adeos_deadline(RESTART_LOOK);
		if (deadline >= 0 && deadline < look)
			look = deadline;
		if (adeos_wait(vnode->id, ~STATE_BIT(*state), look, state, err) < 0)
			return -1;
	}
}

/**
 * command_wait - vnode wait
 * @args: its arguments and options
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
	ret = wait_for(&vnode, args, &state, &err);
	if (ret < 0)
		return report_error(&err);
	if (!ret)
		return EXIT_SUCCESS;
	if (ret == 2)
		report("%s: is %s, expected %s: %s", vnode.name, adeos_state_name(state),
		       adeos_state_name(args->state), why_not(&vnode, state));
	else
		report("%s: is %s after %d s, expected %s", vnode.name, adeos_state_name(state),
		       args->timeout, adeos_state_name(args->state));
	return EXIT_FAILURE;
}
