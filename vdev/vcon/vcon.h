/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vcon's interface to user space: /dev/vcon/ID and /dev/vcon-agent.
 *
 * Reading /dev/vcon/ID returns the output of a vnode's console, and writing to it types
 * there; TIOCSWINSZ and TIOCGWINSZ are those of its terminal.
 *
 * TIOCSWINSZ, VCON_SESSION and VCON_SYSRQ need a descriptor that is open for
 * writing, VCON_LOST and VCON_OLD one for reading: with another one they fail with -EBADF.
 */
#ifndef _VCON_H
#define _VCON_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * On /dev/vcon/ID: begin a session with the vnode's agent.  The argument says how many
 * milliseconds to wait for the agent and for a free channel.  Returns a descriptor for
 * reading and writing; -ENOTCONN if there is no agent, -EBUSY if there is no free channel,
 * -EHOSTDOWN if the vnode has died.  Reading from it ends with 0 when the agent has closed
 * it, with -EHOSTDOWN when the vnode has died, and with -EIO when it has stored an
 * impossible position.
 */
#define VCON_SESSION	_IO('v', 0x40)

/* On /dev/vcon/ID: make the vnode do a sysrq; the argument is the key. */
#define VCON_SYSRQ	_IO('v', 0x41)

/*
 * On /dev/vcon/ID: how many bytes this descriptor has missed, including those before it was
 * opened.
 */
#define VCON_LOST	_IOR('v', 0x42, __u64)

/*
 * On /dev/vcon/ID: how many bytes are still to be read of the text that was there when it
 * was opened; the text after them is new.
 */
#define VCON_OLD	_IOR('v', 0x44, __u64)

/*
 * On /dev/vcon-agent, which can only be opened for reading and writing: wait for a
 * session; returns a descriptor as above.
 */
#define VCON_ACCEPT	_IO('v', 0x43)

#endif /* _VCON_H */
