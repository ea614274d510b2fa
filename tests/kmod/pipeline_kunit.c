// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupt pipeline, from inside: docs/pipeline.md.  It needs two CPUs.
 */
#include <kunit/test.h>
#include <linux/adeos.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/smp.h>

#include <asm/apic.h>
#include <asm/hardirq.h>

static unsigned int ipis = 100000;
module_param(ipis, uint, 0444);
MODULE_PARM_DESC(ipis, "how many interrupts the storm has");

/* Vectors that Linux leaves unused: for it, they are spurious. */
#define OURS		0xf0

/* One that Linux handles and counts */
#define LINUXS		X86_PLATFORM_IPI_VECTOR

static unsigned int linux_handled(unsigned int cpu)
{
	return READ_ONCE(per_cpu(irq_stat, cpu).x86_platform_ipis);
}

/* Tests run on the first CPU, and interrupt another one. */
static int pin(struct kunit *test)
{
	return set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
}

static unsigned int target(void)
{
	return cpumask_next(cpumask_first(cpu_online_mask), cpu_online_mask);
}

static void send(unsigned int cpu, unsigned int vector)
{
	unsigned int before = adeos_irq_received(cpu, vector);

	apic->send_IPI(cpu, vector);
	/* An APIC holds one of each vector: wait until it has gone. */
	while (adeos_irq_received(cpu, vector) == before)
		cpu_relax();
}

static bool becomes(const unsigned int *value, unsigned int wanted)
{
	unsigned int tries;

	for (tries = 0; tries < 30000 && READ_ONCE(*value) != wanted; tries++)
		usleep_range(1000, 2000);
	return READ_ONCE(*value) == wanted;
}

/*
 * A thread on another CPU that has Linux's interrupts disabled for a while, and
 * what that CPU's Linux handles afterwards, in order.
 */
struct stalled {
	unsigned int cpu;
	unsigned int ms;
	unsigned int state;	/* 1: interrupts are disabled; 2: enabled again */
	unsigned int release;
	unsigned int nr;
	u8 order[16];
	unsigned int early;	/* handled while disabled */
	struct irq_work work;
	call_single_data_t csd;
	struct hrtimer timer;
	struct task_struct *task;
};

static void note(struct stalled *s, u8 vector)
{
	if (READ_ONCE(s->state) == 1)
		s->early++;
	if (s->nr < ARRAY_SIZE(s->order))
		s->order[s->nr++] = vector;
}

static void note_irq_work(struct irq_work *work)
{
	note(container_of(work, struct stalled, work), IRQ_WORK_VECTOR);
}

static void note_call(void *info)
{
	note(info, CALL_FUNCTION_SINGLE_VECTOR);
}

static enum hrtimer_restart note_timer(struct hrtimer *timer)
{
	note(container_of(timer, struct stalled, timer), LOCAL_TIMER_VECTOR);
	return HRTIMER_NORESTART;
}

static int stall_thread(void *arg)
{
	struct stalled *s = arg;
	unsigned long flags;
	u64 end;

	hrtimer_init(&s->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	s->timer.function = note_timer;
	local_irq_save(flags);
	hrtimer_start(&s->timer, ms_to_ktime(s->ms / 4), HRTIMER_MODE_REL_PINNED_HARD);
	irq_work_queue(&s->work);
	WRITE_ONCE(s->state, 1);
	end = ktime_get_mono_fast_ns() + s->ms * NSEC_PER_MSEC;
	while (ktime_get_mono_fast_ns() < end || !READ_ONCE(s->release))
		cpu_relax();
	WRITE_ONCE(s->state, 2);
	local_irq_restore(flags);
	hrtimer_cancel(&s->timer);
	while (!kthread_should_stop())
		usleep_range(1000, 2000);
	return 0;
}

static struct stalled *stall(struct kunit *test, unsigned int ms)
{
	struct stalled *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->cpu = target();
	s->ms = ms;
	s->work = IRQ_WORK_INIT_HARD(note_irq_work);
	INIT_CSD(&s->csd, note_call, s);
	s->task = kthread_create(stall_thread, s, "adeos-test-off");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->task);
	kthread_bind(s->task, s->cpu);
	wake_up_process(s->task);
	KUNIT_ASSERT_TRUE(test, becomes(&s->state, 1));
	return s;
}

static void unstall(struct kunit *test, struct stalled *s)
{
	WRITE_ONCE(s->release, 1);
	KUNIT_EXPECT_TRUE(test, becomes(&s->state, 2));
	kthread_stop(s->task);
}

