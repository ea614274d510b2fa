// SPDX-License-Identifier: GPL-2.0
/*
 * Reports what failed, in one line: "vnode: what: why".
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

/**
 * report - print an error or a warning
 * @fmt: as for printf(), without "vnode: " and without a newline
 */
void report(const char *fmt, ...)
{
	char text[sizeof(struct errtext) + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_printable(text);
	fflush(stdout);
	fprintf(stderr, "vnode: %s\n", text);
}

/**
 * report_error - print an error
 * @err: the error
 *
 * Return: the exit status for it.
 */
int report_error(const struct errtext *err)
{
	report("%s", err->text);
	return EXIT_FAILURE;
}
