// SPDX-License-Identifier: GPL-2.0
/*
 * vnode show: everything about one vnode.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "confdir.h"
#include "view.h"

static void print_line(const char *key, const char *value)
{
	printf("%s: %s\n", key, value[0] ? value : "-");
}

static int print_text(const struct vnode *vnode, const struct config *config)
{
	char cpus[CPU_LIST_TEXT], memory[SIZE_TEXT], address[SIZE_TEXT];

	view_cpus(vnode, cpus);
	view_memory(vnode, memory);
	view_address(vnode, address);
	printf("id: %u\n", vnode->id);
	print_line("name", vnode->name);
	print_line("state", adeos_state_name(vnode->state));
	print_line("cpus", cpus);
	print_line("memory", memory);
	print_line("address", address);
	if (vnode->state == VNODE_DEFINED)
		print_line("heartbeat", "-");
	else
		printf("heartbeat: %llu\n", vnode->heartbeat);
	print_line("config", vnode->config);
	print_line("restart", vnode->restart);
	print_line("cmdline", vnode->cmdline);
	if (config) {
		print_line("kernel", config->kernel);
		print_line("initrd", config->initrd);
	}
	return EXIT_SUCCESS;
}

static int print_json(const struct vnode *vnode, const struct config *config)
{
	json_t *json = view_json(vnode);
	const char *kernel = config ? config->kernel : "";
	const char *initrd = config ? config->initrd : "";

	json_object_set_new(json, "cmdline", json_text(vnode->cmdline));
	json_object_set_new(json, "kernel", kernel[0] ? json_text(kernel) : json_null());
	json_object_set_new(json, "initrd", initrd[0] ? json_text(initrd) : json_null());
	return json_print(json);
}

/*
 * Finds a vnode that the kernel knows or, by its name, a configuration. Returns 1 if there
 * is also a configuration to show, -1 on failure.
 */
static int find(const char *id_or_name, struct vnode *vnode, struct config *config,
		struct errtext *err)
{
	char path[CONFIG_LINE_LEN];
	struct errtext ignored;

	if (!adeos_find(id_or_name, vnode, err))
		return vnode->config[0] && !config_load(vnode->config, config, &ignored);
	if (access(adeos_root(), F_OK) || all_digits(id_or_name) ||
	    confdir_path(id_or_name, path, &ignored) || access(path, F_OK))
		return -1;
	if (config_load(path, config, err))
		return -1;
	view_config(config, vnode);
	return 1;
}

/**
 * command_show - vnode show
 * @args: its arguments and options
 *
 * Return: vnode's exit status.
 */
int command_show(const struct args *args)
{
	struct config config;
	struct vnode vnode;
	struct errtext err;
	int ret;

	ret = find(args->items[0], &vnode, &config, &err);
	if (ret < 0)
		return report_error(&err);
	text_printable(vnode.cmdline);
	text_printable(vnode.config);
	if (args->json)
		return print_json(&vnode, ret ? &config : NULL);
	return print_text(&vnode, ret ? &config : NULL);
}
