// SPDX-License-Identifier: GPL-2.0
/* Portals: setting and taking the words that say who rang. */
#include "portal_words.h"

/**
 * dsp_portal_post() - ring a portal, short of sending the interrupt
 * @c: the commons
 * @to: vnode to ring, below COMMONS_NODES
 * @portal: which of its portals, below COMMONS_PORTALS
 * @from: the caller's vnode ID
 *
 * What the caller stored before is seen by the handler.
 *
 * Context: any.
 * Return: true if the caller must send the interrupt; false if one is on its
 * way, or @to has masked the portal and will look when it unmasks it.
 */
bool dsp_portal_post(struct commons *c, u32 to, u32 portal, u32 from)
{
	struct commons_node *n = &c->node[to];

	/* In this order; dsp_portal_take() and dsp_portal_rang() clear in the other. */
	commons_set(n->rang[portal], from);
	return !(commons_or(&n->pending, 1u << portal) & 1u << portal);
}

/**
 * dsp_portal_take() - find out which of one's own portals were rung
 * @c: the commons
 * @self: the caller's vnode ID
 * @masked: portals to leave alone
 *
 * Every one that it returns must be looked at with dsp_portal_rang().
 *
 * Context: any; what runs behind an unmasked portal is the caller's affair.
 * Return: a set of portals.
 */
u32 dsp_portal_take(struct commons *c, u32 self, u32 masked)
{
	return commons_and(&c->node[self].pending, masked) & ~masked;
}

/**
 * dsp_portal_rang() - find out who rang one of one's own portals
 * @c: the commons
 * @self: the caller's vnode ID
 * @portal: the portal
 *
 * Context: any.
 * Return: a set of vnodes, any of which may be no member; empty if the rings
 * were all taken before.
 */
u64 dsp_portal_rang(struct commons *c, u32 self, u32 portal)
{
	u32 *rang = c->node[self].rang[portal];
	u64 low = xchg(&rang[0], 0);

	return low | (u64)xchg(&rang[1], 0) << 32;
}