struct seen {
	unsigned int nr;
	unsigned int cpu;
	enum adeos_verdict verdict;
	bool in_nmi;
	bool linux_disabled;
};

static enum adeos_verdict see(unsigned int vector, void *cookie)
{
	struct seen *seen = cookie;

	seen->cpu = raw_smp_processor_id();
	seen->in_nmi = in_nmi();
	seen->linux_disabled = irqs_disabled();
	WRITE_ONCE(seen->nr, seen->nr + 1);
	return seen->verdict;
}

static struct adeos_domain *domain(struct kunit *test, const char *name, int priority)
{
	struct adeos_domain *dom = adeos_domain_register(name, priority);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dom);
	return dom;
}

/* A domain gets its interrupt while Linux has them disabled; then come Linux's. */
static void test_ahead(struct kunit *test)
{
	struct adeos_domain *dom = domain(test, "test-ahead", 10);
	struct seen seen = { .verdict = ADEOS_END };
	unsigned int before;
	struct stalled *s;

	KUNIT_ASSERT_EQ(test, adeos_domain_take(dom, OURS, see, &seen), 0);
	s = stall(test, 200);
	before = linux_handled(s->cpu);
	send(s->cpu, LINUXS);
	send(s->cpu, LINUXS);
	send(s->cpu, LINUXS);
	smp_call_function_single_async(s->cpu, &s->csd);
	send(s->cpu, OURS);

	KUNIT_EXPECT_TRUE(test, becomes(&seen.nr, 1));
	KUNIT_EXPECT_EQ(test, READ_ONCE(s->state), 1u);
	KUNIT_EXPECT_EQ(test, seen.cpu, s->cpu);
	KUNIT_EXPECT_TRUE(test, seen.in_nmi);
	KUNIT_EXPECT_TRUE(test, seen.linux_disabled);
	KUNIT_EXPECT_EQ(test, linux_handled(s->cpu), before);
	/* The timer's interrupt comes after a quarter of the time. */
	unstall(test, s);

	KUNIT_EXPECT_EQ(test, s->early, 0u);
	KUNIT_EXPECT_EQ(test, linux_handled(s->cpu), before + 3);
	KUNIT_EXPECT_EQ(test, s->nr, 3u);
	KUNIT_EXPECT_EQ(test, s->order[0], CALL_FUNCTION_SINGLE_VECTOR);
	KUNIT_EXPECT_EQ(test, s->order[1], IRQ_WORK_VECTOR);
	KUNIT_EXPECT_EQ(test, s->order[2], LOCAL_TIMER_VECTOR);
	KUNIT_EXPECT_EQ(test, adeos_domain_unregister(dom), 0);
}

static unsigned int storm_stop;

/* Disables and enables interrupts in all the ways there are, nested and not. */
static int storm_thread(void *arg)
{
	struct rnd_state rnd;
	unsigned long flags, inner;
	u32 what;

	prandom_seed_state(&rnd, 42);
	while (!READ_ONCE(storm_stop)) {
		what = prandom_u32_state(&rnd);
		local_irq_save(flags);
		ndelay(what >> 8 & 1023);
		if (what & 1) {
			local_irq_enable();
			local_irq_disable();
		}
		if (what & 2) {
			local_irq_save(inner);
			ndelay(what >> 18 & 1023);
			local_irq_restore(inner);
		}
		if ((what & 0xfc) == 4)
			WARN_ON_ONCE(!irqs_disabled());
		local_irq_restore(flags);
		WARN_ON_ONCE(irqs_disabled());
		if ((what & 0xfc) == 8)
			usleep_range(1, 50);	/* idle, that is */
		cond_resched();
	}
	while (!kthread_should_stop())
		usleep_range(1000, 2000);
	return 0;
}

static void test_storm(struct kunit *test)
{
	unsigned int i, cpu = target(), before = linux_handled(cpu);
	struct task_struct *task = kthread_create(storm_thread, NULL, "adeos-storm");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	kthread_bind(task, cpu);
	storm_stop = 0;
	wake_up_process(task);
	for (i = 0; i < ipis; i++) {
		send(cpu, LINUXS);
		cond_resched();
	}
	WRITE_ONCE(storm_stop, 1);
	kthread_stop(task);
	/* When another interrupt was handled there, all older ones were, too. */
	smp_call_function_single(cpu, note_call, kunit_kzalloc(test, sizeof(struct stalled),
							       GFP_KERNEL), true);
	KUNIT_EXPECT_EQ(test, linux_handled(cpu) - before, ipis);
}

