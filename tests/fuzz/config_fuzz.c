// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes the configuration parser.  Accepted configurations must be as vnode.conf(5)
 * promises; a refusal must be one printable line.
 */
#include <stdlib.h>
#include <string.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "config_fuzz: broken: %s\n", what);
	abort();
}

static void check_error(const struct errtext *err)
{
	const char *c;

	check(!strncmp(err->text, "/f/fuzz.conf:", 13), "error without file");
	check(strtol(err->text + 13, NULL, 10) > 0, "error without line");
	check(strstr(err->text, "expected"), "error without what was expected");
	for (c = err->text; *c; c++)
		check((unsigned char)*c >= ' ' && *c != 0x7f, "error is not printable");
}

static void check_cpus(const struct cpu_list *cpus)
{
	char text[CPU_LIST_TEXT];
	struct cpu_list again;
	__u32 i, j;

	check(cpus->nr >= 1 && cpus->nr <= KMB_MAX_CPUS, "number of CPUs");
	for (i = 0; i < cpus->nr; i++)
		for (j = 0; j < i; j++)
			check(cpus->id[i] != cpus->id[j], "a CPU twice");
	format_cpu_list(cpus, text);
	check(!parse_cpu_list(text, &again), "list of CPUs cannot be read back");
	check(again.nr == cpus->nr && !memcmp(again.id, cpus->id, cpus->nr * sizeof(__u32)),
	      "list of CPUs reads back differently");
}

static void check_config(const struct config *config)
{
	struct config both[2];
	struct errtext err;
	__u64 size;
	char text[SIZE_TEXT];

	check(config->id >= 1 && config->id < KMB_MAX_VNODES, "ID");
	check(config->memory && config->memory % CONFIG_ALIGN == 0, "memory");
	check(config->address == KMB_ADDRESS_AUTO ||
	      (config->address % CONFIG_ALIGN == 0 &&
	       config->address + config->memory >= config->address), "address");
	check(config->kernel[0] == '/', "kernel");
	check(!config->initrd[0] || config->initrd[0] == '/', "initrd");
	check(memchr(config->cmdline, '\0', KMB_CMDLINE_LEN), "command line");
	check(config_restart_name(config->restart), "restart");
	check(!strcmp(config->name, "fuzz"), "name");
	check_cpus(&config->cpus);
	format_size(config->memory, text);
	check(parse_size(text, &size) && size == config->memory, "size reads back differently");
	both[0] = *config;
	both[1] = *config;
	check(config_check_together(both, 2, &err), "a configuration fits itself");
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	FILE *file = size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");
	struct errtext err = { "" };
	struct config config;

	check(file, "no file");
	if (config_parse(file, "/f/fuzz.conf", &config, &err))
		check_error(&err);
	else
		check_config(&config);
	fclose(file);
	return 0;
}
