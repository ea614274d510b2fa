/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Real mode: where INIT and SIPI take a CPU.
 *
 * Both pieces of code are copied to a page of their own below 1 MiB and run
 * there with %cs = page address >> 4, so every address in them is an offset
 * into the page.
 */
#include <linux/adeos.h>
#include <linux/elfnote.h>
#include <linux/linkage.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>

#include "park.h"
#include "selftest.h"

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
 * whatever it was doing, and halts.  The byte at PARK_ANSWERS + APIC ID is its
 * answer.
 *
 * INIT leaves a CPU that a broadcast machine check would shut down, and with it
 * the machine: CR4.MCE is clear (SDM vol. 3, table 10-1; 16.6), and vectors point
 * to what the firmware has left.  So the page has a vector table of its own, in
 * which all lead back to the halt.  Performance counters, which INIT does not
 * stop (table 10-1), are stopped here, and the thermal interrupt that the
 * firmware may have set up for itself is as it was (table 12-1: INIT masks it).
 *
 * %ebp: the APIC ID, by the APIC's own register: where firmware has renumbered the
 * APICs, CPUID still tells the number from reset (SDM vol. 2, CPUID, leaf 1).
 * %edi: what CPUID says of the CPU.  Both are set before the first instruction
 * that could fault, as is %esi, the address of the APIC's registers.
 */
#define PARK_MCA	(1 << 7 | 1 << 14)	/* CPUID.1:EDX: MCE and MCA */
#define PARK_APIC	0xfee00000		/* its registers, as INIT leaves it */
#define PARK_APIC_ID	0x020
#define PARK_APIC_LDR	0x0d0
#define PARK_APIC_DFR	0x0e0
#define PARK_APIC_SPIV	0x0f0
#define PARK_APIC_IRR	(0x200 + SELFTEST_VECTOR / 32 * 0x10)
#define PARK_APIC_THERMAL	0x330

	.code16
	.balign	16
SYM_DATA_START(adeos_park)
	jmp	.Lpark
	.balign	4
.Lpark_idt:	.word	PARK_VECTORS * 4 - 1		/* park.h: PARK_IDT_BASE */
		.long	0
		.word	0
.Lpark_thermal:	.long	0				/* PARK_THERMAL */
.Lpark_gdt:	.word	15
.Lpark_gdt_base: .long	0				/* PARK_GDT_BASE */
		.word	0
.Lpark_flat:	.quad	0
		.quad	0x00cf93000000ffff		/* all of memory, data */
.Lpark:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$PARK_STACK, %sp
	lidtl	.Lpark_idt - adeos_park
	lgdtl	.Lpark_gdt - adeos_park
	/* %fs keeps a limit of 4 GiB when protected mode is left again. */
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	jmp	1f
1:	movw	$8, %bx
	movw	%bx, %fs
	andb	$0xfe, %al
	movl	%eax, %cr0
	jmp	2f
2:	movl	$PARK_APIC, %esi
	movl	%fs:PARK_APIC_ID(%esi), %ebp
	shrl	$24, %ebp
	movl	$1, %eax
	cpuid
	movl	%edx, %edi
	movl	.Lpark_thermal - adeos_park, %eax
	testl	%eax, %eax
	jz	3f
	movl	%eax, %fs:PARK_APIC_THERMAL(%esi)
3:	testl	$(1 << 7), %edi
	jz	.Lcounters
	movl	%cr4, %eax
	orl	$X86_CR4_MCE, %eax
	movl	%eax, %cr4

.Lcounters:
	xorl	%eax, %eax
	cpuid
	cmpl	$0x68747541, %ebx		/* "Auth"enticAMD */
	je	.Lamd
	cmpl	$0x6f677948, %ebx		/* "Hygo"nGenuine */
	je	.Lamd
	cmpl	$0xa, %eax
	jb	.Lanswer
	movl	$0xa, %eax
	cpuid
	cmpb	$2, %al				/* from version 2 on, one register stops all */
	jb	.Lanswer
	xorl	%eax, %eax
	xorl	%edx, %edx
	movl	$MSR_CORE_PERF_GLOBAL_CTRL, %ecx
	wrmsr
	jmp	.Lanswer
.Lamd:
	xorl	%eax, %eax
	xorl	%edx, %edx
	movl	$MSR_K7_EVNTSEL3, %ecx
4:	wrmsr
	decl	%ecx
	cmpl	$MSR_K7_EVNTSEL0, %ecx
	jae	4b

.Lanswer:
	xorl	%eax, %eax
	movb	PARK_LOGICAL(%bp), %al
	testb	%al, %al
	jnz	.Ltest
	movb	$PARK_HERE, PARK_ANSWERS(%bp)
5:	hlt
	jmp	5b

	/*
	 * The self-test: takes the logical ID that it is told, in cluster mode, and
	 * when the root has sent what it wants to send, tells what has arrived.
	 */
.Ltest:
	shll	$24, %eax
	movl	$0x0fffffff, %fs:PARK_APIC_DFR(%esi)
	movl	%eax, %fs:PARK_APIC_LDR(%esi)
	movl	$0x1ff, %fs:PARK_APIC_SPIV(%esi)
	movb	$PARK_HERE, PARK_ANSWERS(%bp)
6:	pause
	cmpb	$0, PARK_LOGICAL(%bp)
	jne	6b
	movw	%bp, %bx
	shlw	$3, %bx
	movl	%fs:PARK_APIC_IRR(%esi), %eax
	movl	%eax, PARK_GOT(%bx)
	movl	%fs:PARK_APIC_IRR+0x10(%esi), %eax
	movl	%eax, PARK_GOT+4(%bx)
	movl	$0, %fs:PARK_APIC_LDR(%esi)
	movl	$0xff, %fs:PARK_APIC_SPIV(%esi)
	movb	$PARK_TOLD, PARK_ANSWERS(%bp)
	jmp	5b

	/*
	 * A machine check, an NMI, or a register that is not there.  NMIs stay
	 * blocked, for there is no IRET: nobody here has a use for them.  What
	 * machine check banks have to say is for those who run.
	 */
SYM_INNER_LABEL(adeos_park_fault, SYM_L_GLOBAL)
	movw	$PARK_STACK, %sp
	andl	$PARK_MCA, %edi
	cmpl	$PARK_MCA, %edi
	jne	.Lanswer
	/* Or the next machine check shuts down: SDM vol. 3, 16.3.1.2, MCIP. */
	xorl	%eax, %eax
	xorl	%edx, %edx
	movl	$MSR_IA32_MCG_STATUS, %ecx
	wrmsr
	jmp	.Lanswer
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

/* By this, KMB knows a kernel that can run in a vnode. */
ELFNOTE(Adeos, 1, .long ADEOS_ABI)
