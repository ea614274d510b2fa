// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a vnode's configuration file.
 *
 * libinih splits lines into keys and values.  It silently cuts long lines, and ignores NUL
 * bytes, empty sections and text after a section's name.  An administrator should hear of
 * these, so read_line() checks every line before libinih sees it.  It also removes
 * comments, because libinih does not know quotes.
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <string.h>

#include "config.h"

#define SECTION		"vnode"

/**
 * struct reader - a file that libinih reads
 * @file: the file
 * @config: where its values go
 * @err: what is wrong with it
 * @line: number of the line that was read last
 * @failed: @err was set; no further lines are read
 */
struct reader {
	FILE *file;
	struct config *config;
	struct errtext *err;
	int line;
	bool failed;
};

/* Each of these stores a value; they return NULL, or what was expected instead. */

static const char *set_id(struct config *config, const char *value)
{
	__u64 id;

	static_assert(KMB_MAX_VNODES == 64, "the number is part of a text");
	if (!all_digits(value) || !parse_number(value, KMB_MAX_VNODES - 1, &id) || !id)
		return "a vnode ID from 1 to 63";
	config->id = id;
	return NULL;
}

static const char *set_cpus(struct config *config, const char *value)
{
	return parse_cpu_list(value, &config->cpus);
}

static const char *set_memory(struct config *config, const char *value)
{
	if (!parse_size(value, &config->memory) || !config->memory)
		return "a size like 256M";
	if (config->memory % CONFIG_ALIGN)
		return "a multiple of 4M";
	return NULL;
}

static const char *set_address(struct config *config, const char *value)
{
	if (!strcmp(value, "auto"))
		return NULL;
	if (!parse_size(value, &config->address) || config->address == KMB_ADDRESS_AUTO)
		return "\"auto\" or a physical address like 0x10000000";
	if (config->address % CONFIG_ALIGN)
		return "a multiple of 4M (0x400000)";
	return NULL;
}

static const char *set_path(char *path, const char *value)
{
	if (value[0] != '/')
		return "an absolute path";
	snprintf(path, CONFIG_LINE_LEN, "%s", value);
	return NULL;
}

static const char *set_kernel(struct config *config, const char *value)
{
	return set_path(config->kernel, value);
}

static const char *set_initrd(struct config *config, const char *value)
{
	return set_path(config->initrd, value);
}

static const char *set_cmdline(struct config *config, const char *value)
{
	static_assert(KMB_CMDLINE_LEN == 2048, "the number is part of a text");
	if (strlen(value) >= sizeof(config->cmdline))
		return "less than 2048 characters";
	snprintf(config->cmdline, sizeof(config->cmdline), "%s", value);
	return NULL;
}

static const char *set_devices(struct config *config, const char *value)
{
	if (!parse_pci_address(value))
		return "a PCI address like 0000:00:04.0";
	config->nr_devices++;
	return NULL;
}

static const char *const restart_names[] = {
	[KMB_RESTART_NO] = "no",
	[KMB_RESTART_ON_FAILURE] = "on-failure",
	[KMB_RESTART_ALWAYS] = "always",
};

static const char *set_restart(struct config *config, const char *value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(restart_names); i++) {
		if (!strcmp(value, restart_names[i])) {
			config->restart = i;
			return NULL;
		}
	}
	return "no, on-failure or always";
}

static const struct key {
	const char *name;
	const char *(*set)(struct config *config, const char *value);
	const char *required;	/* an example, if the key is required */
	bool repeatable;
} keys[NR_KEYS] = {
	[KEY_ID] = { "id", set_id, "id = 1", false },
	[KEY_CPUS] = { "cpus", set_cpus, "cpus = 1-2", false },
	[KEY_MEMORY] = { "memory", set_memory, "memory = 256M", false },
	[KEY_ADDRESS] = { "address", set_address, NULL, false },
	[KEY_KERNEL] = { "kernel", set_kernel, "kernel = /boot/vmlinuz", false },
	[KEY_INITRD] = { "initrd", set_initrd, NULL, false },
	[KEY_CMDLINE] = { "cmdline", set_cmdline, NULL, false },
	[KEY_DEVICES] = { "devices", set_devices, NULL, true },
	[KEY_RESTART] = { "restart", set_restart, NULL, false },
};

