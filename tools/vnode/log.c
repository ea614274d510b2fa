// SPDX-License-Identifier: GPL-2.0
/*
 * vnode log: a vnode's kernel log, alive or dead.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "printable.h"

#define FOLLOW_US	200000
#define PIECE		16384

/**
 * log_print - print a vnode's log
 * @kmb: KMB's device
 * @id: the vnode's ID
 * @pos: where to begin; set to the end
 * @fit: state of escaping for a terminal; NULL to print it unchanged
 * @out: where to print it
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int log_print(int kmb, __u32 id, __u64 *pos, struct printable *fit, FILE *out,
	      struct errtext *err)
{
	char buf[PIECE], shown[PRINTABLE_MAX(PIECE)];
	const char *text = fit ? shown : buf;
	size_t n;
	__u32 len;

	do {
		len = sizeof(buf);
		if (kmb_log(kmb, id, pos, buf, &len, err))
			return -1;
		n = fit ? printable_put(fit, buf, len, shown) : len;
		if (fwrite(text, 1, n, out) != n)
			return err_set(err, "output: %s", strerror(errno));
	} while (len);
	if (fflush(out))
		return err_set(err, "output: %s", strerror(errno));
	return 0;
}

/* This reads the log once more after it has seen the end. */
static int follow_log(int kmb, __u32 id, struct printable *fit, struct errtext *err)
{
	enum vnode_state state;
	__u64 pos = 0;
	int ret;

	for (;;) {
		ret = adeos_wait(id, STATES_ENDED, adeos_deadline(0), &state, err);
		if (ret < 0 || log_print(kmb, id, &pos, fit, stdout, err))
			return -1;
		if (!ret)
			return 0;
		usleep(FOLLOW_US);
	}
}

/**
 * command_log - vnode log
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_log(const struct args *args)
{
	struct printable text, *fit = NULL;
	char last[PRINTABLE_MAX(0)];
	struct vnode vnode;
	struct errtext err;
	__u64 pos = 0;
	int kmb, ret;

	if (adeos_find(args->items[0], &vnode, &err))
		return report_error(&err);
	kmb = kmb_open(&err);
	if (kmb < 0)
		return report_error(&err);
	/*
	 * Any program in the vnode may have written it, so escape it on a terminal; a file
	 * gets it unchanged.
	 */
	if (isatty(STDOUT_FILENO)) {
		printable_begin(&text);
		fit = &text;
	}
	if (args->follow)
		ret = follow_log(kmb, vnode.id, fit, &err);
	else
		ret = log_print(kmb, vnode.id, &pos, fit, stdout, &err);
	if (fit)
		fwrite(last, 1, printable_end(fit, last), stdout);
	if (ret) {
		report("%s: %s", vnode.name, err.text);
		ret = EXIT_FAILURE;
	}
	close(kmb);
	return ret;
}