/* What a handler has received, and what it has passed on to Linux */
static struct {
	unsigned int seen;
	unsigned int worked;
} handed;

static void work_handed(struct irq_work *work)
{
	WRITE_ONCE(handed.worked, READ_ONCE(handed.seen));
}

static DEFINE_IRQ_WORK(handed_work, work_handed);

static enum adeos_verdict hand_on(unsigned int vector, void *cookie)
{
	WRITE_ONCE(handed.seen, handed.seen + 1);
	irq_work_queue(&handed_work);
	return ADEOS_END;
}

/* Linux gets it in any state, without a second interrupt. */
static void test_hand_on(struct kunit *test)
{
	struct adeos_domain *dom = domain(test, "test-hand-on", 10);
	unsigned int i, cpu = target(), nr = ipis / 10, before;
	struct task_struct *task = kthread_create(storm_thread, NULL, "adeos-storm");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_ASSERT_EQ(test, adeos_domain_take(dom, OURS, hand_on, NULL), 0);
	kthread_bind(task, cpu);
	storm_stop = 0;
	wake_up_process(task);
	before = adeos_irq_received(cpu, IRQ_WORK_VECTOR);
	for (i = 0; i < nr; i++) {
		send(cpu, OURS);
		cond_resched();
	}
	KUNIT_EXPECT_TRUE(test, becomes(&handed.worked, nr));
	/* Others also pass interrupts on to Linux. */
	KUNIT_EXPECT_LT(test, adeos_irq_received(cpu, IRQ_WORK_VECTOR) - before, nr / 2);
	WRITE_ONCE(storm_stop, 1);
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, adeos_domain_unregister(dom), 0);
}

/* Interrupts that are passed on reach Linux in any state; interrupts that are ended do not. */
static void test_verdicts(struct kunit *test)
{
	struct adeos_domain *first = domain(test, "test-first", 20);
	struct adeos_domain *second = domain(test, "test-second", 10);
	struct seen a = { .verdict = ADEOS_PASS }, b = { .verdict = ADEOS_PASS };
	unsigned int cpu = target(), before = linux_handled(cpu);

	KUNIT_ASSERT_EQ(test, adeos_domain_take(second, LINUXS, see, &b), 0);
	KUNIT_ASSERT_EQ(test, adeos_domain_take(first, LINUXS, see, &a), 0);
	send(cpu, LINUXS);
	KUNIT_EXPECT_TRUE(test, becomes(&per_cpu(irq_stat, cpu).x86_platform_ipis, before + 1));
	KUNIT_EXPECT_EQ(test, a.nr, 1u);
	KUNIT_EXPECT_EQ(test, b.nr, 1u);

	b.verdict = ADEOS_END;
	send(cpu, LINUXS);
	KUNIT_EXPECT_TRUE(test, becomes(&b.nr, 2));
	a.verdict = ADEOS_END;
	send(cpu, LINUXS);
	KUNIT_EXPECT_TRUE(test, becomes(&a.nr, 3));
	KUNIT_EXPECT_EQ(test, b.nr, 2u);
	msleep(20);
	KUNIT_EXPECT_EQ(test, linux_handled(cpu), before + 1);

	adeos_domain_untake(first, LINUXS);
	adeos_domain_untake(second, LINUXS);
	send(cpu, LINUXS);
	KUNIT_EXPECT_TRUE(test, becomes(&per_cpu(irq_stat, cpu).x86_platform_ipis, before + 2));
	KUNIT_EXPECT_EQ(test, a.nr, 3u);
	KUNIT_EXPECT_EQ(test, adeos_domain_unregister(first), 0);
	KUNIT_EXPECT_EQ(test, adeos_domain_unregister(second), 0);
}

static void stall_domain(void *dom)
{
	adeos_domain_stall(dom);
}

static void stall_and_unstall(void *dom)
{
	adeos_domain_stall(dom);
	apic->send_IPI(smp_processor_id(), OURS);
	adeos_domain_unstall(dom);
}

static void propagate(void *dom)
{
	adeos_domain_propagate(dom, LINUXS);
}

