// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/bridge: its files and calls.
 */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "bridge.h"

#define VB_FS_MAGIC	0x76627266	/* nobody sees it */

static struct vfsmount *mount;

static int vb_fs_init(struct fs_context *fc)
{
	return init_pseudo(fc, VB_FS_MAGIC) ? 0 : -ENOMEM;
}

/* No owner, because the mount would otherwise prevent the module from being unloaded. */
static struct file_system_type vb_fs = {
	.name			= "vbridge",
	.init_fs_context	= vb_fs_init,
	.kill_sb		= kill_anon_super,
};

/* Each file gets a mapping of its own at once, because mmap() may come at any time. */
static int device_open(struct inode *inode, struct file *file)
{
	struct vb_file *f;
	int ret;

	/* Access mode 3 allows only ioctls: vb_may() would have nothing to check. */
	if (!(file->f_mode & (FMODE_READ | FMODE_WRITE)))
		return -EINVAL;
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->limit = vb_charge_file();
	if (IS_ERR(f->limit)) {
		ret = PTR_ERR(f->limit);
		goto no_limit;
	}
	f->inode = alloc_anon_inode(mount->mnt_sb);
	if (IS_ERR(f->inode)) {
		ret = PTR_ERR(f->inode);
		goto no_inode;
	}
	mutex_init(&f->attach);
	file->f_mapping = f->inode->i_mapping;
	file->private_data = f;
	return stream_open(inode, file);

no_inode:
	vb_uncharge_file(f->limit);
no_limit:
	kfree(f);
	return ret;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct vb_file *f = file->private_data;

	vb_detach(f);
	iput(f->inode);
	vb_uncharge_file(f->limit);
	kfree(f);
	return 0;
}

/* Fills *to of @len bytes from a structure that begins with its size. */
static int get_struct(void *to, size_t len, const void __user *from)
{
	u32 size;

	if (get_user(size, (const u32 __user *)from))
		return -EFAULT;
	if (size < sizeof(u32) || size > PAGE_SIZE)
		return -EINVAL;
	return copy_struct_from_user(to, len, from, size);
}

static int ioctl_create(struct vb_file *f, const void __user *arg)
{
	struct vbridge_create req;
	int ret = get_struct(&req, sizeof(req), arg);

	if (ret)
		return ret;
	mutex_lock(&f->attach);
	ret = f->vb ? -EISCONN : vb_create(f, &req);
	mutex_unlock(&f->attach);
	return ret;
}

static int ioctl_open(struct vb_file *f, const void __user *arg, fmode_t mode)
{
	struct vbridge_open req;
	int ret = get_struct(&req, sizeof(req), arg);

	if (ret)
		return ret;
	mutex_lock(&f->attach);
	ret = f->vb ? -EISCONN : vb_open(f, &req, mode);
	mutex_unlock(&f->attach);
	return ret;
}

static int ioctl_info(struct vb *vb, struct vbridge_info __user *arg)
{
	struct vbridge_info info;
	u32 size;

	if (get_user(size, &arg->size))
		return -EFAULT;
	if (size < sizeof(u32))
		return -EINVAL;
	info = vb->info;
	info.size = size;
	down_read(&vb->sem);
	info.state = vb->gone ? VBRIDGE_GONE : vb->frozen ? VBRIDGE_FROZEN : VBRIDGE_LIVE;
	info.users = vb->gone ? 0 : adeos_bridge_users(vb->bridge);
	up_read(&vb->sem);
	return copy_to_user(arg, &info, min_t(size_t, size, sizeof(info))) ? -EFAULT : 0;
}

static int ioctl_destroy(struct vb *vb)
{
	if (!uid_eq(current_fsuid(), KUIDT_INIT(vb->info.uid)) && !capable(CAP_FOWNER))
		return -EPERM;
	return vb_destroy(vb);
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vb_file *f = file->private_data;
	void __user *user = (void __user *)arg;
	struct vb *vb = vb_of(f);

	switch (cmd) {
	case VBRIDGE_CREATE:
		return ioctl_create(f, user);
	case VBRIDGE_OPEN:
		return ioctl_open(f, user, file->f_mode);
	case VBRIDGE_INFO:
		return vb ? ioctl_info(vb, user) : -EBADFD;
	case VBRIDGE_RING:
		return vb ? vb_ring(f, vb) : -EBADFD;
	case VBRIDGE_DESTROY:
		return vb ? ioctl_destroy(vb) : -EBADFD;
	case VBRIDGE_EVENTFD:
		return vb ? vb_listen(f, vb, (int)arg) : -EBADFD;
	default:
		return -ENOTTY;
	}
}

