/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text that others wrote, for a terminal: what would drive it is shown instead.
 */
#ifndef _PRINTABLE_H
#define _PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

#define PRINTABLE_HELD	4	/* bytes of a character, at most */
#define PRINTABLE_MAX(len)	(4 * ((len) + PRINTABLE_HELD))	/* that so many become, at most */

/**
 * struct printable - text on its way
 * @utf8: the terminal shows UTF-8; if not, there is ASCII only
 * @line: it is to be one line: the ends of lines are shown, too
 * @nr: bytes in @held
 * @held: the beginning of what may be a character, or the end of a line
 */
struct printable {
	bool utf8;
	bool line;
	size_t nr;
	char held[PRINTABLE_HELD];
};

void printable_begin(struct printable *p);
size_t printable_put(struct printable *p, const char *text, size_t len, char *to);
size_t printable_end(struct printable *p, char *to);
int printable_utf8(const char *text, size_t len);

#endif /* _PRINTABLE_H */
