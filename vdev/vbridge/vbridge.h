/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/bridge: memory that programs of several vnodes share.  bridge(4) and
 * docs/bridge-device.md say what the calls do, libadeos wraps them.
 *
 * A file of the device is attached to at most one bridge, by VBRIDGE_CREATE or
 * VBRIDGE_OPEN, for as long as it is open.
 *
 * Each structure begins with its own size, so that it can grow: a larger one is accepted if
 * its unknown tail is zero, and the missing part of a smaller one counts as zero.
 */
#ifndef _VBRIDGE_H
#define _VBRIDGE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VBRIDGE_DEVICE		"/dev/bridge"
#define VBRIDGE_NAME_LEN	32		/* room for a name; names have 1 to 30 bytes */
#define VBRIDGE_SCOPE_GLOBAL	(~0U)		/* the scope of global names */
#define VBRIDGE_SCOPE_OWN	(~1U)		/* that of this vnode's names, for any ID */
#define VBRIDGE_MAX_BYTES	((64U << 20) - 4096)

/* Flags of a bridge */
#define VBRIDGE_GLOBAL		1U	/* its name is global, not the vnode's */
#define VBRIDGE_READ_ONLY	2U	/* other vnodes' programs may not write to it */
#define VBRIDGE_KEEP		4U	/* it stays when its creator closes it */
#define VBRIDGE_FLAGS		7U	/* all that are known */

/* Its present state: vbridge_info.state */
#define VBRIDGE_LIVE		0U
#define VBRIDGE_FROZEN		1U	/* it is being moved; an access waits */
#define VBRIDGE_GONE		2U	/* an access gets SIGBUS */

/**
 * struct vbridge_create - make a bridge, and attach the file (VBRIDGE_CREATE)
 * @size: sizeof(struct vbridge_create)
 * @flags: VBRIDGE_GLOBAL and so on
 * @bytes: size of the memory, 1 to VBRIDGE_MAX_BYTES
 * @vnodes: a bit for each vnode whose programs may open it; the creator's always may
 * @mode: permission bits as of a file, without those of the umask
 * @zero: must be 0
 * @name: 1 to 30 printable ASCII characters except space and '/', NUL-terminated
 */
struct vbridge_create {
	__u32 size;
	__u32 flags;
	__aligned_u64 bytes;
	__aligned_u64 vnodes;
	__u32 mode;
	__u32 zero;
	char name[VBRIDGE_NAME_LEN];
};

/**
 * struct vbridge_open - attach the file to a bridge that exists (VBRIDGE_OPEN)
 * @size: sizeof(struct vbridge_open)
 * @scope: ID of the vnode whose bridge it is, VBRIDGE_SCOPE_GLOBAL or VBRIDGE_SCOPE_OWN
 * @name: its name, NUL-terminated
 *
 * For reading or writing, as the device was opened.
 */
struct vbridge_open {
	__u32 size;
	__u32 scope;
	char name[VBRIDGE_NAME_LEN];
};

/**
 * struct vbridge_info - what the file is attached to (VBRIDGE_INFO)
 * @size: sizeof(struct vbridge_info); all else is stored by the call
 * @state: VBRIDGE_LIVE, VBRIDGE_FROZEN or VBRIDGE_GONE
 * @bytes: size of the memory as it was asked for
 * @users: the vnodes that have it open; 0 when it is gone
 * @scope: ID of the vnode whose name it has, or VBRIDGE_SCOPE_GLOBAL
 * @vnode: ID of the vnode that has made it
 * @uid: user who has made it
 * @gid: and its group
 * @mode: permission bits
 * @flags: VBRIDGE_GLOBAL and so on
 * @name: its name
 */
struct vbridge_info {
	__u32 size;
	__u32 state;
	__aligned_u64 bytes;
	__aligned_u64 users;
	__u32 scope;
	__u32 vnode;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 flags;
	char name[VBRIDGE_NAME_LEN];
};

#define VBRIDGE_CREATE	_IOW('V', 0x20, struct vbridge_create)
#define VBRIDGE_OPEN	_IOW('V', 0x21, struct vbridge_open)
#define VBRIDGE_INFO	_IOWR('V', 0x22, struct vbridge_info)
#define VBRIDGE_RING	_IO('V', 0x23)
#define VBRIDGE_DESTROY	_IO('V', 0x24)
/*
 * The argument is an eventfd, or -1 to remove it.  1 is added to it whenever the file may
 * have become readable; read() returns the number of rings.
 */
#define VBRIDGE_EVENTFD	_IO('V', 0x25)

#endif /* _VBRIDGE_H */
