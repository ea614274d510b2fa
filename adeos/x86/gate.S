/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gates of all interrupts, and how interrupts get from the nanokernel to
 * Linux.
 *
 * A gate goes straight on to Linux's own, with the stack as the CPU has left
 * it, if no stage ahead wants the interrupt and Linux's is not stalled.
 */
#include <linux/export.h>
#include <linux/linkage.h>

#include <asm/adeos.h>
#include <asm/asm.h>
#include <asm/irq_vectors.h>
#include <asm/nospec-branch.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>

	.section .entry.text, "ax"

	.balign	8
SYM_CODE_START(adeos_gates)
	vector = FIRST_EXTERNAL_VECTOR
	.rept	NR_VECTORS - FIRST_EXTERNAL_VECTOR
0:	.byte	0x6a, vector		/* pushl, sign-extended: orig_eax */
	jmp	adeos_gate
	.fill	0b + 8 - ., 1, 0xcc
	vector = vector + 1
	.endr
SYM_CODE_END(adeos_gates)

/* Offsets from %esp, once two registers are saved */
#define VECTOR	8
#define CS	16
#define EFLAGS	20

SYM_CODE_START_LOCAL(adeos_gate)
	pushl	%eax
	pushl	%fs
	movl	$__KERNEL_PERCPU, %eax
	movl	%eax, %fs
	movzbl	VECTOR(%esp), %eax
	incl	%fs:adeos_received(, %eax, 4)
	cmpb	$0, %ss:adeos_vector_taken(%eax)
	jne	.Lnot_straight
	testb	$ADEOS_BLOCKED, %fs:adeos_irq_state+1
	jnz	.Lnot_straight
	/* In user mode, Linux's stage is open, whatever its flag says. */
	testb	$SEGMENT_RPL_MASK, CS(%esp)
	jnz	.Lstraight
#ifdef CONFIG_VM86
	testl	$X86_EFLAGS_VM, EFLAGS(%esp)
	jnz	.Lstraight
#endif
	testb	$ADEOS_OPEN, %fs:adeos_irq_state+1
	jz	.Lnot_straight
.Lstraight:
	movl	%ss:adeos_linux_gates(, %eax, 4), %eax
	movl	%eax, VECTOR(%esp)
1:	popl	%fs
2:	popl	%eax
	RET

.Lnot_straight:
3:	popl	%fs
4:	popl	%eax
	jmp	asm_adeos_interrupt

	/* User space may have made its own segment invalid meanwhile. */
	_ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_POP_ZERO|EX_REG_FS)
	_ASM_EXTABLE_TYPE(3b, 4b, EX_TYPE_POP_ZERO|EX_REG_FS)
SYM_CODE_END(adeos_gate)

	.section .noinstr.text, "ax"

/*
 * void adeos_play(const void *gate): as if the interrupt of that gate came now.
 * It returns by IRET; see adeos_exit_slow().
 */
SYM_FUNC_START(adeos_play)
	pushfl
	orl	$X86_EFLAGS_IF, (%esp)
	pushl	%cs
	pushl	$adeos_played
	JMP_NOSPEC eax
SYM_INNER_LABEL(adeos_played, SYM_L_GLOBAL)
	RET
SYM_FUNC_END(adeos_play)

/* The rest of arch_local_irq_enable(), which expects that nothing changes. */
SYM_FUNC_START(adeos_unstall_slow)
	pushl	%eax
	pushl	%ecx
	pushl	%edx
	call	adeos_open
	popl	%edx
	popl	%ecx
	popl	%eax
	RET
SYM_FUNC_END(adeos_unstall_slow)
EXPORT_SYMBOL(adeos_unstall_slow)
