// SPDX-License-Identifier: GPL-2.0
/*
 * Copies frames between this vnode's memory and a wire.
 *
 * The copies are most of what a large frame costs.  If the processor's string instructions
 * are fast (ERMS), memcpy(), which uses them, is best.  Otherwise, SSE moves eight bytes at
 * a time instead of four, with any alignment.  docs/vnet.md has the gain.
 */
#include <linux/cpufeature.h>
#include <linux/string.h>
#include <asm/fpu/api.h>

#include "vnet.h"

#define WIDE_MIN	2048	/* bytes; below, saving the registers costs more */
#define BLOCK		128	/* bytes: all registers of 32-bit mode */

/**
 * vnet_wide_begin() - can and should bytes be copied by wide moves?
 * @length: their number, in all
 *
 * Context: softirq, or bottom halves off.  If true, nothing may sleep until
 * vnet_wide_end().
 * Return: false if memcpy() is to be used.
 */
bool vnet_wide_begin(u32 length)
{
	if (length < WIDE_MIN || static_cpu_has(X86_FEATURE_ERMS) ||
	    !static_cpu_has(X86_FEATURE_XMM) || !irq_fpu_usable())
		return false;
	/* The control words need not be set, because moves do not use them. */
	kernel_fpu_begin_mask(0);
	return true;
}

/**
 * vnet_wide_end() - end copying by wide moves
 *
 * Context: after vnet_wide_begin().
 */
void vnet_wide_end(void)
{
	kernel_fpu_end();
}

/*
 * Halves of registers, because processors without ERMS split an unaligned MOVUPS, or are
 * even slower.
 */
static void copy_block(void *to, const void *from)
{
	asm volatile("movlps (%1), %%xmm0; movhps 8(%1), %%xmm0\n\t"
		     "movlps 16(%1), %%xmm1; movhps 24(%1), %%xmm1\n\t"
		     "movlps 32(%1), %%xmm2; movhps 40(%1), %%xmm2\n\t"
		     "movlps 48(%1), %%xmm3; movhps 56(%1), %%xmm3\n\t"
		     "movlps 64(%1), %%xmm4; movhps 72(%1), %%xmm4\n\t"
		     "movlps 80(%1), %%xmm5; movhps 88(%1), %%xmm5\n\t"
		     "movlps 96(%1), %%xmm6; movhps 104(%1), %%xmm6\n\t"
		     "movlps 112(%1), %%xmm7; movhps 120(%1), %%xmm7\n\t"
		     "movlps %%xmm0, (%0); movhps %%xmm0, 8(%0)\n\t"
		     "movlps %%xmm1, 16(%0); movhps %%xmm1, 24(%0)\n\t"
		     "movlps %%xmm2, 32(%0); movhps %%xmm2, 40(%0)\n\t"
		     "movlps %%xmm3, 48(%0); movhps %%xmm3, 56(%0)\n\t"
		     "movlps %%xmm4, 64(%0); movhps %%xmm4, 72(%0)\n\t"
		     "movlps %%xmm5, 80(%0); movhps %%xmm5, 88(%0)\n\t"
		     "movlps %%xmm6, 96(%0); movhps %%xmm6, 104(%0)\n\t"
		     "movlps %%xmm7, 112(%0); movhps %%xmm7, 120(%0)"
		     : : "r" (to), "r" (from) : "memory");
}

/**
 * vnet_wide_copy() - copy by wide moves
 * @to: where to
 * @from: the source; others may be writing there
 * @bytes: how many
 *
 * Context: between vnet_wide_begin() and vnet_wide_end().
 */
void vnet_wide_copy(void *to, const void *from, u32 bytes)
{
	for (; bytes >= BLOCK; bytes -= BLOCK, to += BLOCK, from += BLOCK)
		copy_block(to, from);
	memcpy(to, from, bytes);
}
