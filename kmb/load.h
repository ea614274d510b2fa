/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KMB_LOAD_H
#define _KMB_LOAD_H

#include <linux/adeos.h>

#include "kmb.h"

/**
 * struct kmb_request - a checked KMB_LOAD
 * @spec: the vnode's description
 * @cpus: its CPUs; @spec points here
 * @restart: what to do when it ends
 * @kernel: its bzImage
 * @initrd: its initial RAM disk, or NULL
 */
struct kmb_request {
	struct adeos_spec spec;
	u32 cpus[KMB_MAX_CPUS];
	enum kmb_restart restart;
	struct file *kernel;
	struct file *initrd;
};

int kmb_load(struct kmb_request *req, struct adeos_error *err);
int kmb_boot(u32 id, struct adeos_error *err);
int kmb_stop(u32 id, struct adeos_error *err);
int kmb_kill(u32 id, struct adeos_error *err);
void kmb_request_free(struct kmb_request *req);
void kmb_load_init(void);
void kmb_load_exit(void);

#endif /* _KMB_LOAD_H */
