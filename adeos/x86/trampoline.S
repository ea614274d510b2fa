/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Real mode: where INIT and SIPI take a CPU.
 *
 * Both pieces of code are copied to a page of their own below 1 MiB and run
 * there with %cs = page address >> 4, so every address in them is an offset
 * into the page.
 */
#include <linux/elfnote.h>
#include <linux/linkage.h>
#include <asm/segment.h>

	.section .rodata, "a"

/*
 * The trampoline of a vnode, for its first CPU and for the others.  It leads
 * to protected mode, paging off, at the physical address @entry, with that
 * address in %eax and with boot_params in %esi.  The data at its start is laid
 * out in arch.h; startup.c fills it in.
 */
	.code16
	.balign	16
SYM_DATA_START(adeos_trampoline)
	jmp	.Lstart
	.balign	4
.Lreached:	.long	0
.Lentry:	.long	0
.Lboot_params:	.long	0
.Lfar:		.long	.Lprotected - adeos_trampoline
		.word	__BOOT_CS
.Lgdt:		.word	__BOOT_DS + 7
.Lgdt_base:	.long	0
.Lidt:		.word	0
		.long	0
.Lstart:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movl	$1, .Lreached - adeos_trampoline
	movl	.Lentry - adeos_trampoline, %eax
	movl	.Lboot_params - adeos_trampoline, %esi
	lidtl	.Lidt - adeos_trampoline
	lgdtl	.Lgdt - adeos_trampoline
	smsw	%dx
	orw	$1, %dx
	lmsw	%dx
	ljmpl	*(.Lfar - adeos_trampoline)
	.code32
.Lprotected:
	movl	$__BOOT_DS, %edx
	movl	%edx, %ds
	movl	%edx, %es
	movl	%edx, %ss
	jmp	*%eax
SYM_DATA_END_LABEL(adeos_trampoline, SYM_L_GLOBAL, adeos_trampoline_end)

/*
 * Where a CPU stays while it is in the pool: it answers that it has left
 * whatever it was doing, and halts.  Byte 256 + APIC ID of the page is its
 * answer.
 */
	.code16
	.balign	16
SYM_DATA_START(adeos_park)
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	movb	$1, 256(%bx)
1:	hlt
	jmp	1b
SYM_DATA_END_LABEL(adeos_park, SYM_L_GLOBAL, adeos_park_end)

	.code32
/*
 * startup_32 comes here when paging is on: KMB called it, in another kernel's
 * address space, with a struct adeos_startup * in %eax.  Nothing here is at
 * the address it was linked for.
 */
	.section .head.text, "ax"
SYM_CODE_START(adeos_startup)
	call	1f
1:	popl	%edx
	addl	$adeos_trampoline, %edx
	subl	$1b, %edx			/* 2nd argument: our blob */
	movl	$boot_gdt, %ecx
	subl	$startup_32, %ecx		/* 3rd: from startup_32 to the GDT */
	jmp	adeos_startup_cpu
SYM_CODE_END(adeos_startup)

/* By this, KMB knows a kernel that can run in a vnode: ADEOS_ABI. */
ELFNOTE(Adeos, 1, .long 3)
