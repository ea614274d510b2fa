// SPDX-License-Identifier: GPL-2.0
/*
 * vnode stop and vnode kill.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"

/**
 * find_stoppable - find a vnode that is to be stopped or killed
 * @id_or_name: what the user wrote
 * @vnode: where to store it
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int find_stoppable(const char *id_or_name, struct vnode *vnode, struct errtext *err)
{
	if (adeos_find(id_or_name, vnode, err))
		return -1;
	if (!vnode->id)
		return err_set(err, "%s: is the root vnode, use poweroff or reboot", id_or_name);
	return 0;
}

/* Finds all vnodes that were named, each once; returns their number, 0 on failure. */
static size_t find_all(const struct args *args, struct vnode *vnodes)
{
	struct errtext err;
	size_t i, j, nr = 0;

	for (i = 0; i < args->nr; i++) {
		if (find_stoppable(args->items[i], &vnodes[nr], &err)) {
			report_error(&err);
			return 0;
		}
		for (j = 0; vnodes[j].id != vnodes[nr].id;)
			j++;
		if (j == nr && ++nr == KMB_MAX_VNODES)
			break;
	}
	return nr;
}

/* Has it ended for good? */
static bool is_over(const struct vnode *vnode)
{
	return (STATE_BIT(vnode->state) & STATES_ENDED) && !vnode->restarting;
}

static bool has_ended(const struct vnode *vnode, long long deadline, enum vnode_state *state)
{
	struct errtext err;
	int ret = adeos_wait(vnode->id, STATES_ENDED, deadline, state, &err);

	if (ret < 0)
		report("%s: %s", vnode->name, err.text);
	return !ret;
}

static int kill_one(int kmb, const struct vnode *vnode)
{
	struct errtext err;

	int ret = kmb_kill(kmb, vnode->id, &err);

	if (err.text[0])
		report("%s: %s", vnode->name, err.text);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Asks a vnode to stop; one that is still loading cannot, and is killed. */
static int ask_to_stop(int kmb, const struct vnode *vnode)
{
	enum vnode_state state = vnode->state;
	struct errtext err;

	if (!kmb_stop(kmb, vnode->id, &err) ||
	    has_ended(vnode, adeos_deadline(0), &state))
		return EXIT_SUCCESS;
	if (state == VNODE_LOADING)
		return kill_one(kmb, vnode);
	report("%s: %s", vnode->name, err.text);
	return EXIT_FAILURE;
}

static int stop_one(int kmb, const struct vnode *vnode, long long deadline, int timeout)
{
	enum vnode_state state;

	if (has_ended(vnode, deadline, &state))
		return EXIT_SUCCESS;
	report("%s: did not stop within %d s, killing it", vnode->name, timeout);
	return kill_one(kmb, vnode);
}

/**
 * stop_vnodes - shut vnodes down, and kill those that do not stop
 * @kmb: KMB's device
 * @vnodes: the vnodes
 * @nr: how many, at most KMB_MAX_VNODES
 * @timeout: how many seconds they have
 *
 * Return: vnode's exit status.
 */
int stop_vnodes(int kmb, const struct vnode *vnodes, size_t nr, int timeout)
{
	long long deadline = adeos_deadline(timeout);
	bool asked[KMB_MAX_VNODES];
	int ret = EXIT_SUCCESS;
	size_t i;

	for (i = 0; i < nr; i++) {
		asked[i] = false;
		if (is_over(&vnodes[i]))
			continue;
		asked[i] = !ask_to_stop(kmb, &vnodes[i]);
		if (!asked[i])
			ret = EXIT_FAILURE;
	}
	for (i = 0; i < nr; i++)
		if (asked[i] && stop_one(kmb, &vnodes[i], deadline, timeout))
			ret = EXIT_FAILURE;
	return ret;
}

static int kill_vnodes(int kmb, const struct vnode *vnodes, size_t nr)
{
	int ret = EXIT_SUCCESS;
	size_t i;

	for (i = 0; i < nr; i++)
		if (kill_one(kmb, &vnodes[i]))
			ret = EXIT_FAILURE;
	return ret;
}

static int end_vnodes(const struct args *args, bool orderly)
{
	struct vnode *vnodes = calloc(KMB_MAX_VNODES, sizeof(*vnodes));
	int kmb, ret = EXIT_FAILURE;
	struct errtext err;
	size_t nr;

	nr = vnodes ? find_all(args, vnodes) : 0;
	if (!nr)
		goto out;
	kmb = kmb_open(&err);
	if (kmb < 0) {
		ret = report_error(&err);
		goto out;
	}
	ret = orderly ? stop_vnodes(kmb, vnodes, nr, args->timeout) :
			kill_vnodes(kmb, vnodes, nr);
	close(kmb);
out:
	free(vnodes);
	return ret;
}

/* Moves the vnodes that are to be stopped to the front; returns their number. */
static size_t select_all(struct vnode *vnodes, size_t nr)
{
	size_t i, left = 0;

	for (i = 0; i < nr; i++)
		if (vnodes[i].id && !is_over(&vnodes[i]))
			vnodes[left++] = vnodes[i];
	return left;
}

/* Looks once more afterwards, because a vnode may have been started meanwhile. */
static int stop_all(int timeout)
{
	long long deadline = adeos_deadline(timeout);
	int kmb = -1, ret = EXIT_SUCCESS;
	struct vnode *vnodes;
	struct errtext err;
	size_t nr;

	do {
		if (adeos_list(&vnodes, &nr, &err)) {
			ret = report_error(&err);
			break;
		}
		nr = select_all(vnodes, nr);
		if (nr && kmb < 0)
			kmb = kmb_open(&err);
		if (nr && kmb < 0)
			ret = report_error(&err);
		else if (nr)
			ret = stop_vnodes(kmb, vnodes, nr, timeout);
		free(vnodes);
	} while (nr && !ret && !adeos_expired(deadline));
	if (kmb >= 0)
		close(kmb);
	return ret;
}

/**
 * command_stop - vnode stop
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_stop(const struct args *args)
{
	return args->all ? stop_all(args->timeout) : end_vnodes(args, true);
}

/**
 * command_kill - vnode kill
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_kill(const struct args *args)
{
	return end_vnodes(args, false);
}
