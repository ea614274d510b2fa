/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ADEOS_REPORT_H
#define _ADEOS_REPORT_H

#include <linux/types.h>

void adeos_report_init(void);

/* console.c */
void adeos_console_early(void);

#endif /* _ADEOS_REPORT_H */