static ssize_t device_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct vb_file *f = file->private_data;
	struct vb *vb = vb_of(f);
	u64 count;
	int ret;

	if (!vb)
		return -EBADFD;
	if (len < sizeof(count))
		return -EINVAL;
	while (!vb_pending(f, vb, &count)) {
		if (READ_ONCE(vb->gone))
			return -EIDRM;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(vb->wait, READ_ONCE(vb->gone) ||
					       vb_pending(f, vb, NULL));
		if (ret)
			return ret;
	}
	return copy_to_user(buf, &count, sizeof(count)) ? -EFAULT : sizeof(count);
}

static __poll_t device_poll(struct file *file, poll_table *wait)
{
	struct vb_file *f = file->private_data;
	struct vb *vb = vb_of(f);
	__poll_t mask = 0;

	if (!vb)
		return EPOLLERR;
	poll_wait(file, &vb->wait, wait);
	if (vb_pending(f, vb, NULL))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(vb->gone))
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP;
	return mask;
}

static const struct file_operations device_ops = {
	.owner		= THIS_MODULE,
	.open		= device_open,
	.release	= device_release,
	.unlocked_ioctl	= device_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.read		= device_read,
	.poll		= device_poll,
	.mmap		= vb_mmap,
};

static unsigned int node_gid = -1;
module_param_named(gid, node_gid, uint, 0444);
MODULE_PARM_DESC(gid, "group of the device; without it, the mode is 0666");
static unsigned int node_mode;
module_param_named(mode, node_mode, uint, 0444);
MODULE_PARM_DESC(mode, "permission bits of the device, if not 0660 with gid and 0666 without");

/**
 * struct vb_device - the device
 * @dev: the device
 * @cdev: its character device
 */
struct vb_device {
	struct device dev;
	struct cdev cdev;
};

static struct vb_device *device;
static struct class *class;
static dev_t number;

/* The node in /dev, with its group; a miscdevice cannot set one. */
static char *device_node(const struct device *dev, umode_t *mode, kuid_t *uid, kgid_t *gid)
{
	kgid_t group = make_kgid(&init_user_ns, node_gid);

	if (mode)
		*mode = node_mode ? node_mode & 0666 : gid_valid(group) ? 0660 : 0666;
	if (gid && gid_valid(group))
		*gid = group;
	return NULL;
}

static const struct device_type device_type = {
	.name		= "bridge",
	.devnode	= device_node,
};

static void device_free(struct device *dev)
{
	kfree(container_of(dev, struct vb_device, dev));
}

static int device_add_node(void)
{
	int ret;

	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device)
		return -ENOMEM;
	device_initialize(&device->dev);
	device->dev.release = device_free;
	device->dev.class = class;
	device->dev.type = &device_type;
	device->dev.devt = number;
	cdev_init(&device->cdev, &device_ops);
	device->cdev.owner = THIS_MODULE;
	ret = dev_set_name(&device->dev, "bridge");
	if (!ret)
		ret = cdev_device_add(&device->cdev, &device->dev);
	if (ret)
		put_device(&device->dev);
	return ret;
}

static int device_register_node(void)
{
	int ret = alloc_chrdev_region(&number, 0, 1, "vbridge");

	if (ret)
		return ret;
	class = class_create("vbridge");
	ret = PTR_ERR_OR_ZERO(class);
	if (ret)
		goto no_class;
	ret = device_add_node();
	if (!ret)
		return 0;
	class_destroy(class);
no_class:
	unregister_chrdev_region(number, 1);
	return ret;
}

static void device_unregister_node(void)
{
	cdev_device_del(&device->cdev, &device->dev);
	put_device(&device->dev);
	class_destroy(class);
	unregister_chrdev_region(number, 1);
}

static int __init vbridge_init(void)
{
	int ret;

	mount = kern_mount(&vb_fs);
	if (IS_ERR(mount))
		return PTR_ERR(mount);
	ret = vb_init();
	if (ret)
		goto no_init;
	ret = vb_ring_init();
	if (ret)
		goto no_ring;
	ret = device_register_node();
	if (ret)
		goto no_device;
	return 0;

no_device:
	vb_ring_exit();
no_ring:
	vb_exit();
no_init:
	kern_unmount(mount);
	return ret;
}
module_init(vbridge_init);

static void __exit vbridge_exit(void)
{
	device_unregister_node();
	vb_exit();
	vb_ring_exit();
	kern_unmount(mount);
}
module_exit(vbridge_exit);

MODULE_DESCRIPTION("Memory that programs of several vnodes share: /dev/bridge");
MODULE_LICENSE("GPL");
