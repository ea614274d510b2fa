/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Adeos: the nanokernel under each of several Linux kernels on one machine.
 *
 * The first part is what Linux calls; without CONFIG_ADEOS, Linux has a header of the
 * same name, in which that compiles to nothing.  The second part is what modules call.
 */
#ifndef _LINUX_ADEOS_H
#define _LINUX_ADEOS_H

/* Who calls startup_32 with paging on says so, for firmware may do that, too. */
#define ADEOS_STARTUP_MAGIC	0x764e6f64

#include <linux/adeos_abi.h>

#ifndef __ASSEMBLY__

#include <linux/adeos_bridge.h>
#include <linux/irqflags.h>
#include <linux/types.h>

/* Linux switches to a new task with its own flag off, but the CPU's is on. */
#define ADEOS_TASK_FLAGS	X86_EFLAGS_IF

/* True in a vnode other than the root: Linux has no firmware to ask. */
bool adeos_is_vnode(void);

/* True if the CPU is not Linux's to start: the pool has taken it. */
bool adeos_claims_cpu(u32 apic_id, bool present);

/* True if the nanokernel's APIC driver is in use, and no other may be. */
bool adeos_installs_apic(void);

/* Replaces what asks the firmware by what asks the vnode page. */
void adeos_vnode_early_setup(void);

/* Where the interrupt pipeline meets Linux's generic entry code: asm/adeos.h */
#define adeos_irqentry_enter(regs, state)	((state)->adeos = adeos_enter_kernel(regs))
#define adeos_irqentry_exit(regs, state)	adeos_exit_kernel(regs, (state)->adeos)
#define adeos_irqentry_nmi_enter(regs, state)	((state)->adeos = adeos_enter_nmi(regs))
#define adeos_irqentry_nmi_exit(regs, state)	adeos_exit_nmi(regs, (state)->adeos)

struct adeos_vnode;

/**
 * struct adeos_spec - what a vnode is made of
 * @id: vnode ID, not 0
 * @nr_cpus: number of CPUs
 * @cpus: their APIC IDs; the first one boots
 * @memory: size of its region, bytes
 * @address: physical address of its region, or ADEOS_ADDRESS_AUTO
 * @name: its name
 * @cmdline: its kernel command line
 * @config: path of the file it was described in, or ""
 * @restart: value of its attribute "restart"
 *
 * The strings are copied.
 */
struct adeos_spec {
	u32 id;
	u32 nr_cpus;
	const u32 *cpus;
	u64 memory;
	u64 address;
	const char *name;
	const char *cmdline;
	const char *config;
	const char *restart;
};

#define ADEOS_ADDRESS_AUTO	(~0ULL)
#define ADEOS_REGION_ALIGN	(4UL << 20)	/* one large page */

/**
 * struct adeos_error - one line that tells an administrator what was wrong
 * @text: the line, without newline, NUL-terminated
 */
struct adeos_error {
	char text[256];
};

__printf(3, 4) int adeos_fail(struct adeos_error *err, int code,
			      const char *fmt, ...);

bool adeos_is_root(void);

struct adeos_vnode *adeos_vnode_create(const struct adeos_spec *spec,
				       struct adeos_error *err);
phys_addr_t adeos_vnode_base(const struct adeos_vnode *vn);
phys_addr_t adeos_vnode_page(const struct adeos_vnode *vn);
int adeos_vnode_boot(struct adeos_vnode *vn, void *startup, phys_addr_t start,
		     phys_addr_t boot_params, struct adeos_error *err);
int adeos_vnode_stop(u32 id, struct adeos_error *err);
int adeos_vnode_kill(u32 id, struct adeos_error *err);
ssize_t adeos_log_read(u32 id, u64 *pos, char *buf, size_t len,
		       struct adeos_error *err);

/**
 * struct adeos_range - one range of the map of physical memory
 * @start: first byte
 * @bytes: size
 * @kind: what it is used for
 * @id: the vnode; of a bridge, its number
 */
struct adeos_range {
	u64 start;
	u64 bytes;
	enum adeos_range_kind {
		ADEOS_RANGE_ROOT,
		ADEOS_RANGE_FREE,
		ADEOS_RANGE_VNODE,
		ADEOS_RANGE_SHARED,
		ADEOS_RANGE_BRIDGE,
	} kind;
	u32 id;
};

unsigned int adeos_memory_map(struct adeos_range *map, unsigned int nr);

void *adeos_map(phys_addr_t start, size_t size);
void *adeos_map_exec(phys_addr_t start, size_t size);
void adeos_unmap(void *addr);

