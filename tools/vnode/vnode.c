// SPDX-License-Identifier: GPL-2.0
/*
 * vnode: the administrator's command.  This file parses the command line; each
 * command has a file of its own.
 */
#include <argp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define START_TIMEOUT	120
#define EXEC_TIMEOUT	30
#define MAX_TIMEOUT	(30 * 24 * 3600)

const char *argp_program_version = "vnode " VNODE_VERSION;

enum {
	OPT_JSON = 0x100,
	OPT_STATE,
	OPT_TIMEOUT,
	OPT_ALL,
};

static const struct argp_option start_options[] = {
	{ "timeout", OPT_TIMEOUT, "SEC", 0,
	  "Wait so many seconds until all are up (120); 0: do not wait", 0 },
	{ "verbose", 'v', NULL, 0, "Print what was started", 0 },
	{ 0 }
};

static const struct argp_option json_options[] = {
	{ "json", OPT_JSON, NULL, 0, "Print JSON", 0 },
	{ 0 }
};

static const struct argp_option wait_options[] = {
	{ "state", OPT_STATE, "STATE", 0,
	  "Wait for this state: loading, running, stopping, stopped, crashed or hung", 0 },
	{ "timeout", OPT_TIMEOUT, "SEC", 0, "Fail after so many seconds (never)", 0 },
	{ 0 }
};

static const struct argp_option stop_options[] = {
	{ "all", OPT_ALL, NULL, 0, "Stop all vnodes but the root", 0 },
	{ "timeout", OPT_TIMEOUT, "SEC", 0, "Kill after so many seconds (60)", 0 },
	{ 0 }
};

static const struct argp_option log_options[] = {
	{ "follow", 'f', NULL, 0, "Go on until the vnode has ended", 0 },
	{ 0 }
};

static const struct argp_option exec_options[] = {
	{ "timeout", OPT_TIMEOUT, "SEC", 0,
	  "Wait so many seconds until the command runs (30)", 0 },
	{ "tty", 't', NULL, 0, "Run the command on a terminal", 0 },
	{ 0 }
};

static const struct argp_option no_options[] = {
	{ 0 }
};

/**
 * struct command - a command of vnode's
 * @name: its name
 * @args_doc: its arguments, for --help
 * @doc: what it does, for --help
 * @options: its options
 * @min: how many arguments it needs
 * @max: how many arguments it accepts
 * @timeout: default of --timeout, in seconds; -1: for ever
 * @run: runs it; NULL if this version does not support it
 */
static const struct command {
	const char *name;
	const char *args_doc;
	const char *doc;
	const struct argp_option *options;
	size_t min;
	size_t max;
	int timeout;
	int (*run)(const struct args *args);
} commands[] = {
	{ "start", "FILE|NAME...", "Start vnodes, all of them or none.",
	  start_options, 1, SIZE_MAX, START_TIMEOUT, command_start },
	{ "check", "FILE|NAME...", "Check configurations as start does, and start nothing.",
	  no_options, 1, SIZE_MAX, 0, command_check },
	{ "list", "", "List all vnodes.",
	  json_options, 0, 0, 0, command_list },
	{ "show", "ID|NAME", "Show everything about a vnode.",
	  json_options, 1, 1, 0, command_show },
	{ "wait", "ID|NAME --state STATE", "Wait until a vnode is in a state.",
	  wait_options, 1, 1, -1, command_wait },
	{ "stop", "ID|NAME...|--all", "Shut vnodes down, and kill those that do not stop.",
	  stop_options, 1, SIZE_MAX, STOP_TIMEOUT, command_stop },
	{ "kill", "ID|NAME...", "End vnodes at once.",
	  no_options, 1, SIZE_MAX, 0, command_kill },
	{ "restart", "ID|NAME", "Stop a vnode and start it from its configuration file.",
	  start_options, 1, 1, START_TIMEOUT, command_restart },
	{ "log", "ID|NAME", "Print a vnode's kernel log.",
	  log_options, 1, 1, 0, command_log },
	{ "memory", "", "Print the map of physical memory.",
	  json_options, 0, 0, 0, command_memory },
	{ "bridge", "list", "List the bridges, memory that vnodes share.",
	  json_options, 1, 1, 0, command_bridge },
	{ "console", "ID|NAME", "Use a vnode's console.",
	  no_options, 1, 1, 0, command_console },
	{ "exec", "ID|NAME -- COMMAND [ARG...]", "Run a command in a vnode.",
	  exec_options, 2, SIZE_MAX, EXEC_TIMEOUT, command_exec },
	{ "agent", "", "In a vnode: run commands for the root's \"vnode exec\".",
	  no_options, 0, 0, 0, command_agent },
	{ .name = "device" },
};

