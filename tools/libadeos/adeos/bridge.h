/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that programs of several vnodes share: adeos_bridge(3).
 *
 * A bridge is used through a file descriptor, which can be given to poll(2), duplicated and
 * inherited like any other.  On error, all functions set errno; adeos_bridge_map() returns
 * NULL, the others -1.
 */
#ifndef _ADEOS_BRIDGE_H
#define _ADEOS_BRIDGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ADEOS_BRIDGE_GLOBAL	1U	/* its name is global, not the vnode's */
#define ADEOS_BRIDGE_READ_ONLY	2U	/* other vnodes' programs may not write to it */
#define ADEOS_BRIDGE_KEEP	4U	/* it stays when its creator closes it */

#define ADEOS_BRIDGE_ANY_VNODE	UINT64_MAX	/* all vnodes may open it */
#define ADEOS_BRIDGE_SCOPE_GLOBAL	(-1)	/* instead of a vnode's ID */
#define ADEOS_BRIDGE_SCOPE_OWN	(-2)	/* for the ID of the vnode that this program runs in */

enum adeos_bridge_state {
	ADEOS_BRIDGE_LIVE,
	ADEOS_BRIDGE_FROZEN,	/* it is being moved; an access waits */
	ADEOS_BRIDGE_GONE,	/* an access gets SIGBUS */
};

/**
 * struct adeos_bridge_info - information about a bridge
 * @bytes: its size, as it was asked for
 * @users: a bit for each vnode that has it open
 * @scope: ID of the vnode that its name is local to, or ADEOS_BRIDGE_SCOPE_GLOBAL
 * @vnode: ID of the vnode that has made it
 * @uid: user who has made it
 * @gid: and its group
 * @mode: permission bits
 * @flags: ADEOS_BRIDGE_GLOBAL and so on
 * @state: its present state
 */
struct adeos_bridge_info {
	size_t bytes;
	uint64_t users;
	int scope;
	unsigned int vnode;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	unsigned int flags;
	enum adeos_bridge_state state;
};

int adeos_bridge_create(const char *name, size_t bytes, mode_t mode, unsigned int flags,
			uint64_t vnodes);
int adeos_bridge_open(int scope, const char *name, int access);
int adeos_bridge_info(int fd, struct adeos_bridge_info *info);
void *adeos_bridge_map(int fd, size_t *bytes);
int adeos_bridge_unmap(void *addr, size_t bytes);
int adeos_bridge_ring(int fd);
int adeos_bridge_wait(int fd, int timeout, uint64_t *rings);
int adeos_bridge_eventfd(int fd, int eventfd);
int adeos_bridge_destroy(int fd);
int adeos_bridge_unlink(int scope, const char *name);
int adeos_bridge_close(int fd);

#ifdef __cplusplus
}
#endif

#endif /* _ADEOS_BRIDGE_H */
