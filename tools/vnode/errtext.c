// SPDX-License-Identifier: GPL-2.0
/*
 * Errors as one line of text.
 */
#include <stdio.h>

#include <string.h>

#include "errtext.h"
#include "printable.h"

/**
 * text_printable - replace characters that would break a line or control a terminal
 * @text: a string, changed in place
 *
 * UTF-8 characters stay, except control characters.
 */
void text_printable(char *text)
{
	int n;

	for (; *text; text += n) {
		n = *text & 0x80 ? printable_utf8(text, strlen(text)) : 1;
		if (n > 0 && ((unsigned char)*text >= 0x80 || (*text >= ' ' && *text != 0x7f)))
			continue;
		*text = '?';
		n = 1;
	}
}

/**
 * err_set - store why something failed
 * @err: where to store it
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
