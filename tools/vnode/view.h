/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How list and show present a vnode.
 */
#ifndef _VIEW_H
#define _VIEW_H

#include <jansson.h>

#include "config.h"
#include "libadeos.h"

void view_config(const struct config *config, struct vnode *vnode);
json_t *view_json(const struct vnode *vnode);
json_t *json_text(const char *text);
int json_print(json_t *json);

/* The parts of a vnode as text; "-" where there is none. */
void view_cpus(const struct vnode *vnode, char text[CPU_LIST_TEXT]);
void view_memory(const struct vnode *vnode, char text[SIZE_TEXT]);
void view_address(const struct vnode *vnode, char text[SIZE_TEXT]);

#endif /* _VIEW_H */
