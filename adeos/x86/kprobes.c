// SPDX-License-Identifier: GPL-2.0
/*
 * What must not be probed: instructions that use an interrupt flag.  See the
 * patch "x86/kprobes: no probes on what uses an interrupt flag".
 */
#include <linux/kprobes.h>

#include <asm/insn.h>

#include "x86.h"
#include "common.h"

static bool is_in_state(const struct insn_field *address)
{
	return address->nbytes == 4 &&
	       (u32)address->value - (u32)(uintptr_t)&adeos_irq_state < sizeof(adeos_irq_state);
}

/**
 * adeos_insn_has_flag() - does an instruction use an interrupt flag?
 * @insn: the instruction, decoded
 *
 * Context: any.
 * Return: true if it uses the CPU's, or adeos_irq_state, which has Linux's.
 */
bool adeos_insn_has_flag(const struct insn *insn)
{
	switch (insn->opcode.bytes[0]) {
	case 0xfa:	/* cli */
	case 0xfb:	/* sti */
	case 0x9c:	/* pushf */
	case 0x9d:	/* popf */
		return true;
	case 0xa0 ... 0xa3:	/* mov between the accumulator and an address */
		return is_in_state(&insn->moffset1);
	default:
		return is_in_state(&insn->displacement);
	}
}
