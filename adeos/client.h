/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ADEOS_CLIENT_H
#define _ADEOS_CLIENT_H

#include <linux/types.h>

u32 adeos_own_id(void);
phys_addr_t adeos_own_commons(void);
void adeos_client_init(void);

#endif /* _ADEOS_CLIENT_H */
