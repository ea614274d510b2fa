// SPDX-License-Identifier: GPL-2.0
/*
 * Acts as a person at a terminal: runs a command on one, and types what the lines
 * of standard input say.
 *
 *	send TEXT	type it; \r, \n, \e, \\ and ^X as usual
 *	await TEXT	wait for it, after what was awaited before
 *	size ROWS COLUMNS
 *	end		wait until the command has ended
 *
 * All output goes to standard output.  Exits with the command's status; 99 if an awaited
 * text does not come for a long time, or cannot come any more.
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS	120000
#define SCREEN		(1024 * 1024)

static char screen[SCREEN];
static size_t have, seen;
static int master, ended;

static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '^' && text[1]) {
			*to++ = *++text & 0x1f;
		} else if (*text == '\\' && text[1]) {
			text++;
			*to++ = *text == 'r' ? '\r' : *text == 'n' ? '\n' :
				*text == 'e' ? 27 : *text;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* Reads what has arrived; returns whether more can come. */
static int more(void)
{
	struct pollfd fd = { .fd = master, .events = POLLIN };
	ssize_t n;

	if (ended || poll(&fd, 1, PATIENCE_MS) <= 0)
		return 0;
	n = read(master, screen + have, SCREEN - have);
	if (n <= 0) {
		ended = 1;
		return 0;
	}
	if (write(STDOUT_FILENO, screen + have, n) != n)
		exit(98);
	have += n;
	return 1;
}

static void await(const char *text)
{
	char *found;

	for (;;) {
		found = memmem(screen + seen, have - seen, text, strlen(text));
		if (found) {
			seen = found + strlen(text) - screen;
			return;
		}
		if (!more()) {
			printf("\n[[ \"%s\" does not come ]]\n", text);
			exit(99);
		}
	}
}

static void send_text(const char *text)
{
	if (write(master, text, strlen(text)) < 0)
		printf("\n[[ \"%s\" cannot be typed ]]\n", text);
}

static void line(char *text)
{
	struct winsize ws = { 0 };
	unsigned int rows, columns;

	text[strcspn(text, "\n")] = '\0';
	if (!strncmp(text, "send ", 5)) {
		unescape(text + 5);
		send_text(text + 5);
	} else if (!strncmp(text, "await ", 6)) {
		unescape(text + 6);
		await(text + 6);
	} else if (sscanf(text, "size %u %u", &rows, &columns) == 2) {
		ws.ws_row = rows;
		ws.ws_col = columns;
		ioctl(master, TIOCSWINSZ, &ws);
	} else if (!strcmp(text, "end")) {
		while (more())
			;
	} else {
		printf("\n[[ \"%s\" is not understood ]]\n", text);
		exit(99);
	}
}

int main(int argc, char **argv)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	char text[4096];
	int status;
	pid_t pid;

	if (argc < 2)
		return 98;
	setvbuf(stdout, NULL, _IONBF, 0);
	pid = forkpty(&master, NULL, NULL, &ws);
	if (!pid) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	while (fgets(text, sizeof(text), stdin))
		line(text);
	if (!ended)
		kill(pid, SIGHUP);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
