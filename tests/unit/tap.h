/* SPDX-License-Identifier: GPL-2.0 */
/* TAP: a line for each claim, and how many there were and failed. */
#ifndef _TESTS_TAP_H
#define _TESTS_TAP_H

#include <stdio.h>

static unsigned int tests, failures;

static void ok(int right, const char *name)
{
	tests++;
	if (!right)
		failures++;
	printf("%sok %u - %s\n", right ? "" : "not ", tests, name);
}

#endif /* _TESTS_TAP_H */