/**
 * struct adeos_restart_ops - who starts a vnode again that ended by itself
 * @ended: called in process context, after the vnode's CPUs and memory have
 *	returned to the pools; @up tells whether its kernel had come up; must not
 *	take long.  adeos_vnode_restarted() ends what it begins.
 */
struct adeos_restart_ops {
	void (*ended)(u32 id, bool crashed, bool up);
};

void adeos_set_restart_ops(const struct adeos_restart_ops *ops);
void adeos_vnode_restarted(u32 id);

/* The interrupt pipeline: docs/pipeline.md */

struct adeos_domain;

#define ADEOS_PRIORITY_LINUX	0	/* domains must have a higher one */

enum adeos_verdict {
	ADEOS_PASS,	/* the interrupt goes on to the next stage */
	ADEOS_END,	/* it was handled */
};

typedef enum adeos_verdict (*adeos_irq_handler_t)(unsigned int vector, void *cookie);

struct adeos_domain *adeos_domain_register(const char *name, int priority);
int adeos_domain_unregister(struct adeos_domain *dom);
int adeos_domain_take(struct adeos_domain *dom, unsigned int vector,
		      adeos_irq_handler_t handler, void *cookie);
void adeos_domain_untake(struct adeos_domain *dom, unsigned int vector);
bool adeos_domain_stall(struct adeos_domain *dom);
void adeos_domain_unstall(struct adeos_domain *dom);
void adeos_domain_propagate(struct adeos_domain *dom, unsigned int vector);
#if IS_ENABLED(CONFIG_KUNIT)
u32 adeos_irq_received(unsigned int cpu, unsigned int vector);
#endif

/* Portals and bridges: docs/dsp.md */

#define ADEOS_PORTAL_FIRST	2	/* lower ones are the nanokernel's */

typedef void (*adeos_portal_handler_t)(unsigned int portal, u64 from, void *cookie);

u32 adeos_vnode_id(void);
int adeos_portal_bind(unsigned int portal, adeos_portal_handler_t handler, void *cookie);
void adeos_portal_unbind(unsigned int portal);
int adeos_portal_mask(unsigned int portal, bool mask);
int adeos_portal_ring(u32 to, unsigned int portal);
int adeos_portal_ring_set(u64 to, unsigned int portal);

struct notifier_block;

#define ADEOS_LEFT		1	/* members have left the cluster */

int adeos_members_register(struct notifier_block *nb);
int adeos_members_unregister(struct notifier_block *nb);

struct adeos_bridge;

/**
 * struct adeos_bridge_spec - what a bridge shall be
 * @name: 1 to 31 printable characters, no '/'
 * @size: bytes, rounded up to pages
 * @allowed: a bit for each vnode that may open it; the owner always may
 * @flags: ADEOS_BRIDGE_* flags
 */
struct adeos_bridge_spec {
	const char *name;
	size_t size;
	u64 allowed;
	unsigned int flags;
};

/**
 * struct adeos_bridge_ops - what the user of a bridge is told
 * @freeze: do not touch it from when this returns; it is unmapped then
 * @thaw: it is mapped again, maybe elsewhere: adeos_bridge_addr()
 * @gone: it was destroyed, or its owner died: close it soon
 *
 * Without @freeze and @thaw, a bridge that may move cannot be opened; @gone may be NULL.
 * Called in process context, and must not call adeos_bridge_*().
 */
struct adeos_bridge_ops {
	void (*freeze)(struct adeos_bridge *b, void *priv);
	void (*thaw)(struct adeos_bridge *b, void *priv);
	void (*gone)(struct adeos_bridge *b, void *priv);
};

int adeos_bridge_create(const struct adeos_bridge_spec *spec);
struct adeos_bridge *adeos_bridge_open(u32 scope, const char *name, bool write,
				       const struct adeos_bridge_ops *ops, void *priv);
struct adeos_bridge *adeos_bridge_make(const struct adeos_bridge_spec *spec,
				       const struct adeos_bridge_ops *ops, void *priv);
void *adeos_bridge_addr(const struct adeos_bridge *b);
unsigned long adeos_bridge_pfn(const struct adeos_bridge *b);
u64 adeos_bridge_users(const struct adeos_bridge *b);
size_t adeos_bridge_size(const struct adeos_bridge *b);
int adeos_bridge_destroy(struct adeos_bridge *b);
void adeos_bridge_close(struct adeos_bridge *b);

#endif /* !__ASSEMBLY__ */
#endif /* _LINUX_ADEOS_H */
