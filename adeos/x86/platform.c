// SPDX-License-Identifier: GPL-2.0
/*
 * The platform of a vnode other than the root: no BIOS, ACPI, PIT, PIC, RTC,
 * i8042, VGA, serial port or PCI; what there is, the vnode page tells (paper:
 * "Kernel initialization", "Timers").
 */
#include <linux/acpi.h>
#include <linux/capability.h>
#include <linux/cpufeature.h>
#include <linux/cred.h>
#include <linux/init.h>
#include <linux/init_task.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/panic_notifier.h>
#include <linux/pm.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/sched/clock.h>
#include <linux/serial_8250.h>
#include <linux/sizes.h>
#include <linux/smp.h>

#include <asm/apic.h>
#include <asm/cmdline.h>
#include <asm/e820/api.h>
#include <asm/i8259.h>
#include <asm/io_apic.h>
#include <asm/irq.h>
#include <asm/mpspec.h>
#include <asm/msr.h>
#include <asm/pci_x86.h>
#include <asm/reboot.h>
#include <asm/realmode.h>
#include <asm/setup.h>
#include <asm/tsc.h>
#include <asm/x86_init.h>

#include "clock.h"
#include "life/report.h"
#include "proto/steer.h"
#include "x86.h"

unsigned long phys_base __ro_after_init;
EXPORT_SYMBOL(phys_base);

/* Our slot, as mapped now: early, for a while, and then for good. */
struct adeos_slot *adeos_own_slot;

static phys_addr_t slot_phys __initdata;
static struct adeos_page page __ro_after_init;	/* its constant part */
static bool is_vnode __ro_after_init;

/**
 * adeos_is_vnode() - does this kernel run in a vnode other than the root?
 *
 * Context: any.
 */
bool adeos_is_vnode(void)
{
	return is_vnode;
}

/**
 * adeos_own_id() - this kernel's vnode ID
 *
 * Context: any.
 */
u32 adeos_own_id(void)
{
	return page.id;
}

/**
 * adeos_own_commons() - where the memory is that all vnodes share
 *
 * Return: its physical address, 0 if there is none; in vnodes, not in the root.
 */
phys_addr_t adeos_own_commons(void)
{
	return page.commons;
}

static void __init vnode_map_slot(void)
{
	const struct adeos_extent *memory = page.extent;

	slot_phys = boot_params.hdr.hardware_subarch_data;
	adeos_own_slot = early_memremap(slot_phys, sizeof(struct adeos_slot));
	page = adeos_own_slot->page;
	adeos_console_early();

	/* Whoever started us was not of our making. */
	if (page.magic != ADEOS_PAGE_MAGIC || page.abi != ADEOS_ABI ||
	    !page.nr_cpus || page.nr_cpus > ADEOS_MAX_CPUS)
		panic("adeos: the vnode page at %pa is not valid", &slot_phys);

	pr_info("adeos: vnode %u: memory [mem %#010llx-%#010llx], %u CPUs, first APIC ID %u\n",
		page.id, memory->start, memory->start + memory->size - 1,
		page.nr_cpus, page.cpus[0]);
	adeos_shared_init(page.nr_slots);
	adeos_apic_set_cpus(page.slots, page.dests, page.nr_cpus);
	if (page.physical)
		adeos_apic_set_physical();
}

static int __init vnode_remap_slot(void)
{
	struct adeos_slot *early = adeos_own_slot;

	if (!is_vnode)
		return 0;
	adeos_own_slot = memremap(slot_phys, sizeof(*early), MEMREMAP_WB);
	if (!adeos_own_slot)
		panic("adeos: cannot map the vnode page");
	early_memunmap(early, sizeof(*early));
	return 0;
}
early_initcall(vnode_remap_slot);

static char * __init vnode_memory_setup(void)
{
	const struct adeos_extent *memory = page.extent;
	unsigned int i;

	/* In two pieces: Linux takes a map of one entry for a broken one. */
	e820__range_add(memory->start, SZ_1M, E820_TYPE_RAM);
	e820__range_add(memory->start + SZ_1M, memory->size - SZ_1M, E820_TYPE_RAM);
	for (i = 1; i < ADEOS_EXTENTS && memory[i].size; i++)
		e820__range_add(memory[i].start, memory[i].size, E820_TYPE_RAM);
	return "vnode";
}

static void __init vnode_parse_smp(void)
{
	unsigned int i;

	register_lapic_address(APIC_DEFAULT_PHYS_BASE);
	for (i = 0; i < page.nr_cpus; i++)
		topology_register_apic(page.cpus[i], CPU_ACPIID_INVALID, true);
	smp_found_config = 1;
}

