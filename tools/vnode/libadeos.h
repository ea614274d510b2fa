/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's interfaces to the root vnode's user space: /sys/kernel/adeos to read,
 * /dev/kmb to act.
 */
#ifndef _LIBADEOS_H
#define _LIBADEOS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "errtext.h"
#include "kmb.h"
#include "values.h"

#define ADEOS_CONFIG_LEN	4096
#define ADEOS_RESTART_LEN	16

enum vnode_state {
	VNODE_DEFINED,		/* a configuration file, unknown to the kernel */
	VNODE_LOADING,
	VNODE_RUNNING,
	VNODE_STOPPING,
	VNODE_STOPPED,
	VNODE_CRASHED,
	VNODE_HUNG,
	NR_VNODE_STATES,
};

#define STATE_BIT(state)	(1u << (state))
#define STATES_ENDED		(STATE_BIT(VNODE_STOPPED) | STATE_BIT(VNODE_CRASHED))

/**
 * struct vnode - a vnode, as sysfs shows it
 * @id: its ID
 * @state: its state
 * @name: its name
 * @cpus: its CPUs, none once it has ended
 * @memory: bytes, 0 once it has ended
 * @address: where its memory begins; valid only if @has_address
 * @has_address: it has memory, at a known address
 * @heartbeat: its kernel's sign of life
 * @cmdline: its kernel command line
 * @config: the configuration file it was started from, or empty
 * @restart: its restart policy
 * @restarting: it has ended, and may be started again because of that
 */
struct vnode {
	__u32 id;
	enum vnode_state state;
	char name[KMB_NAME_LEN];
	struct cpu_list cpus;
	__u64 memory;
	__u64 address;
	bool has_address;
	__u64 heartbeat;
	char cmdline[KMB_CMDLINE_LEN];
	char config[ADEOS_CONFIG_LEN];
	char restart[ADEOS_RESTART_LEN];
	bool restarting;
};

#define NO_VNODE	(-1)

/**
 * struct bridge - a bridge, as sysfs shows it
 * @number: its number
 * @size: bytes
 * @address: where it lies
 * @scope: the vnode ID that the name is local to, or NO_VNODE if it is global
 * @owner: a vnode ID, or NO_VNODE if that vnode has died
 * @allowed: the vnodes that may open it, bit N for vnode N
 * @users: the vnodes that have it open, likewise
 * @name: its name
 * @state: its state
 * @kind: how it can be moved
 * @access: what vnodes other than its owner may do
 * @users_text: @users as sysfs writes it
 */
struct bridge {
	__u32 number;
	__u64 size;
	__u64 address;
	int scope;
	int owner;
	__u64 allowed;
	__u64 users;
	char name[64];
	char state[16];
	char kind[16];
	char access[16];
	char users_text[256];
};

/* bridges.c */
int adeos_bridges(struct bridge **bridges, size_t *nr, struct errtext *err);

/* sysfs.c */
const char *adeos_root(void);
DIR *adeos_opendir(const char *name, struct errtext *err);
int adeos_expect_root(const char *path, struct errtext *err);
__printf(4, 5) int adeos_read(struct errtext *err, char *text, size_t size, const char *fmt, ...);
int adeos_list(struct vnode **vnodes, size_t *nr, struct errtext *err);
int adeos_find(const char *id_or_name, struct vnode *vnode, struct errtext *err);
const char *adeos_state_name(enum vnode_state state);
bool adeos_parse_state(const char *text, enum vnode_state *state);

/* life.c */
unsigned int adeos_later_states(enum vnode_state state, const char *restart, bool restarting);

/* wait.c */
long long adeos_deadline(int seconds);
bool adeos_expired(long long deadline);
int adeos_wait(__u32 id, unsigned int states, long long deadline,
	       enum vnode_state *state, struct errtext *err);

/* kmb.c */
int kmb_open(struct errtext *err);
int kmb_load(int kmb, struct kmb_load *load, struct errtext *err);
int kmb_boot(int kmb, __u32 id, struct errtext *err);
int kmb_stop(int kmb, __u32 id, struct errtext *err);
int kmb_kill(int kmb, __u32 id, struct errtext *err);
int kmb_log(int kmb, __u32 id, __u64 *pos, void *buf, __u32 *len, struct errtext *err);
int kmb_memory(int kmb, struct kmb_range **ranges, size_t *nr, struct errtext *err);

/* kmb_device.c: the only place that touches the device; tests replace it */
int kmb_device_open(const char *path);
int kmb_device_call(int kmb, unsigned long request, void *arg);

#endif /* _LIBADEOS_H */