/**
 * struct request - a command that is being parsed
 * @command: the command
 * @args: its arguments and options
 */
struct request {
	const struct command *command;
	struct args args;
};

static void parse_timeout(const char *text, struct args *args, struct argp_state *state)
{
	__u64 seconds;

	if (!all_digits(text) || !parse_number(text, MAX_TIMEOUT, &seconds))
		argp_error(state, "--timeout=%.64s: expected seconds, 0 to %d", text, MAX_TIMEOUT);
	args->timeout = seconds;
}

static void check_arguments(const struct request *request, struct argp_state *state)
{
	if (request->args.all && request->args.nr)
		argp_error(state, "--all and \"%.64s\" exclude each other",
			   request->args.items[0]);
	if (request->args.nr < request->command->min && !request->args.all)
		argp_error(state, "an argument is missing, expected %s",
			   request->command->args_doc);
	if (request->command->run == command_wait && request->args.state == VNODE_DEFINED)
		argp_error(state, "--state is missing");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct request *request = state->input;
	struct args *args = &request->args;

	switch (key) {
	case OPT_JSON:
		args->json = true;
		return 0;
	case 'f':
		args->follow = true;
		return 0;
	case 't':
		args->tty = true;
		return 0;
	case 'v':
		args->verbose = true;
		return 0;
	case OPT_ALL:
		args->all = true;
		return 0;
	case OPT_TIMEOUT:
		parse_timeout(arg, args, state);
		return 0;
	case OPT_STATE:
		if (!adeos_parse_state(arg, &args->state))
			argp_error(state,
				   "--state=%.64s: expected loading, running, stopping, stopped, crashed or hung",
				   arg);
		return 0;
	case ARGP_KEY_ARG:
		if (args->nr == request->command->max)
			argp_error(state, "\"%.64s\" is one argument too many", arg);
		args->items[args->nr++] = arg;
		/* Options after exec's command belong to that command. */
		if (request->command->run == command_exec && args->nr == 2)
			while (state->next < state->argc)
				args->items[args->nr++] = state->argv[state->next++];
		return 0;
	case ARGP_KEY_END:
		check_arguments(request, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Runs a command, whose name is argv[0]. */
static int run_command(const struct command *command, int argc, char **argv)
{
	struct request request = {
		.command = command,
		.args = { .timeout = command->timeout, .state = VNODE_DEFINED },
	};
	const struct argp argp = {
		.options = command->options,
		.parser = parse_option,
		.args_doc = command->args_doc,
		.doc = command->doc,
	};
	char name[32];
	int ret;

	if (!command->run) {
		report("%s: not supported by this version", command->name);
		return EXIT_FAILURE;
	}
	request.args.items = calloc(argc, sizeof(char *));
	if (!request.args.items) {
		report("%s: %s", command->name, strerror(errno));
		return EXIT_FAILURE;
	}
	snprintf(name, sizeof(name), "vnode %s", command->name);
	argv[0] = name;
	argp_parse(&argp, argc, argv, command->run == command_exec ? ARGP_IN_ORDER : 0, NULL,
		   &request);
	ret = command->run(&request.args);
	free(request.args.items);
	return ret;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/* Parses the first argument, the command, and leaves the rest to the command. */
static error_t parse_command(int key, char *arg, struct argp_state *state)
{
	int *first = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (!find_command(arg))
			argp_error(state, "\"%.64s\" is not a command", arg);
		*first = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a command is missing");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Lists the commands in --help. */
static char *help_commands(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t i, size;
	FILE *stream;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	stream = open_memstream(&help, &size);
	if (!stream)
		return NULL;
	fputs("Commands:\n", stream);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].run)
			fprintf(stream, "  %-8s  %s\n", commands[i].name, commands[i].doc);
	fputs("\n\"vnode COMMAND --help\" describes a command.", stream);
	fclose(stream);
	return help;
}

int main(int argc, char **argv)
{
	const struct argp argp = {
		.parser = parse_command,
		.args_doc = "COMMAND [ARG...]",
		.doc = "Start, watch and stop the Linux kernels of this machine.\v-",
		.help_filter = help_commands,
	};
	char command_name[] = "vnode";
	int first = 0, ret;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = command_name;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &first);
	ret = run_command(find_command(argv[first]), argc - first, argv + first);
	if ((fflush(stdout) || ferror(stdout)) && ret == EXIT_SUCCESS) {
		report("output: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	return ret;
}