/* The trampoline below 1 MiB is not ours, but lent; it leads to our CPUs. */
static void __init vnode_realmode_init(void)
{
	static struct real_mode_header header;
	u8 *trampoline = memremap(page.trampoline, PAGE_SIZE, MEMREMAP_WB);

	if (!trampoline)
		panic("adeos: cannot map the trampoline");
	WRITE_ONCE(*(u32 *)(trampoline + TRAMP_ENTRY), __pa_symbol(startup_32_smp));
	WRITE_ONCE(*(u32 *)(trampoline + TRAMP_GDT_BASE), __pa_symbol(boot_gdt));
	memunmap(trampoline);

	header.trampoline_start = page.trampoline;
	real_mode_header = &header;
}

static unsigned long vnode_tsc_khz(void)
{
	return page.tsc_khz;
}

static void __init vnode_timer_init(void)
{
	lapic_timer_period = mul_u64_u32_div(page.lapic_khz, 1000, HZ);
}

/*
 * Before Linux looks at it: it takes the vnode's boot CPU for the machine's, whose
 * IA32_TSC_ADJUST it would set to 0, and then that of others in its package.
 */
static u64 vnode_tsc_adjust(u32 apic_id)
{
	u64 own, wanted;

	if (!boot_cpu_has(X86_FEATURE_TSC_ADJUST))
		return 0;
	rdmsrl(MSR_IA32_TSC_ADJUST, own);
	wanted = adeos_steer_tsc_adjust(own, page.tsc_adjust, apic_id, page.root_apic_id,
					x86_topo_system.dom_shifts[TOPO_PKG_DOMAIN - 1]);
	if (wanted != own)
		wrmsrl(MSR_IA32_TSC_ADJUST, wanted);
	return wanted;
}

/* A CPU that starts, before Linux identifies it. */
static void vnode_secondary(void)
{
	u32 apic_id = read_apic_id();

	vnode_tsc_adjust(apic_id);
	adeos_cmci_start(apic_id);
}

/*
 * The ports belong to no vnode but the root.  Drivers here find them taken, and
 * programs cannot have the capability that ioperm(2), iopl(2), /dev/port and
 * /dev/mem ask for.
 */
static void __init vnode_claim_ports(void)
{
	static struct resource ports = {
		.name	= "other vnodes",
		.end	= IO_SPACE_LIMIT,
		.flags	= IORESOURCE_IO | IORESOURCE_BUSY,
	};

	request_resource(&ioport_resource, &ports);
	cap_lower(init_cred.cap_bset, CAP_SYS_RAWIO);
	pr_info("adeos: I/O ports are the root's: drivers get none here, programs no CAP_SYS_RAWIO\n");
}

static unsigned char vnode_get_nmi_reason(void)
{
	return 0;
}

static int __init vnode_pci_arch_init(void)
{
	return 0;
}

/* Ends this vnode, and only it: the root resets its CPUs. */
static void __noreturn vnode_end(enum adeos_report report)
{
	local_irq_disable();
	/* In VMX operation, a CPU does not take the INIT that parks it. */
	cpu_emergency_disable_virtualization();
	WRITE_ONCE(adeos_own_slot->page.report, report);
	/* Before that, there is no way to ring: the root looks every second. */
	if (smp_found_config)
		adeos_doorbell_ring(page.root_apic_id);
	for (;;)
		halt();
}

static void vnode_restart(char *cmd)
{
	smp_send_stop();
	vnode_end(ADEOS_REPORT_REBOOT);
}

static void vnode_halt(void)
{
	smp_send_stop();
	vnode_end(ADEOS_REPORT_OFF);
}

static void vnode_emergency_restart(void)
{
	vnode_end(atomic_read(&panic_cpu) == PANIC_CPU_INVALID ?
		  ADEOS_REPORT_REBOOT : ADEOS_REPORT_CRASHED);
}

/* panic() calls this when it has written everything that it has to say. */
static long vnode_panic_end(int state)
{
	vnode_end(ADEOS_REPORT_CRASHED);
}

#if IS_BUILTIN(CONFIG_SERIAL_8250)
/* The ports are the root's. */
static void vnode_no_uart(int port, struct uart_port *up, u32 *capabilities)
{
	up->iobase = 0;
}
#endif

