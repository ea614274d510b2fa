/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vnode's configuration file, as vnode.conf(5) describes it.
 */
#ifndef _CONFIG_H
#define _CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <linux/types.h>

#include "errtext.h"
#include "kmb.h"
#include "values.h"

#define CONFIG_LINE_LEN		4096	/* with line end and NUL */
#define CONFIG_ALIGN		(4ULL << 20)

/* In the order in which a missing one is reported. */
enum config_key {
	KEY_ID,
	KEY_CPUS,
	KEY_MEMORY,
	KEY_ADDRESS,
	KEY_KERNEL,
	KEY_INITRD,
	KEY_CMDLINE,
	KEY_DEVICES,
	KEY_RESTART,
	NR_KEYS,
};

/**
 * struct config - what one configuration file says
 * @path: the file, as the user named it
 * @name: the vnode's name
 * @line: for each key the line where it is set (the last one, if repeatable),
 *	0 if it is not set
 * @id: vnode ID
 * @cpus: its CPUs, the first one boots
 * @memory: size of its region, bytes
 * @address: physical address of its region, or KMB_ADDRESS_AUTO
 * @kernel: absolute path of the kernel image
 * @initrd: absolute path of the initial RAM disk, or empty
 * @cmdline: kernel command line, may be empty
 * @nr_devices: how many PCI devices are to be handed over
 * @restart: an enum kmb_restart
 */
struct config {
	char path[CONFIG_LINE_LEN];
	char name[KMB_NAME_LEN];
	int line[NR_KEYS];
	__u32 id;
	struct cpu_list cpus;
	__u64 memory;
	__u64 address;
	char kernel[CONFIG_LINE_LEN];
	char initrd[CONFIG_LINE_LEN];
	char cmdline[KMB_CMDLINE_LEN];
	unsigned int nr_devices;
	enum kmb_restart restart;
};

int config_parse(FILE *file, const char *path, struct config *config, struct errtext *err);
int config_load(const char *path, struct config *config, struct errtext *err);
int config_check_together(const struct config *configs, size_t nr, struct errtext *err);
const char *config_restart_name(enum kmb_restart restart);

#endif /* _CONFIG_H */
