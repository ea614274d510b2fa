/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel options in a vnode's configuration.
 */
#ifndef _CMDLINE_H
#define _CMDLINE_H

#include "config.h"

int cmdline_check(const struct config *config, struct errtext *err);

#endif /* _CMDLINE_H */
