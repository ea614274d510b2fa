/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel that carries out commands of a test in another vnode. They come through a
 * bridge, local to the vnode, and a portal.
 */
#ifndef _ADEOS_PEER_H
#define _ADEOS_PEER_H

#include <linux/types.h>

#define PEER_BRIDGE	"test-peer"
#define PEER_PORTAL	16	/* a command is there */
#define PEER_PING	17	/* ring back */
#define PEER_PONG	18
#define PEER_ECHO	19	/* add one to @echoes */

enum peer_command {
	PEER_NOTHING,
	PEER_CREATE,	/* a bridge: @name, @arg bytes, @flags */
	PEER_OPEN,	/* @scope, @name; the only one that is open */
	PEER_CLOSE,
	PEER_DESTROY,	/* the one that is open */
	PEER_WRITE,	/* @arg into each word of it */
	PEER_SUM,	/* of its words */
	PEER_RING,	/* PEER_PING of vnode @scope, @arg times, each waiting for the pong */
	PEER_STALL,	/* Linux's interrupts, on all CPUs, until @release, @arg ms at most */
	PEER_BUSY,	/* the same, but with interrupts enabled, on one CPU */
	PEER_PANIC,
};

/**
 * struct peer_box - what the bridge holds
 * @seq: number of the command; written last
 * @ack: number of the last one that was carried out
 * @command: an enum peer_command
 * @scope: vnode ID, or ADEOS_GLOBAL
 * @arg: argument
 * @flags: argument
 * @name: name of a bridge
 * @result: 0, negative errno, or a value
 * @pings: how often PEER_PING was rung
 * @echoes: how often PEER_ECHO was rung
 * @gone: how often a bridge has gone
 * @moved: how often a bridge was moved
 * @stalled: a CPU is stalled, or busy
 * @release: set by the test to end that
 */
struct peer_box {
	u32 seq;
	u32 ack;
	u32 command;
	u32 scope;
	u32 arg;
	u32 flags;
	char name[32];
	s32 result;
	u32 pings;
	u32 echoes;
	u32 gone;
	u32 moved;
	u32 stalled;
	u32 release;
};

#endif /* _ADEOS_PEER_H */
