// SPDX-License-Identifier: GPL-2.0
/*
 * Domains: who stands in the interrupt pipeline ahead of Linux (paper:
 * "Interrupt management").
 *
 * A domain has a stage on each CPU.  An interrupt goes from stage to stage, in
 * order of priority:
 *
 *               +--------------------- propagate ---------------------+
 *               |                                                     v
 *   arrives --> stage open? --yes--> taken? --yes--> handler --PASS--> next stage ... Linux
 *                 | no                 |                |
 *                 v                    +--no--> next    +--END--> done
 *               its log --unstall--^
 *
 * Linux's stage is the last one and looks different, for speed: x86/pipeline.c.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include <asm/irq_vectors.h>

#include "core.h"
#include "pipeline.h"

#define DOMAINS_MAX	8

/**
 * struct adeos_stage - a domain on one CPU
 * @stalled: what comes is logged
 * @log: what has come
 * @handled: how often its handlers were called
 * @ended: how often an interrupt went no further
 * @logged: how often one had to wait
 */
struct adeos_stage {
	bool stalled;
	struct irqlog log;
	u32 handled;
	u32 ended;
	u32 logged;
};

/**
 * struct adeos_domain - what stands in the pipeline
 * @kobj: domains/NAME in sysfs
 * @priority: higher ones come first
 * @leaving: its stages are open, for it is being unregistered
 * @stage: its stages
 * @taken: its handlers, NULL for vectors that it does not take
 */
struct adeos_domain {
	struct kobject kobj;
	int priority;
	bool leaving;
	struct adeos_stage __percpu *stage;
	struct {
		adeos_irq_handler_t handler;
		void *cookie;
	} taken[IRQLOG_VECTORS];
};

/* The domains in order, replaced as a whole. */
struct pipeline {
	unsigned int nr;
	struct adeos_domain *domain[DOMAINS_MAX];
};

static struct pipeline empty_pipeline;
static struct pipeline __rcu *pipeline = RCU_INITIALIZER(&empty_pipeline);
static DEFINE_MUTEX(domains_lock);
static struct kset *domains_kset;

/* How many stages are stalled on this CPU */
static DEFINE_PER_CPU(unsigned int, stalled_stages);

/*
 * Handlers run as in an NMI, which RCU knows: when synchronize_rcu() returns,
 * none runs that was taken away before.
 */
static const struct pipeline *pipeline_get(void)
{
	return rcu_dereference_check(pipeline, true);
}

static bool is_stalled(const struct adeos_domain *dom, const struct adeos_stage *stage)
{
	return stage->stalled && !READ_ONCE(dom->leaving);
}

/* From stage @i on.  The stage's own log is the caller's business. */
static void pass(const struct pipeline *p, unsigned int i, u8 vector, bool from_log)
{
	adeos_irq_handler_t handler;
	struct adeos_stage *stage;

	for (; i < p->nr; i++) {
		stage = this_cpu_ptr(p->domain[i]->stage);
		if (is_stalled(p->domain[i], stage) && !from_log) {
			adeos_hold(vector);
			irqlog_put(&stage->log, vector);
			stage->logged++;
			return;
		}
		from_log = false;
		/* Pairs with adeos_domain_take(): the cookie is there, too. */
		handler = smp_load_acquire(&p->domain[i]->taken[vector].handler);
		if (!handler)
			continue;
		stage->handled++;
		if (handler(vector, p->domain[i]->taken[vector].cookie) == ADEOS_END) {
			stage->ended++;
			adeos_release(vector);
			return;
		}
	}
	if (vector != ADEOS_PORTAL_VECTOR)
		adeos_linux_log(vector);
}

/**
 * adeos_domains_handle() - pass an interrupt through the stages ahead of Linux's
 * @vector: the interrupt
 *
 * Then what their logs hold and is no longer stalled.
 *
 * Context: as in an NMI, the CPU's interrupt flag off.
 */
void adeos_domains_handle(u8 vector)
{
	const struct pipeline *p = pipeline_get();
	struct adeos_stage *stage;
	unsigned int i;

	if (vector == ADEOS_PORTAL_VECTOR)
		adeos_portals_handle();
	else
		pass(p, 0, vector, false);

	for (i = 0; i < p->nr; i++) {
		stage = this_cpu_ptr(p->domain[i]->stage);
		while (!is_stalled(p->domain[i], stage) && !irqlog_empty(&stage->log))
			pass(p, i, irqlog_take(&stage->log), true);
		/* What is behind a stalled stage waits with it. */
		if (is_stalled(p->domain[i], stage))
			break;
	}
}

