/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Starting vnodes: all of those named, or none.
 */
#ifndef _LAUNCH_H
#define _LAUNCH_H

#include "config.h"

/**
 * struct image_files - the open files of a vnode that is to be loaded
 * @kernel: its kernel
 * @initrd: its initial RAM disk, or -1
 * @config: absolute path of its configuration
 */
struct image_files {
	int kernel;
	int initrd;
	char config[KMB_PATH_LEN];
};

/**
 * struct launch - vnodes that are being started together
 * @kmb: KMB's device
 * @nr: how many vnodes
 * @configs: their configurations
 * @files: their files
 */
struct launch {
	int kmb;
	size_t nr;
	struct config *configs;
	struct image_files *files;
};

int launch_prepare(struct launch *launch, char **names, size_t nr, struct errtext *err);
int launch_check(char **names, size_t nr, struct errtext *err);
int launch_boot(const struct launch *launch, struct errtext *err);
int launch_wait(const struct launch *launch, int timeout, bool verbose);
void launch_release(struct launch *launch);

#endif /* _LAUNCH_H */
