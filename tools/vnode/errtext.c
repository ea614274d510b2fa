// SPDX-License-Identifier: GPL-2.0
/*
 * Errors as one line of text.
 */
#include <stdio.h>

#include "errtext.h"

/**
 * text_printable - replace what would break a line or drive a terminal
 * @text: a string, changed in place
 *
 * Bytes above 0x7f stay, they may be UTF-8.
 */
void text_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

/**
 * err_set - note why something failed
 * @err: where
 * @fmt: as for printf(), without "vnode: " and without a newline
 *
 * A text that is too long is cut.
 *
 * Return: -1, so that a caller can return it at once.
 */
int err_set(struct errtext *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	text_printable(err->text);
	return -1;
}
