// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel options that an administrator should not use.  Options that take from a vnode what
 * its configuration gives it cause a warning.  Options that give it what may belong to
 * another vnode are refused.
 *
 * vnode.conf(5) has the same table.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmdline.h"

#define REFUSED		NULL

/**
 * struct option - a kernel option
 * @name: its name
 * @value: with this value only; NULL for any value or none
 * @takes: what it takes, or REFUSED
 * @expected: what to write instead, or NULL
 */
static const struct option {
	const char *name;
	const char *value;
	const char *takes;
	const char *expected;
} options[] = {
	{ "vnode", NULL, REFUSED, "\"id = ID\"" },
	{ "vnode_cpus", NULL, REFUSED, "\"cpus = LIST\"" },
	{ "nosmp", NULL, "all CPUs but the first one", "one CPU in \"cpus =\"" },
	{ "maxcpus", NULL, "CPUs until they are brought online", "fewer CPUs in \"cpus =\"" },
	{ "nr_cpus", NULL, "CPUs", "fewer CPUs in \"cpus =\"" },
	{ "possible_cpus", NULL, "CPUs", "fewer CPUs in \"cpus =\"" },
	{ "nosmt", NULL, "CPUs", "fewer CPUs in \"cpus =\"" },
	{ "acpi", "off", "CPUs", NULL },
	{ "nolapic", NULL, "local APICs, and so all CPUs but the first one", NULL },
	{ "disableapic", NULL, "local APICs, and so all CPUs but the first one", NULL },
	{ "noapic", NULL, "interrupts", NULL },
	{ "nolapic_timer", NULL, "the timers of its CPUs", NULL },
	{ "noapictimer", NULL, "the timers of its CPUs", NULL },
	{ "notsc", NULL, "its clock", NULL },
	{ "tsc", "unstable", "its clock", NULL },
	{ "mem", NULL, "memory", "less in \"memory =\"" },
	{ "memmap", NULL, "memory", "less in \"memory =\"" },
	{ "highmem", NULL, "memory above 896M", "less in \"memory =\"" },
	{ "noinitrd", NULL, "its initrd", "no \"initrd =\"" },
	{ "initrd", NULL, "its initrd", "another \"initrd =\"" },
	{ "initrdmem", NULL, "its initrd", "another \"initrd =\"" },
	{ "console", NULL, "/dev/console, which \"vnode log\" shows", NULL },
};

/* The kernel treats '-' and '_' as equal. */
static bool is_named(const char *word, size_t len, const char *name)
{
	size_t i;

	for (i = 0; i < len && name[i]; i++)
		if (word[i] != name[i] && !(word[i] == '-' && name[i] == '_'))
			return false;
	return i == len && !name[i];
}

static const struct option *find_option(const char *word, const char *value)
{
	size_t i, len = strcspn(word, "=");

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (is_named(word, len, options[i].name) &&
		    (!options[i].value || !strcmp(options[i].value, value)))
			return &options[i];
	return NULL;
}

/* With these characters, memmap= gives memory, which belongs to another vnode or does not exist. */
static bool gives_memory(const struct option *option, const char *value)
{
	return !strcmp(option->name, "memmap") && strpbrk(value, "@!");
}

/* hvc0 is the vnode's log, ttyV its terminals. */
static bool is_harmless(const struct option *option, const char *value)
{
	return !strcmp(option->name, "console") &&
	       (!strncmp(value, "hvc0", 4) || !strncmp(value, "ttyV", 4));
}

static int judge(const struct config *config, const char *word, struct errtext *err)
{
	const char *value = strchr(word, '=');
	const struct option *option;
	int line = config->line[KEY_CMDLINE];

	value = value ? value + 1 : "";
	option = find_option(word, value);
	if (!option || is_harmless(option, value))
		return 0;
	if (gives_memory(option, value))
		return err_set(err,
			       "%s:%d: cmdline: \"%.64s\" gives the vnode memory, expected \"memory =\" and \"address =\"",
			       config->path, line, word);
	if (option->takes == REFUSED)
		return err_set(err, "%s:%d: cmdline: \"%.64s\": expected %s instead", config->path,
			       line, word, option->expected);
	report("%s:%d: warning: cmdline: \"%.64s\" takes from the vnode: %s%s%s", config->path,
	       line, word, option->takes, option->expected ? ", expected " : "",
	       option->expected ? option->expected : "");
	return 0;
}

/*
 * Cuts the next word out of @text, as the kernel does: blanks between double quotes belong
 * to the word, the quotes do not.  Returns what follows, or NULL at the end.
 */
static char *cut_word(char *text, char **word)
{
	bool quoted = false;
	char *to;

	text += strspn(text, " \t");
	if (!*text)
		return NULL;
	*word = to = text;
	for (; *text && (quoted || !strchr(" \t", *text)); text++) {
		if (*text == '"')
			quoted = !quoted;
		else
			*to++ = *text;
	}
	if (*text)
		text++;
	*to = '\0';
	return text;
}

/**
 * cmdline_check - check the kernel options of a configuration
 * @config: the configuration
 * @err: set if one of them is refused
 *
 * Warns about options that only take something from the vnode.
 *
 * Return: 0, or -1 if one is refused.
 */
int cmdline_check(const struct config *config, struct errtext *err)
{
	char text[sizeof(config->cmdline)], *next = text, *word;

	memcpy(text, config->cmdline, sizeof(text));
	while ((next = cut_word(next, &word))) {
		/* The rest is for init. */
		if (!strcmp(word, "--"))
			break;
		if (judge(config, word, err))
			return -1;
	}
	return 0;
}
