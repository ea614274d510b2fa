// SPDX-License-Identifier: GPL-2.0
/*
 * tools/vnode/printable.c: the output is the same for any division of the text into pieces.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errtext.h"
#include "printable.h"
#include "tap.h"

/* @text becomes @wanted, in pieces of any size */
static int becomes(bool utf8, bool line, const char *text, const char *wanted)
{
	size_t len = strlen(text), piece, at, n, have;
	char got[PRINTABLE_MAX(256) * 2];

	for (piece = 1; piece <= len; piece++) {
		struct printable p = { .utf8 = utf8, .line = line };

		for (at = 0, have = 0; at < len; at += n) {
			n = len - at < piece ? len - at : piece;
			have += printable_put(&p, text + at, n, got + have);
		}
		have += printable_end(&p, got + have);
		if (have != strlen(wanted) || memcmp(got, wanted, have)) {
			printf("# got: %.*s\n", (int)have, got);
			return 0;
		}
	}
	return 1;
}

static int stays(const char *text)
{
	return becomes(true, false, text, text);
}

static void test_bytes(void)
{
	/* The output for any input does not control a terminal. */
	static const char nasty[] = "\r\n\x1b\xc2\x9b\xe2\xf0\x80\x9f";
	char text[256], got[PRINTABLE_MAX(256)];
	unsigned int i, n, bad = 0, runs;
	struct printable p;
	size_t at, len;
	int c;

	for (runs = 0; runs < 20000; runs++) {
		p = (struct printable){ .utf8 = runs % 2 };
		n = 1 + rand() % sizeof(text);
		for (i = 0; i < n; i++)
			text[i] = rand() % 2 ? rand() : nasty[rand() % (sizeof(nasty) - 1)];
		len = printable_put(&p, text, n, got);
		bad += len > PRINTABLE_MAX(n);
		for (at = 0; at < len; at += c) {
			c = printable_utf8(got + at, len - at);
			if (c > 0 && !p.utf8)
				bad++;
			if (c > 0)
				continue;
			c = 1;
			if (got[at] == '\r')
				bad += got[at + 1] != '\n';
			else
				bad += (got[at] < ' ' && got[at] != '\n' && got[at] != '\t') ||
				       got[at] == 0x7f;
		}
	}
	ok(!bad, "no byte of any text drives a terminal");
}

static void test_line(void)
{
	struct errtext err;

	err_set(&err, "a\x1b[2J\xc2\x9b\xc3\xa4\x7f\x9b\n");
	ok(!strcmp(err.text, "a?[2J??\xc3\xa4???"), "nor does an error's text");
}

int main(void)
{
	srand(2002);
	ok(stays("plain text,\n\tand more\r\n"), "text stays");
	ok(becomes(true, false, "\x1b[31mred\x1b]0;title\a\b\x7f",
		   "\\x1b[31mred\\x1b]0;title\\x07\\x08\\x7f"), "control characters are shown");
	ok(becomes(true, false, "true\rfake\r\r\n", "true\\x0dfake\\x0d\r\n"),
	   "as is the end of half a line");
	ok(stays("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xa7 \xc2\xa0"), "UTF-8 stays");
	ok(becomes(false, false, "\xc3\xa4", "\\xc3\\xa4"), "but not where nobody knows it");
	ok(becomes(true, false, "\xc2\x9bm \x9b \xc2\x85", "\\xc2\\x9bm \\x9b \\xc2\\x85"),
	   "nor as a control character");
	ok(becomes(true, false, "\xc0\xaf \xe0\x82\x9b \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82",
		   "\\xc0\\xaf \\xe0\\x82\\x9b \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xe2\\x82"),
	   "nor where it is none");
	ok(becomes(false, true, "a\nb\r\n\tc", "a\\x0ab\\x0d\\x0a\\x09c"), "one line stays one");
	test_bytes();
	test_line();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