/*
 * Called after early parameters, and after acpi_mps_check(), which gives up the APIC
 * without ACPI.  Options that would leave the vnode without what it cannot do
 * without ("acpi=off", "nolapic", "noapic") are without effect.
 */
static void __init vnode_after_early_params(void)
{
	static char options[] __initdata = "apic_extnmi=none";

	disable_acpi();
	apic_is_disabled = false;
	setup_force_cpu_cap(X86_FEATURE_APIC);
#ifdef CONFIG_PCI
	pci_probe = 0;	/* whatever pci= says: no configuration cycles without the lock */
#endif
	/* LINT0 and LINT1 are the root's, whatever the command line says. */
	parse_early_options(options);
	ioapic_is_disabled = false;
}

/*
 * Options that would leave the vnode without any timer: time would stand still for what
 * waits.  Nothing undoes them once they are parsed, so Linux does not see them.
 */
static void __init vnode_keep_timers(void)
{
	static const char * const options[] __initconst = {
		"nolapic_timer", "nolapic-timer", "noapictimer",
	};
	unsigned int i;
	int pos;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		for (;;) {
			pos = cmdline_find_option_bool(boot_command_line, options[i]);
			if (pos <= 0)
				break;
			memset(boot_command_line + pos - 1, ' ', strlen(options[i]));
			pr_warn("adeos: %s is ignored: a vnode has no other timer\n", options[i]);
		}
	}
}

/* Before early parameters */
static void __init vnode_arch_setup(void)
{
	vnode_map_slot();
	vnode_keep_timers();

	adeos_refuse_kvm();
	adeos_keep_locks();
	setup_force_cpu_cap(X86_FEATURE_TSC_KNOWN_FREQ);
	setup_force_cpu_cap(X86_FEATURE_TSC_RELIABLE);	/* there is no other clock */
	if (vnode_tsc_adjust(page.cpus[0]))
		mark_tsc_async_resets("the root's TSC_ADJUST");
	adeos_cmci_start(page.cpus[0]);

#if IS_BUILTIN(CONFIG_SERIAL_8250)
	serial8250_set_isa_configurator(vnode_no_uart);
#endif
	pm_power_off = vnode_halt;
	panic_blink = vnode_panic_end;
	adeos_report_init();
}

/**
 * adeos_vnode_early_setup() - replace what asks the firmware
 *
 * Context: __init, called from i386_start_kernel(), before setup_arch().
 */
void __init adeos_vnode_early_setup(void)
{
	is_vnode = true;

	x86_init.oem.arch_setup			= vnode_arch_setup;
	x86_init.resources.memory_setup		= vnode_memory_setup;
	x86_init.resources.probe_roms		= vnode_after_early_params;
	x86_init.resources.reserve_resources	= vnode_claim_ports;
	x86_init.resources.dmi_setup		= x86_init_noop;
	x86_init.mpparse.find_mptable		= x86_init_noop;
	x86_init.mpparse.early_parse_smp_cfg	= x86_init_noop;
	x86_init.mpparse.parse_smp_cfg		= vnode_parse_smp;
	x86_init.irqs.pre_vector_init		= x86_init_noop;
	x86_init.timers.timer_init		= vnode_timer_init;
	x86_init.pci.arch_init			= vnode_pci_arch_init;

	x86_cpuinit.early_percpu_clock_init	= vnode_secondary;

	x86_platform.calibrate_cpu		= vnode_tsc_khz;
	x86_platform.calibrate_tsc		= vnode_tsc_khz;
	x86_platform.get_wallclock		= adeos_clock_boot;
	x86_platform.set_wallclock		= set_rtc_noop;
	x86_platform.get_nmi_reason		= vnode_get_nmi_reason;
	x86_platform.realmode_reserve		= x86_init_noop;
	x86_platform.realmode_init		= vnode_realmode_init;
	x86_platform.legacy.rtc			= 0;
	x86_platform.legacy.warm_reset		= 0;
	x86_platform.legacy.no_vga		= 1;
	x86_platform.legacy.devices.pnpbios	= 0;
	x86_platform.legacy.i8042		= X86_LEGACY_I8042_PLATFORM_ABSENT;

	machine_ops.restart			= vnode_restart;
	machine_ops.halt			= vnode_halt;
	machine_ops.power_off			= vnode_halt;
	machine_ops.shutdown			= smp_send_stop;
	machine_ops.emergency_restart		= vnode_emergency_restart;

	legacy_pic				= &null_legacy_pic;
#ifdef CONFIG_PCI
	pci_probe				= 0;
#endif
}
