/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configurations in /etc/vnode.
 */
#ifndef _CONFDIR_H
#define _CONFDIR_H

#include "config.h"

int confdir_path(const char *file_or_name, char path[CONFIG_LINE_LEN], struct errtext *err);
int confdir_load(const char *file_or_name, struct config *config, struct errtext *err);
int confdir_list(struct config **configs, size_t *nr, struct errtext *err);

#endif /* _CONFDIR_H */