/**
 * adeos_domain_stall() - let nothing past this domain on this CPU
 * @dom: the domain
 *
 * Its own handlers are not called, either; what comes is logged, until
 * adeos_domain_unstall() on the same CPU.
 *
 * Context: any, on one CPU.
 * Return: true if it was stalled already.
 */
bool adeos_domain_stall(struct adeos_domain *dom)
{
	unsigned long flags = adeos_hard_save();
	struct adeos_stage *stage = this_cpu_ptr(dom->stage);
	bool was = stage->stalled;

	if (!was) {
		stage->stalled = true;
		this_cpu_inc(stalled_stages);
		adeos_set_blocked(true);
	}
	adeos_hard_restore(flags);
	return was;
}
EXPORT_SYMBOL_GPL(adeos_domain_stall);

/**
 * adeos_domain_unstall() - undo adeos_domain_stall()
 * @dom: the domain
 *
 * What was logged is handled as soon as the CPU's own interrupt flag is on.
 *
 * Context: any, on one CPU.
 */
void adeos_domain_unstall(struct adeos_domain *dom)
{
	unsigned long flags = adeos_hard_save();
	struct adeos_stage *stage = this_cpu_ptr(dom->stage);

	if (stage->stalled) {
		stage->stalled = false;
		if (!this_cpu_dec_return(stalled_stages))
			adeos_set_blocked(false);
		adeos_kick();
	}
	adeos_hard_restore(flags);
}
EXPORT_SYMBOL_GPL(adeos_domain_unstall);

/**
 * adeos_domain_propagate() - hand an interrupt on to the stage behind this one
 * @dom: the domain that has ended it, or makes it up
 * @vector: the interrupt
 *
 * Context: any but a real NMI, on one CPU; the next stage gets it as soon as the
 * CPU's own interrupt flag is on.
 */
void adeos_domain_propagate(struct adeos_domain *dom, unsigned int vector)
{
	unsigned long flags = adeos_hard_save();
	const struct pipeline *p = pipeline_get();
	unsigned int i;

	for (i = 0; i < p->nr && p->domain[i] != dom; i++)
		;
	/* Nobody looks at the log of one that leaves any more. */
	for (i++; i < p->nr && READ_ONCE(p->domain[i]->leaving); i++)
		;
	if (i < p->nr)
		irqlog_put(&this_cpu_ptr(p->domain[i]->stage)->log, vector);
	else
		adeos_linux_log(vector);
	adeos_kick();
	adeos_hard_restore(flags);
}
EXPORT_SYMBOL_GPL(adeos_domain_propagate);

/**
 * adeos_domains_prepare() - open all stages of a CPU that is about to come online
 * @cpu: the CPU
 *
 * What they had logged when it was unplugged is lost.
 *
 * Context: process, cpus_write_lock() held.
 */
void adeos_domains_prepare(unsigned int cpu)
{
	const struct pipeline *p;
	unsigned int i;

	mutex_lock(&domains_lock);
	p = pipeline_get();
	for (i = 0; i < p->nr; i++)
		memset(per_cpu_ptr(p->domain[i]->stage, cpu), 0, sizeof(struct adeos_stage));
	per_cpu(stalled_stages, cpu) = 0;
	mutex_unlock(&domains_lock);
}

/**
 * adeos_domain_take() - have a handler called for a vector
 * @dom: the domain
 * @vector: the interrupt
 * @handler: called on each CPU that receives it, as in an NMI: it must not
 *	sleep, take a lock of Linux's, or touch user memory; it may use atomics,
 *	irq_work_queue(), and what this header offers for any context
 * @cookie: its second argument
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL if the vector is not one of an interrupt, or the
 * nanokernel's own, -EBUSY if the domain takes it already.
 */
