/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words behind the portals: who rang what.
 *
 *             ring: sets "rang", then "pending"
 *   quiet ---------------------------------------> pending --+ ring: sets "rang";
 *     ^      finds "pending" clear: interrupt         |  ^---+ coalesced
 *     +-----------------------------------------------+
 *             take: clears "pending", then "rang"
 *
 * A vnode that dies between "pending" and the interrupt leaves a portal that
 * everybody else takes for rung.  So the interrupt that tells of a death is
 * never coalesced, and every vnode looks for itself when it beats.
 */
#ifndef _ADEOS_PORTAL_WORDS_H
#define _ADEOS_PORTAL_WORDS_H

#include "commons.h"

/* Portals that the nanokernel has for itself. */
#define PORTAL_DSP	0	/* messages, room for messages, membership */
#define PORTAL_BRIDGE	1	/* a bridge that you use, or watch, has changed */

bool dsp_portal_post(struct commons *c, u32 to, u32 portal, u32 from);
u32 dsp_portal_take(struct commons *c, u32 self, u32 masked);
u64 dsp_portal_rang(struct commons *c, u32 self, u32 portal);

#endif /* _ADEOS_PORTAL_WORDS_H */
