/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/kmb: the kernel-mode bootloader's interface to user space.
 *
 * Every call needs CAP_SYS_ADMIN.  KMB checks it when the device is opened and again on
 * each call, so an inherited descriptor grants nothing.
 *
 * Each structure begins with its own size, so that it can grow: KMB accepts a larger one
 * whose unknown tail is zero, and fills the missing part of a smaller one with zeroes.  If
 * @error_len is not 0, a call that fails stores one line of text at @error, without a
 * newline: what was wrong and what was expected.  The text is cut to fit and always
 * NUL-terminated.  There is no text if the structure cannot be read, or if the caller has
 * no permission.  A call that succeeds stores an empty text; KMB_KILL may store what of the
 * vnode has not come back yet.
 */
#ifndef _KMB_H
#define _KMB_H

#ifdef __KERNEL__
#include <linux/adeos_abi.h>
#else
#include "../adeos/include/linux/adeos_abi.h"
#endif
#include <linux/ioctl.h>
#include <linux/types.h>

#define KMB_DEVICE		"/dev/kmb"

#define KMB_MAX_VNODES		ADEOS_MAX_VNODES
#define KMB_MAX_CPUS		ADEOS_MAX_CPUS
#define KMB_NAME_LEN		32	/* with the NUL */
#define KMB_PATH_LEN		256	/* with the NUL */
#define KMB_CMDLINE_LEN		2048	/* with the NUL and what KMB adds */
#define KMB_ERROR_LEN		256	/* enough for every error text */

#define KMB_ADDRESS_AUTO	(~0ULL)

/**
 * enum kmb_restart - what KMB does with a vnode that has ended by itself
 * @KMB_RESTART_NO: leave it ended
 * @KMB_RESTART_ON_FAILURE: load and boot it again if it crashed
 * @KMB_RESTART_ALWAYS: also if it shut down or rebooted by itself
 *
 * KMB never restarts a vnode that was told to stop or killed, or that has ended three times
 * in a row before it was up.
 */
enum kmb_restart {
	KMB_RESTART_NO,
	KMB_RESTART_ON_FAILURE,
	KMB_RESTART_ALWAYS,
};

/**
 * struct kmb_load - describes a vnode (KMB_LOAD)
 * @size: sizeof(struct kmb_load)
 * @id: vnode ID, 1 to KMB_MAX_VNODES - 1
 * @kernel_fd: a bzImage of a kernel with CONFIG_ADEOS, open for reading
 * @initrd_fd: an initial RAM disk, open for reading, or -1
 * @cpus: address of an array of @nr_cpus __u32 APIC IDs; the first one boots
 * @nr_cpus: 1 to KMB_MAX_CPUS
 * @restart: an enum kmb_restart
 * @memory: size of the region, bytes, a multiple of 4 MiB
 * @address: physical address of the region, a multiple of 4 MiB, or
 *	KMB_ADDRESS_AUTO
 * @cmdline: address of the kernel command line, NUL-terminated; KMB puts
 *	vnode=, vnode_cpus= and mem= in front of it
 * @config: address of the absolute path of the configuration file, shown in
 *	sysfs, NUL-terminated, or 0
 * @error: address of a buffer for the error text
 * @error_len: size of that buffer, bytes; may be 0
 * @flags: must be 0
 * @name: the vnode's name, NUL-terminated: letters, digits, '-', '_', '.'
 *
 * On success the vnode has its CPUs and memory and its state is "loading".  On failure it
 * has nothing.  If KMB_BOOT fails afterwards, it still has them, and can only be killed.
 */
struct kmb_load {
	__u32 size;
	__u32 id;
	__s32 kernel_fd;
	__s32 initrd_fd;
	__u64 cpus;
	__u32 nr_cpus;
	__u32 restart;
	__u64 memory;
	__u64 address;
	__u64 cmdline;
	__u64 config;
	__u64 error;
	__u32 error_len;
	__u32 flags;
	char name[KMB_NAME_LEN];
};

/**
 * struct kmb_vnode - names a vnode (KMB_BOOT, KMB_STOP, KMB_KILL)
 * @size: sizeof(struct kmb_vnode)
 * @id: vnode ID
 * @error: address of a buffer for the error text
 * @error_len: size of that buffer, bytes; may be 0
 * @flags: must be 0
 */
struct kmb_vnode {
	__u32 size;
	__u32 id;
	__u64 error;
	__u32 error_len;
	__u32 flags;
};

/**
 * struct kmb_log - reads a vnode's kernel log ring (KMB_LOG)
 * @size: sizeof(struct kmb_log)
 * @id: vnode ID
 * @pos: in: where to read, in bytes since the vnode was loaded; out: where the next read
 *	continues.  Bytes that the ring has already overwritten are skipped.
 * @buf: address of a buffer
 * @len: in: its size, bytes; out: how much was stored there, 0 at the end
 * @flags: must be 0
 * @error: address of a buffer for the error text
 * @error_len: size of that buffer, bytes; may be 0
 * @pad: must be 0
 */
struct kmb_log {
	__u32 size;
	__u32 id;
	__u64 pos;
	__u64 buf;
	__u32 len;
	__u32 flags;
	__u64 error;
	__u32 error_len;
	__u32 pad;
};

/**
 * enum kmb_memory_kind - what a range of physical memory is used for
 * @KMB_MEMORY_ROOT: the root vnode's Linux
 * @KMB_MEMORY_FREE: the pool
 * @KMB_MEMORY_VNODE: a vnode's region
 * @KMB_MEMORY_SHARED: the nanokernel's own: vnode pages, log rings, the commons
 * @KMB_MEMORY_BRIDGE: a bridge
 */
enum kmb_memory_kind {
	KMB_MEMORY_ROOT,
	KMB_MEMORY_FREE,
	KMB_MEMORY_VNODE,
	KMB_MEMORY_SHARED,
	KMB_MEMORY_BRIDGE,
};

/**
 * struct kmb_range - one range of the map of physical memory
 * @start: first byte
 * @bytes: size
 * @kind: an enum kmb_memory_kind
 * @id: the vnode's ID, or the bridge's number; 0 if @kind is another one
 */
struct kmb_range {
	__u64 start;
	__u64 bytes;
	__u32 kind;
	__u32 id;
};

/**
 * struct kmb_memory - reads the map of physical memory (KMB_MEMORY)
 * @size: sizeof(struct kmb_memory)
 * @nr: in: number of entries in @ranges; out: entries of the map.  The first ones that fit
 *	were stored, in order of their addresses
 * @ranges: address of an array of struct kmb_range
 * @error: address of a buffer for the error text
 * @error_len: size of that buffer, bytes; may be 0
 * @flags: must be 0
 */
struct kmb_memory {
	__u32 size;
	__u32 nr;
	__u64 ranges;
	__u64 error;
	__u32 error_len;
	__u32 flags;
};

#define KMB_LOAD	_IOW('V', 0x00, struct kmb_load)
#define KMB_BOOT	_IOW('V', 0x01, struct kmb_vnode)
#define KMB_STOP	_IOW('V', 0x02, struct kmb_vnode)
#define KMB_KILL	_IOW('V', 0x03, struct kmb_vnode)
#define KMB_LOG		_IOWR('V', 0x04, struct kmb_log)
#define KMB_MEMORY	_IOWR('V', 0x05, struct kmb_memory)

#endif /* _KMB_H */
