// SPDX-License-Identifier: GPL-2.0
/*
 * Which states can follow which. adeos/life/vnode.h draws them.
 */
#include <string.h>

#include "libadeos.h"

#define ANY_END		(STATES_ENDED | STATE_BIT(VNODE_STOPPING) | STATE_BIT(VNODE_HUNG))
#define ANY_STATE	(ANY_END | STATE_BIT(VNODE_LOADING) | STATE_BIT(VNODE_RUNNING))

/* Until the vnode has ended, without a restart */
static const unsigned int later[NR_VNODE_STATES] = {
	[VNODE_LOADING] = ANY_END | STATE_BIT(VNODE_RUNNING),
	[VNODE_RUNNING] = ANY_END,
	/* A vnode hangs when one of its CPUs cannot be taken back. */
	[VNODE_STOPPING] = STATES_ENDED | STATE_BIT(VNODE_HUNG),
	/* A vnode that beats again was not hung. */
	[VNODE_HUNG] = ANY_END | STATE_BIT(VNODE_RUNNING),
};

/**
 * adeos_later_states - which states a vnode can be in later
 * @state: its state
 * @restart: its restart policy
 * @restarting: if it has ended, whether it may be started again because of that
 *
 * A start by an administrator does not count.
 *
 * Return: the states, as STATE_BIT().
 */
unsigned int adeos_later_states(enum vnode_state state, const char *restart, bool restarting)
{
	if (STATE_BIT(state) & STATES_ENDED)
		return restarting ? ANY_STATE : 0;
	/* A vnode that was told to stop is not started again, however it ends. */
	if (state != VNODE_STOPPING && strcmp(restart, "no"))
		return ANY_STATE;
	return later[state];
}
