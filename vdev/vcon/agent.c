// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vcon-agent, in a vnode: where the agent waits for sessions.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "link.h"
#include "vcon.h"

static void listen(struct vcon_link *link, int change)
{
	down_read(&link->life);
	spin_lock(&link->lock);
	link->agents += change;
	if (!link->dead)
		WRITE_ONCE(link->wire->listening, link->agents);
	spin_unlock(&link->lock);
	if (!link->dead)
		vcon_kick(link, VCON_KICK_HEAD);
	up_read(&link->life);
}

static int agent_open(struct inode *inode, struct file *file)
{
	struct vcon_link *link;

	/* An agent reads and writes sessions, so it needs both modes. */
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return -EACCES;
	link = vcon_link_get(VCON_SERVER, 0);
	/* The bridge exists as soon as the vnode is a member of the cluster. */
	if (!link)
		return -EAGAIN;
	file->private_data = link;
	listen(link, 1);
	return nonseekable_open(inode, file);
}

static int agent_release(struct inode *inode, struct file *file)
{
	listen(file->private_data, -1);
	vcon_link_put(file->private_data);
	return 0;
}

static long agent_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return cmd == VCON_ACCEPT ? vcon_accept(file->private_data) : -ENOTTY;
}

static const struct file_operations agent_fops = {
	.owner = THIS_MODULE,
	.open = agent_open,
	.release = agent_release,
	.unlocked_ioctl = agent_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice agent_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vcon-agent",
	.fops = &agent_fops,
	.mode = 0600,
};

/**
 * vcon_agent_init() - make /dev/vcon-agent
 *
 * Context: process.
 * Return: 0 or negative errno.
 */
int vcon_agent_init(void)
{
	return misc_register(&agent_device);
}

/**
 * vcon_agent_exit() - undo vcon_agent_init()
 *
 * Context: process.
 */
void vcon_agent_exit(void)
{
	misc_deregister(&agent_device);
}
