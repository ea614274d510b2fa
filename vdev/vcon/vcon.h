/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vcon offers to user space: /dev/vcon/ID and /dev/vcon-agent.
 *
 * Reading and writing /dev/vcon/ID is looking at and typing on a vnode's
 * console; TIOCSWINSZ and TIOCGWINSZ are those of its terminal.
 *
 * TIOCSWINSZ, VCON_SESSION and VCON_SYSRQ need a descriptor that is open for
 * writing, VCON_LOST and VCON_OLD one for reading: with another one they fail with -EBADF.
 */
#ifndef _VCON_H
#define _VCON_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * On /dev/vcon/ID: begin a session with the vnode's agent.  The argument says
 * for how many milliseconds to wait for the agent, and for a free channel.
 * Returns a descriptor for bytes both ways; -ENOTCONN if there is no agent,
 * -EBUSY if there is no free channel, -EHOSTDOWN if the vnode has died.
 * Reading from it ends with 0 when the agent has closed it, with -EHOSTDOWN when the
 * vnode has died, and with -EIO when it has written nonsense.
 */
#define VCON_SESSION	_IO('v', 0x40)

/* On /dev/vcon/ID: have the vnode do what the magic key does; the argument is the key. */
#define VCON_SYSRQ	_IO('v', 0x41)

/* On /dev/vcon/ID: how many bytes it has missed, or would have missed when it was opened. */
#define VCON_LOST	_IOR('v', 0x42, __u64)

/*
 * On /dev/vcon/ID: how many bytes are still to be read of what was there when it was
 * opened; what comes behind them is new.
 */
#define VCON_OLD	_IOR('v', 0x44, __u64)

/*
 * On /dev/vcon-agent, which can only be opened for reading and writing: wait for a
 * session; returns a descriptor as above.
 */
#define VCON_ACCEPT	_IO('v', 0x43)

#endif /* _VCON_H */
