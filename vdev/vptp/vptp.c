// SPDX-License-Identifier: GPL-2.0
/*
 * The root's wall clock as a PTP hardware clock of another vnode, for programs
 * like chrony: docs/clock.md.  It can be read, not set.
 */
#include <linux/clocksource_ids.h>
#include <linux/module.h>
#include <linux/ptp_clock_kernel.h>
#include <linux/timekeeping.h>

#include "../../adeos/clock.h"

static int vptp_get_time(ktime_t *device, struct system_counterval_t *system, void *ctx)
{
	s64 ns;
	int ret;

	ret = adeos_clock_read(&system->cycles, &ns);
	if (ret)
		return ret;
	system->cs_id = CSID_X86_TSC;
	*device = ns_to_ktime(ns);
	return 0;
}

static int vptp_getcrosststamp(struct ptp_clock_info *info, struct system_device_crosststamp *stamp)
{
	return get_device_system_crosststamp(vptp_get_time, NULL, NULL, stamp);
}

static int vptp_gettimex64(struct ptp_clock_info *info, struct timespec64 *ts,
			   struct ptp_system_timestamp *sts)
{
	u64 tsc;
	s64 ns;
	int ret;

	ptp_read_system_prets(sts);
	ret = adeos_clock_read(&tsc, &ns);
	ptp_read_system_postts(sts);
	if (!ret)
		*ts = ns_to_timespec64(ns);
	return ret;
}

static int vptp_settime64(struct ptp_clock_info *info, const struct timespec64 *ts)
{
	return -EOPNOTSUPP;
}

static int vptp_adjfine(struct ptp_clock_info *info, long scaled_ppm)
{
	return -EOPNOTSUPP;
}

static int vptp_adjtime(struct ptp_clock_info *info, s64 delta)
{
	return -EOPNOTSUPP;
}

static int vptp_enable(struct ptp_clock_info *info, struct ptp_clock_request *request, int on)
{
	return -EOPNOTSUPP;
}

static struct ptp_clock_info vptp_info = {
	.owner		= THIS_MODULE,
	.name		= "root vnode",
	.adjfine	= vptp_adjfine,
	.adjtime	= vptp_adjtime,
	.gettimex64	= vptp_gettimex64,
	.getcrosststamp	= vptp_getcrosststamp,
	.settime64	= vptp_settime64,
	.enable		= vptp_enable,
};

static struct ptp_clock *vptp_clock;

static int __init vptp_init(void)
{
	u64 tsc;
	s64 ns;
	int ret;

	ret = adeos_clock_read(&tsc, &ns);
	if (ret) {
		pr_err("vptp: the root's clock is not available: %s\n",
		       ret == -ENODEV ? "this is no vnode, or the root" :
		       "the root does not publish it");
		return ret;
	}
	vptp_clock = ptp_clock_register(&vptp_info, NULL);
	return PTR_ERR_OR_ZERO(vptp_clock);
}
module_init(vptp_init);

static void __exit vptp_exit(void)
{
	ptp_clock_unregister(vptp_clock);
}
module_exit(vptp_exit);

MODULE_DESCRIPTION("The root vnode's wall clock as a PTP hardware clock");
MODULE_LICENSE("GPL");