__printf(2, 3)
static int reader_error(struct reader *reader, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reader->failed = true;
	return err_set(reader->err, "%s:%d: %s", reader->config->path,
		       reader->line ? reader->line : 1, text);
}

/*
 * Ends @text where a comment begins: at a ';' or '#' that is the first character or has a
 * blank before it, and is not between quotes.  Returns false if a quote is not closed.
 */
static bool strip_comment(char *text)
{
	bool quoted = false, blank = true;

	for (; *text; text++) {
		if (*text == '"')
			quoted = !quoted;
		if (blank && !quoted && (*text == ';' || *text == '#'))
			break;
		blank = *text == ' ' || *text == '\t';
	}
	*text = '\0';
	return !quoted;
}

static void strip_blanks(char *text)
{
	size_t start = strspn(text, " \t");
	size_t len = strlen(text);

	while (len > start && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	memmove(text, text + start, len - start);
	text[len - start] = '\0';
}

/* Reads up to the line's end; returns its length, -1 at the end or on an error. */
static int read_bytes(struct reader *reader, char *line, int size)
{
	int c, len = 0;

	for (c = getc(reader->file); c != EOF && c != '\n'; c = getc(reader->file)) {
		if (len == size - 1)
			return reader_error(reader,
					    "line is too long, expected at most %d characters",
					    size - 1);
		if (!c)
			return reader_error(reader, "NUL byte, expected text");
		line[len++] = c;
	}
	if (ferror(reader->file))
		return reader_error(reader, "%s", strerror(errno));
	if (c == EOF && !len) {
		reader->line--;
		return -1;
	}
	if (len && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	return len;
}

/* libinih reads lines with this, instead of fgets(). */
static char *read_line(char *line, int size, void *stream)
{
	struct reader *reader = stream;
	int i, len;

	if (reader->failed)
		return NULL;
	reader->line++;
	len = read_bytes(reader, line, size);
	if (len < 0)
		return NULL;
	for (i = 0; i < len; i++) {
		if (iscntrl((unsigned char)line[i]) && line[i] != '\t') {
			reader_error(reader, "control character 0x%02x, expected text",
				     (unsigned char)line[i]);
			return NULL;
		}
	}
	if (!strip_comment(line)) {
		reader_error(reader, "quote is not closed, expected another \"");
		return NULL;
	}
	strip_blanks(line);
	if (line[0] == '[' && strcmp(line, "[" SECTION "]")) {
		reader_error(reader, "unknown section %.64s, expected [" SECTION "]", line);
		return NULL;
	}
	return line;
}

static int bad_value(struct reader *reader, const char *name, const char *value,
		     const char *expected)
{
	return reader_error(reader, "%.64s = \"%.64s%s\": expected %s", name, value,
			    strlen(value) > 64 ? "..." : "", expected);
}

/* libinih passes values to this; returns 0 to stop it. */
static int store(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;
	struct config *config = reader->config;
	const char *expected;
	int i;

	if (reader->failed)
		return 0;
	if (strcmp(section, SECTION)) {
		reader_error(reader,
			     "%.64s is in no section, expected [" SECTION "] before it", name);
		return 0;
	}
	for (i = 0; i < NR_KEYS && strcmp(name, keys[i].name);)
		i++;
	if (i == NR_KEYS) {
		reader_error(reader,
			     "unknown key \"%.64s\", expected id, cpus, memory, address, kernel, initrd, cmdline, devices or restart",
			     name);
		return 0;
	}
	if (config->line[i] && !keys[i].repeatable) {
		reader_error(reader, "%s is already set in line %d, expected it once", name,
			     config->line[i]);
		return 0;
	}
	config->line[i] = reader->line;
	expected = keys[i].set(config, value);
	if (expected)
		bad_value(reader, name, value, expected);
	return !expected;
}

/* The name is the file's, without its folder and without .conf. */
static int set_name(struct config *config, struct errtext *err)
{
	const char *base = strrchr(config->path, '/');
	char name[KMB_NAME_LEN] = "";
	size_t len;

	base = base ? base + 1 : config->path;
	len = strlen(base);
	if (len > 5 && !strcmp(base + len - 5, ".conf"))
		len -= 5;
	if (len < sizeof(name))
		memcpy(name, base, len);
	if (!name_is_valid(name))
		return err_set(err,
			       "%s: \"%.64s\" cannot be a vnode's name, expected 1 to %d letters, digits, '-', '_' and '.'",
			       config->path, base, KMB_NAME_LEN - 1);
	if (!strcmp(name, "root"))
		return err_set(err,
			       "%s: \"root\" is the name of vnode 0, expected another file name",
			       config->path);
	memcpy(config->name, name, sizeof(config->name));
	return 0;
}

/* What can be checked only after the whole file was read. */
static int check_whole(struct reader *reader)
{
	struct config *config = reader->config;
	__u64 number;
	int i;

	for (i = 0; i < NR_KEYS; i++)
		if (keys[i].required && !config->line[i])
			return reader_error(reader, "%s is missing, expected a line like \"%s\"",
					    keys[i].name, keys[i].required);
	reader->line = config->line[KEY_ADDRESS];
	if (config->address != KMB_ADDRESS_AUTO &&
	    config->address + config->memory < config->address)
		return reader_error(reader,
				    "address = 0x%llx: memory ends beyond 2^64, expected a lower address",
				    config->address);
	reader->line = config->line[KEY_ID];
	if (all_digits(config->name) &&
	    (!parse_number(config->name, KMB_MAX_VNODES - 1, &number) || number != config->id))
		return reader_error(reader,
				    "id = \"%u\": the file's name \"%s\" would mean another ID, expected the same",
				    config->id, config->name);
	return 0;
}

/*
 * These are global to libinih and always the same.  Debian's libinih has them
 * as variables; they are constants elsewhere.
 */
static void set_up_libinih(void)
{
	ini_use_stack = false;
	ini_allow_realloc = false;
	ini_max_line = CONFIG_LINE_LEN;
	ini_initial_alloc = CONFIG_LINE_LEN;
	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_allow_bom = false;
	ini_allow_no_value = false;
	ini_stop_on_first_error = true;
}

/**
 * config_parse - read a configuration
 * @file: where to read it
 * @path: the file's name, for the vnode's name and for errors
 * @config: where to store it
 * @err: set on failure: file, line, what is wrong, what was expected
 *
 * Return: 0 on success, -1 on failure.
 */
int config_parse(FILE *file, const char *path, struct config *config, struct errtext *err)
{
	struct reader reader = { .file = file, .config = config, .err = err };
	int ret;

	memset(config, 0, sizeof(*config));
	config->address = KMB_ADDRESS_AUTO;
	if ((size_t)snprintf(config->path, sizeof(config->path), "%s", path) >=
	    sizeof(config->path))
		return err_set(err, "%.64s...: %s", path, strerror(ENAMETOOLONG));
	if (set_name(config, err))
		return -1;
	set_up_libinih();
	ret = ini_parse_stream(read_line, &reader, store, &reader);
	if (reader.failed)
		return -1;
	if (ret < 0)
		return err_set(err, "%s: %s", path, strerror(ENOMEM));
	if (ret > 0) {
		reader.line = ret;
		return reader_error(&reader, "expected a line like \"key = value\"");
	}
	return check_whole(&reader);
}

/**
 * config_load - read a configuration file
 * @path: its path
 * @config: where to store it
 * @err: set on failure
 *
 * Return: 0 on success, -1 on failure.
 */
int config_load(const char *path, struct config *config, struct errtext *err)
{
	FILE *file = fopen(path, "re");
	int ret;

	if (!file)
		return err_set(err, "%s: %s", path, strerror(errno));
	ret = config_parse(file, path, config, err);
	fclose(file);
	return ret;
}

/**
 * config_restart_name - a restart policy as configuration and sysfs write it
 * @restart: the policy
 *
 * Return: its name.
 */
const char *config_restart_name(enum kmb_restart restart)
{
	return restart_names[restart];
}