/* A stalled stage stops all interrupts, including those that it does not handle. */
static void test_stage(struct kunit *test)
{
	struct adeos_domain *dom = domain(test, "test-stage", 10);
	struct seen seen = { .verdict = ADEOS_END };
	unsigned int cpu = target(), before = linux_handled(cpu), i;

	KUNIT_ASSERT_EQ(test, adeos_domain_take(dom, OURS, see, &seen), 0);
	smp_call_function_single(cpu, stall_domain, dom, true);
	for (i = 0; i < 5; i++)
		send(cpu, LINUXS);
	KUNIT_EXPECT_EQ(test, linux_handled(cpu), before);
	/* A cross-call would not get through, so the domain does this. */
	adeos_domain_unregister(dom);
	KUNIT_EXPECT_TRUE(test, becomes(&per_cpu(irq_stat, cpu).x86_platform_ipis, before + 5));

	dom = domain(test, "test-stage", 10);
	KUNIT_ASSERT_EQ(test, adeos_domain_take(dom, OURS, see, &seen), 0);
	smp_call_function_single(cpu, stall_and_unstall, dom, true);
	KUNIT_EXPECT_TRUE(test, becomes(&seen.nr, 1));
	smp_call_function_single(cpu, propagate, dom, true);
	KUNIT_EXPECT_TRUE(test, becomes(&per_cpu(irq_stat, cpu).x86_platform_ipis, before + 6));
	KUNIT_EXPECT_EQ(test, adeos_domain_unregister(dom), 0);
}

static void test_errors(struct kunit *test)
{
	struct adeos_domain *dom = domain(test, "test-errors", 10);
	struct seen seen = { };

	KUNIT_EXPECT_EQ(test, PTR_ERR(adeos_domain_register("behind", 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(adeos_domain_register("same-place", 10)), -EBUSY);
	KUNIT_EXPECT_EQ(test, PTR_ERR(adeos_domain_register("test-errors", 11)), -EEXIST);
	KUNIT_EXPECT_EQ(test, adeos_domain_take(dom, 3, see, &seen), -EINVAL);
	KUNIT_EXPECT_EQ(test, adeos_domain_take(dom, 0x80, see, &seen), -EINVAL);
	KUNIT_EXPECT_EQ(test, adeos_domain_take(dom, 256, see, &seen), -EINVAL);
	KUNIT_EXPECT_EQ(test, adeos_domain_take(dom, ADEOS_PORTAL_VECTOR, see, &seen), -EINVAL);
	KUNIT_EXPECT_EQ(test, adeos_domain_take(dom, OURS, NULL, &seen), -EINVAL);
	KUNIT_EXPECT_EQ(test, adeos_domain_take(dom, OURS, see, &seen), 0);
	KUNIT_EXPECT_EQ(test, adeos_domain_take(dom, OURS, see, &seen), -EBUSY);
	adeos_domain_untake(dom, OURS);
	adeos_domain_untake(dom, OURS);
	KUNIT_EXPECT_EQ(test, adeos_domain_unregister(dom), 0);
}

#ifdef CONFIG_KPROBES
/* Instructions that use a flag, and one that does not */
asmlinkage void probe_stall(void), probe_read(void), probe_test(void);
asmlinkage void probe_cli(void), probe_pushf(void), probe_other(void);

__asm__(".pushsection .text, \"ax\"\n"
	"probe_stall:	andb $0xfd, %fs:adeos_irq_state+1\n"
	"probe_read:	movl %fs:adeos_irq_state, %eax\n"
	"probe_test:	testl $0x200, %fs:adeos_irq_state\n"
	"probe_cli:	cli\n"
	"probe_pushf:	pushf\n"
	"probe_other:	movl %fs:this_cpu_off, %eax\n"
	"	ret\n"
	".popsection");

static int try_probe(asmlinkage void (*where)(void))
{
	struct kprobe probe = { .addr = (kprobe_opcode_t *)where };
	int ret = register_kprobe(&probe);

	if (!ret)
		unregister_kprobe(&probe);
	return ret;
}

static void test_probes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, try_probe(probe_stall), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, try_probe(probe_read), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, try_probe(probe_test), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, try_probe(probe_cli), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, try_probe(probe_pushf), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, try_probe(probe_other), 0);
}
#else
static void test_probes(struct kunit *test)
{
	kunit_skip(test, "a kernel without kprobes");
}
#endif

static struct kunit_case pipeline_cases[] = {
	KUNIT_CASE(test_ahead),
	KUNIT_CASE(test_verdicts),
	KUNIT_CASE(test_stage),
	KUNIT_CASE(test_errors),
	KUNIT_CASE(test_probes),
	KUNIT_CASE_SLOW(test_storm),
	KUNIT_CASE_SLOW(test_hand_on),
	{ }
};

static struct kunit_suite pipeline_suite = {
	.name = "adeos-pipeline",
	.init = pin,
	.test_cases = pipeline_cases,
};

kunit_test_suite(pipeline_suite);

MODULE_DESCRIPTION("Tests of the interrupt pipeline");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
