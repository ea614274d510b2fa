/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text of others, for a terminal: bytes that would control it are escaped.
 */
#ifndef _PRINTABLE_H
#define _PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

#define PRINTABLE_HELD	4	/* bytes of a character, at most */
#define PRINTABLE_MAX(len)	(4 * ((len) + PRINTABLE_HELD))	/* escaped, at most */

/**
 * struct printable - state of escaping a text
 * @utf8: the terminal shows UTF-8; otherwise, only ASCII
 * @line: the result must be one line: the ends of lines are escaped, too
 * @nr: bytes in @held
 * @held: bytes that may begin a character, or the end of a line
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
