/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Errors as one line of text, passed up from where they are found to where they are
 * printed.
 */
#ifndef _ERRTEXT_H
#define _ERRTEXT_H

#include <stdarg.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define __printf_format(fmt, args)	__format__(__printf__, fmt, args)
#define __printf(fmt, args)		__attribute__((__printf_format(fmt, args)))

/**
 * struct errtext - why something failed
 * @text: one line without a newline; empty while nothing failed
 */
struct errtext {
	char text[1024];
};

__printf(2, 3) int err_set(struct errtext *err, const char *fmt, ...);
void text_printable(char *text);

#endif /* _ERRTEXT_H */