int adeos_domain_take(struct adeos_domain *dom, unsigned int vector,
		      adeos_irq_handler_t handler, void *cookie)
{
	int ret = 0;

	if (vector < FIRST_EXTERNAL_VECTOR || vector >= NR_VECTORS || !handler ||
	    vector == IA32_SYSCALL_VECTOR || vector == ADEOS_PORTAL_VECTOR)
		return -EINVAL;
	mutex_lock(&domains_lock);
	if (dom->taken[vector].handler) {
		ret = -EBUSY;
	} else {
		dom->taken[vector].cookie = cookie;
		/* Pairs with pass(). */
		smp_store_release(&dom->taken[vector].handler, handler);
		WRITE_ONCE(adeos_vector_taken[vector], adeos_vector_taken[vector] + 1);
	}
	mutex_unlock(&domains_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(adeos_domain_take);

static void untake(struct adeos_domain *dom, unsigned int vector)
{
	if (!dom->taken[vector].handler)
		return;
	WRITE_ONCE(adeos_vector_taken[vector], adeos_vector_taken[vector] - 1);
	WRITE_ONCE(dom->taken[vector].handler, NULL);
}

/**
 * adeos_domain_untake() - undo adeos_domain_take()
 * @dom: the domain
 * @vector: the interrupt
 *
 * Context: process, may sleep; on return, the handler does not run any more.
 */
void adeos_domain_untake(struct adeos_domain *dom, unsigned int vector)
{
	mutex_lock(&domains_lock);
	if (vector < NR_VECTORS)
		untake(dom, vector);
	mutex_unlock(&domains_lock);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(adeos_domain_untake);

/* domains/NAME */

static struct adeos_domain *to_domain(struct kobject *kobj)
{
	return container_of(kobj, struct adeos_domain, kobj);
}

static ssize_t priority_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", to_domain(kobj)->priority);
}

static ssize_t vectors_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	DECLARE_BITMAP(map, NR_VECTORS) = { };
	unsigned int i;

	for (i = 0; i < NR_VECTORS; i++)
		if (READ_ONCE(to_domain(kobj)->taken[i].handler))
			__set_bit(i, map);
	return sysfs_emit(buf, "%*pbl\n", NR_VECTORS, map);
}

#define DOMAIN_COUNTER(field)								\
static ssize_t field##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf) \
{											\
	unsigned int cpu;								\
	u32 sum = 0;									\
											\
	for_each_possible_cpu(cpu)							\
		sum += READ_ONCE(per_cpu_ptr(to_domain(kobj)->stage, cpu)->field);	\
	return sysfs_emit(buf, "%u\n", sum);						\
}											\
static struct kobj_attribute field##_attr = __ATTR_RO(field)

DOMAIN_COUNTER(handled);
DOMAIN_COUNTER(ended);
DOMAIN_COUNTER(logged);
static struct kobj_attribute priority_attr = __ATTR_RO(priority);
static struct kobj_attribute vectors_attr = __ATTR_RO(vectors);

static struct attribute *domain_attrs[] = {
	&priority_attr.attr,
	&vectors_attr.attr,
	&handled_attr.attr,
	&ended_attr.attr,
	&logged_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(domain);

static void domain_free(struct kobject *kobj)
{
	free_percpu(to_domain(kobj)->stage);
	kfree(to_domain(kobj));
}

static const struct kobj_type domain_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = domain_free,
	.default_groups = domain_groups,
};

/* Returns a copy of the pipeline with @dom put in or left out. */
static struct pipeline *pipeline_copy(struct adeos_domain *add, struct adeos_domain *leave)
{
	const struct pipeline *old = rcu_dereference_protected(pipeline, true);
	struct pipeline *new = kzalloc(sizeof(*new), GFP_KERNEL);
	unsigned int i;

	if (!new)
		return NULL;
	for (i = 0; i < old->nr; i++) {
		if (add && add->priority > old->domain[i]->priority) {
			new->domain[new->nr++] = add;
			add = NULL;
		}
		if (old->domain[i] != leave)
			new->domain[new->nr++] = old->domain[i];
	}
	if (add)
		new->domain[new->nr++] = add;
	return new;
}

/* domains_lock held; on return, no CPU uses the old one. */
static void pipeline_set(struct pipeline *new)
{
	struct pipeline *old = rcu_replace_pointer(pipeline, new, true);

	synchronize_rcu();
	if (old != &empty_pipeline)
		kfree(old);
}

static int check_domain(const char *name, int priority)
{
	const struct pipeline *p = rcu_dereference_protected(pipeline, true);
	unsigned int i;

	if (p->nr == DOMAINS_MAX)
		return -ENOSPC;
	for (i = 0; i < p->nr; i++) {
		if (p->domain[i]->priority == priority)
			return -EBUSY;
		if (!strcmp(kobject_name(&p->domain[i]->kobj), name))
			return -EEXIST;
	}
	return 0;
}

/**
 * adeos_domain_register() - put a domain into the pipeline
 * @name: its name, unique
 * @priority: its place, unique; above ADEOS_PRIORITY_LINUX, for behind Linux
 *	nothing would ever arrive
 *
 * Context: process, may sleep.
 * Return: the domain, or ERR_PTR(): -EINVAL if the priority is not above
 * Linux's, -EBUSY if there is one of that priority, -EEXIST if there is one of
 * that name, -ENOSPC if there are too many, -ENOMEM.
 */
struct adeos_domain *adeos_domain_register(const char *name, int priority)
{
	struct adeos_domain *dom;
	struct pipeline *new;
	int ret;

	if (priority <= ADEOS_PRIORITY_LINUX)
		return ERR_PTR(-EINVAL);
	dom = kzalloc(sizeof(*dom), GFP_KERNEL);
	if (!dom)
		return ERR_PTR(-ENOMEM);
	dom->priority = priority;
	dom->kobj.kset = domains_kset;
	kobject_init(&dom->kobj, &domain_type);
	dom->stage = alloc_percpu(struct adeos_stage);

	mutex_lock(&domains_lock);
	ret = dom->stage ? check_domain(name, priority) : -ENOMEM;
	if (!ret)
		ret = kobject_add(&dom->kobj, NULL, "%s", name);
	if (!ret) {
		new = pipeline_copy(dom, NULL);
		if (new)
			pipeline_set(new);
		else
			ret = -ENOMEM;
	}
	mutex_unlock(&domains_lock);
	if (ret) {
		kobject_put(&dom->kobj);
		return ERR_PTR(ret);
	}
	return dom;
}
EXPORT_SYMBOL_GPL(adeos_domain_register);

/* On each CPU: nothing is logged any more, and what was goes on to the next stage. */
static void drain(void *info)
{
	struct adeos_domain *dom = info;
	unsigned long flags = adeos_hard_save();
	struct adeos_stage *stage = this_cpu_ptr(dom->stage);

	if (stage->stalled && !this_cpu_dec_return(stalled_stages))
		adeos_set_blocked(false);
	stage->stalled = false;
	while (!irqlog_empty(&stage->log))
		adeos_domain_propagate(dom, irqlog_take(&stage->log));
	adeos_hard_restore(flags);
}

/**
 * adeos_domain_unregister() - take a domain out of the pipeline
 * @dom: the domain; it is freed
 *
 * What its stages had logged goes on to the next one.
 *
 * Context: process, may sleep, without cpus_read_lock(), and waits for CPUs on
 * which another domain has stalled its stage; on return, none of its handlers runs any more.
 * Return: 0, or -ENOMEM, and then the domain stands as it was.
 */
int adeos_domain_unregister(struct adeos_domain *dom)
{
	struct pipeline *new;
	unsigned int i;

	/* In the order of a CPU that is plugged: adeos_domains_prepare() */
	cpus_read_lock();
	mutex_lock(&domains_lock);
	new = pipeline_copy(NULL, dom);
	if (!new) {
		mutex_unlock(&domains_lock);
		cpus_read_unlock();
		return -ENOMEM;
	}
	for (i = 0; i < NR_VECTORS; i++)
		untake(dom, i);
	/*
	 * Linux's own interrupts may wait in its logs, and with them all else:
	 * the stages open before it is waited for anything else.
	 */
	WRITE_ONCE(dom->leaving, true);
	adeos_kick_all();
	on_each_cpu(drain, dom, true);
	pipeline_set(new);
	kobject_del(&dom->kobj);
	mutex_unlock(&domains_lock);
	cpus_read_unlock();
	kobject_put(&dom->kobj);
	return 0;
}
EXPORT_SYMBOL_GPL(adeos_domain_unregister);

/* Also without vnode=: the pipeline is in every kernel. */
static int __init domains_init(void)
{
	domains_kset = kset_create_and_add("domains", NULL, adeos_kobj);
	return domains_kset ? 0 : -ENOMEM;
}
postcore_initcall(domains_init);
