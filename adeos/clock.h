/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wall clock, which is the root's for all vnodes; see x86/clock.c
 */
#ifndef _ADEOS_CLOCK_H
#define _ADEOS_CLOCK_H

#include <linux/types.h>

struct adeos_page;
struct timespec64;

/* In the root */
void adeos_clock_publish(struct adeos_page *page);

/* In other vnodes */
void adeos_clock_boot(struct timespec64 *now);
void adeos_clock_follow(void);
int adeos_clock_read(u64 *tsc, s64 *ns);

#endif /* _ADEOS_CLOCK_H */
