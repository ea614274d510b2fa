/* SPDX-License-Identifier: GPL-2.0 */
/* What the nanokernel itself has of portals, besides <linux/adeos.h>. */
#ifndef _ADEOS_PORTAL_H
#define _ADEOS_PORTAL_H

#include <linux/types.h>

struct adeos_counters;

void adeos_portal_send(u32 to);
void adeos_portals_look(void);
void adeos_portals_count(struct adeos_counters *to);

#endif /* _ADEOS_PORTAL_H */
