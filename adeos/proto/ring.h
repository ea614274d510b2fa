/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of messages with one sender and one receiver, and no lock: a side that
 * dies leaves nothing half done that the other would see.
 *
 * Both keep their own position to themselves; what lies in the commons is for
 * the other.  A new incarnation goes on where the shared words say that the
 * last one stopped, so the other side need not do anything about it.
 */
#ifndef _ADEOS_RING_H
#define _ADEOS_RING_H

#include "commons.h"

void dsp_ring_attach_sender(struct commons_ring *r, u32 *head);
void dsp_ring_attach_receiver(struct commons_ring *r, u32 *tail);
int dsp_ring_put(struct commons_ring *r, u32 *head, union dsp_msg *msg);
int dsp_ring_get(struct commons_ring *r, u32 *tail, union dsp_msg *msg);
void dsp_ring_resume(struct commons_ring *r);
bool dsp_ring_stalled(struct commons_ring *r);

#endif /* _ADEOS_RING_H */
