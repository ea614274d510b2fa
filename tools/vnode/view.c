// SPDX-License-Identifier: GPL-2.0
/*
 * Presents a vnode as text and as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "view.h"

/**
 * view_config - present a configuration as a vnode that is not loaded
 * @config: the configuration
 * @vnode: where to store it
 */
void view_config(const struct config *config, struct vnode *vnode)
{
	memset(vnode, 0, sizeof(*vnode));
	vnode->id = config->id;
	vnode->state = VNODE_DEFINED;
	vnode->cpus = config->cpus;
	vnode->memory = config->memory;
	vnode->address = config->address;
	vnode->has_address = config->address != KMB_ADDRESS_AUTO;
	snprintf(vnode->name, sizeof(vnode->name), "%s", config->name);
	snprintf(vnode->cmdline, sizeof(vnode->cmdline), "%s", config->cmdline);
	snprintf(vnode->config, sizeof(vnode->config), "%s", config->path);
	snprintf(vnode->restart, sizeof(vnode->restart), "%s",
		 config_restart_name(config->restart));
}

/**
 * view_cpus - a vnode's CPUs as text
 * @vnode: the vnode
 * @text: where to store it
 */
void view_cpus(const struct vnode *vnode, char text[CPU_LIST_TEXT])
{
	if (vnode->cpus.nr)
		format_cpu_list(&vnode->cpus, text);
	else
		snprintf(text, CPU_LIST_TEXT, "-");
}

/**
 * view_memory - the size of a vnode's memory as text
 * @vnode: the vnode
 * @text: where to store it
 */
void view_memory(const struct vnode *vnode, char text[SIZE_TEXT])
{
	if (vnode->memory)
		format_size(vnode->memory, text);
	else
		snprintf(text, SIZE_TEXT, "-");
}

/**
 * view_address - where a vnode's memory begins, as text
 * @vnode: the vnode
 * @text: where to store it
 */
void view_address(const struct vnode *vnode, char text[SIZE_TEXT])
{
	if (vnode->has_address)
		snprintf(text, SIZE_TEXT, "0x%llx", vnode->address);
	else
		snprintf(text, SIZE_TEXT, "-");
}

/**
 * json_text - a string for JSON
 * @text: the string; bytes that are not UTF-8 become '?'
 *
 * Return: a new reference.
 */
json_t *json_text(const char *text)
{
	json_t *json = json_string(text);
	char *copy, *c;

	if (json)
		return json;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	json = json_string(copy);
	free(copy);
	return json;
}

/**
 * view_json - a vnode as a JSON object
 * @vnode: the vnode
 *
 * Return: a new reference, or NULL if memory is short.
 */
json_t *view_json(const struct vnode *vnode)
{
	json_t *cpus = json_array();
	json_t *address = vnode->has_address ? json_integer(vnode->address) : json_null();
	json_t *heartbeat = vnode->state == VNODE_DEFINED ? json_null() :
							    json_integer(vnode->heartbeat);
	json_t *config = vnode->config[0] ? json_text(vnode->config) : json_null();
	__u32 i;

	for (i = 0; i < vnode->cpus.nr; i++)
		json_array_append_new(cpus, json_integer(vnode->cpus.id[i]));
	return json_pack("{s:i, s:o, s:s, s:o, s:I, s:o, s:o, s:o, s:o}",
			 "id", (int)vnode->id,
			 "name", json_text(vnode->name),
			 "state", adeos_state_name(vnode->state),
			 "cpus", cpus,
			 "memory", (json_int_t)vnode->memory,
			 "address", address,
			 "heartbeat", heartbeat,
			 "config", config,
			 "restart", json_text(vnode->restart));
}

/**
 * json_print - print JSON
 * @json: what to print; the reference is taken, NULL if memory was short
 *
 * Return: vnode's exit status.
 */
int json_print(json_t *json)
{
	int ret = json ? json_dumpf(json, stdout, JSON_INDENT(2)) : -1;

	json_decref(json);
	if (ret) {
		report("output: cannot be written as JSON");
		return EXIT_FAILURE;
	}
	putchar('\n');
	return EXIT_SUCCESS;
}
