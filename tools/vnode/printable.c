// SPDX-License-Identifier: GPL-2.0
/*
 * Escapes text of others for a terminal, as dmesg does: a byte that would control the
 * terminal is shown as "\x1b".
 */
#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>

#include "errtext.h"
#include "printable.h"

/**
 * printable_utf8 - look for a character of UTF-8 that a terminal shows
 * @text: where to look
 * @len: bytes in @text
 *
 * The control characters after ASCII, U+0080 to U+009F, do not count.
 *
 * Return: its length, 2 to 4 bytes; 0 if there is none; -1 if more bytes may complete one.
 */
int printable_utf8(const char *text, size_t len)
{
	static const struct {
		uint8_t first, last;	/* of the first byte */
		uint8_t least, most;	/* of the second one */
		uint8_t bytes;
	} kinds[] = {
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, { 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const uint8_t *byte = (const uint8_t *)text;
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (len && byte[0] >= kinds[i].first && byte[0] <= kinds[i].last)
			break;
	if (i == ARRAY_SIZE(kinds))
		return 0;
	if (len > 1 && (byte[1] < kinds[i].least || byte[1] > kinds[i].most))
		return 0;
	for (n = 2; n < len && n < kinds[i].bytes; n++)
		if ((byte[n] & 0xc0) != 0x80)
			return 0;
	return len < kinds[i].bytes ? -1 : kinds[i].bytes;
}

/**
 * printable_begin - begin a text
 * @p: the text
 *
 * The environment says whether the terminal shows UTF-8.
 */
void printable_begin(struct printable *p)
{
	memset(p, 0, sizeof(*p));
	p->utf8 = setlocale(LC_CTYPE, "") && !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* How many held bytes can be shown unchanged; 0: the first one cannot; -1: not known yet. */
static int fit(const struct printable *p)
{
	unsigned char c = p->held[0];

	if (c == '\r' && !p->line)
		return p->nr == 1 ? -1 : p->held[1] == '\n' ? 2 : 0;
	if (c < 0x80)
		return (c >= ' ' && c < 0x7f) || ((c == '\n' || c == '\t') && !p->line);
	return p->utf8 ? printable_utf8(p->held, p->nr) : 0;
}

static size_t escape(char c, char *to)
{
	static const char digits[] = "0123456789abcdef";

	to[0] = '\\';
	to[1] = 'x';
	to[2] = digits[(unsigned char)c >> 4];
	to[3] = digits[c & 15];
	return 4;
}

/* Passes on the held bytes whose meaning is known. */
static size_t settle(struct printable *p, bool end, char *to)
{
	char *at = to;
	int n;

	while (p->nr) {
		n = fit(p);
		if (n < 0 && !end)
			break;
		if (n > 0) {
			memcpy(at, p->held, n);
			at += n;
		} else {
			at += escape(p->held[0], at);
			n = 1;
		}
		p->nr -= n;
		memmove(p->held, p->held + n, p->nr);
	}
	return at - to;
}

/**
 * printable_put - escape a part of a text
 * @p: the text
 * @text: its next part
 * @len: bytes of that
 * @to: where to store it, PRINTABLE_MAX(@len) bytes
 *
 * Return: bytes that were stored.
 */
size_t printable_put(struct printable *p, const char *text, size_t len, char *to)
{
	char *at = to;

	while (len--) {
		p->held[p->nr++] = *text++;
		at += settle(p, false, at);
	}
	return at - to;
}

/**
 * printable_end - end a text
 * @p: the text
 * @to: where to store the bytes that are still held, PRINTABLE_MAX(0) bytes
 *
 * Return: bytes that were stored.
 */
size_t printable_end(struct printable *p, char *to)
{
	return settle(p, true, to);
}
