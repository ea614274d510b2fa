// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vcon/ID: another vnode's console.
 *
 * A work item copies the vnode's output to a buffer, from which each viewer reads. The
 * buffer's oldest text is overwritten when all viewers that may type have read it, or have
 * not read for PATIENCE.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/termios.h>
#include <linux/uaccess.h>

#include "link.h"
#include "vcon.h"

#define VIEW_SIZE	(256u << 10)	/* a power of two */
#define PATIENCE	(5 * HZ)
#define DRAIN_MAX	(256u << 10)	/* bytes in a jiffy */

/**
 * struct vcon_view - the output of a console, for its viewers
 * @link: the bridge
 * @lock: protects all below, and opening and closing channel 0
 * @text: the byte at position p is @text[p % VIEW_SIZE]
 * @end: position after the newest byte
 * @viewers: those who are waited for
 * @stuck: there was no room for the vnode's output
 * @over: no more output will come
 * @wait: woken when there is more output
 * @drain: copies the vnode's output
 * @budget: for @drain
 * @sysrq_lock: one sysrq at a time
 */
struct vcon_view {
	struct vcon_link *link;
	struct mutex lock;	/* before link->life */
	u8 *text;
	u64 end;
	struct list_head viewers;
	bool stuck;
	bool over;
	wait_queue_head_t wait;
	struct delayed_work drain;
	struct vcon_budget budget;
	struct mutex sysrq_lock;	/* before link->life, too */
};

/**
 * struct viewer - an open file
 * @list: entry in @view->viewers
 * @view: the console's output
 * @pos: position after what it has read
 * @new: position after the text that was there when it was opened
 * @lost: bytes that were overwritten before it read them
 * @moved: when it read last, jiffies
 */
struct viewer {
	struct list_head list;
	struct vcon_view *view;
	u64 pos;
	u64 new;
	u64 lost;
	unsigned long moved;
};

static struct class *vcon_class;
static struct cdev vcon_cdev;
static dev_t vcon_dev;

static u64 oldest(const struct vcon_view *v)
{
	return v->end > VIEW_SIZE ? v->end - VIEW_SIZE : 0;
}

/* How many bytes there is room for; if none, when that may change, in jiffies from now. */
static u32 view_room(struct vcon_view *v, unsigned long *in)
{
	struct viewer *r;
	u32 room = VIEW_SIZE;
	long left;

	*in = PATIENCE;
	list_for_each_entry(r, &v->viewers, list) {
		left = r->moved + PATIENCE - jiffies;
		if (left <= 0 || r->pos < oldest(v))
			continue;
		room = min_t(u64, room, VIEW_SIZE - (v->end - r->pos));
		*in = min_t(unsigned long, *in, left);
	}
	return room;
}

static void view_put(struct vcon_view *v, const u8 *data, u32 len)
{
	u32 at = v->end % VIEW_SIZE;
	u32 first = min(len, VIEW_SIZE - at);

	memcpy(v->text + at, data, first);
	memcpy(v->text, data + first, len - first);
	v->end += len;
}

/* Opens the session of the console when its server is ready for it. */
static bool view_open(struct vcon_link *link)
{
	struct stream *s = &link->chan[0].s;

	if ((s->state & STREAM_STATE) == STREAM_OPEN)
		return true;
	if (stream_reap(s))
		vcon_kick(link, 0);
	if (stream_begin(s))
		return false;
	vcon_kick(link, 0);
	return true;
}

/* Returns in how many jiffies to try again, 0 if not before a kick. */
static unsigned long drain(struct vcon_view *v)
{
	struct stream *s = &v->link->chan[0].s;
	u32 len, room;
	unsigned long in;
	u8 *data;

	if (!view_open(v->link))
		return 0;
	/* The server has closed it, for example because its module was unloaded. */
	if (stream_peer(s) == STREAM_PEER_CLOSED && !stream_readable(s)) {
		stream_close(s);
		vcon_kick(v->link, 0);
		return 0;
	}
	while (vcon_may_spend(&v->budget, DRAIN_MAX)) {
		if (!stream_readable(s)) {
			stream_want(s, STREAM_WANTS_DATA);
			if (!stream_readable(s))
				return 0;
		}
		if (stream_rx(s, &data, &len)) {
			stream_rx_reset(s);
			v->budget.spent += VCON_CONSOLE_OUT;
			continue;
		}
		room = view_room(v, &in);
		v->stuck = !room;
		if (v->stuck)
			return in + 1;
		len = min(len, room);
		view_put(v, data, len);
		v->budget.spent += max(len, VCON_COST);
		if (stream_rx_done(s, len))
			vcon_kick(v->link, 0);
	}
	return 1;
}

static void drain_work(struct work_struct *work)
{
	struct vcon_view *v = container_of(work, struct vcon_view, drain.work);
	unsigned long again;
	u64 end;

	mutex_lock(&v->lock);
	end = v->end;
	again = v->over ? 0 : drain(v);
	end = v->end - end;
	mutex_unlock(&v->lock);
	if (end)
		wake_up_interruptible_all(&v->wait);
	if (again)
		queue_delayed_work(system_unbound_wq, &v->drain, again);
}

/**
 * vcon_view_kick() - look at channel 0
 * @link: the bridge
 *
 * Context: any but NMI.
 */
void vcon_view_kick(struct vcon_link *link)
{
	mod_delayed_work(system_unbound_wq, &link->view->drain, 0);
}

/**
 * vcon_view_lost() - how much of a console's output the buffer has lost
 * @link: the bridge
 *
 * Return: bytes.
 */
u64 vcon_view_lost(struct vcon_link *link)
{
	u64 lost;

	mutex_lock(&link->view->lock);
	lost = oldest(link->view);
	mutex_unlock(&link->view->lock);
	return lost;
}

/* The file */

static int view_file_open(struct inode *inode, struct file *file)
{
	struct vcon_link *link = vcon_link_get(VCON_CLIENT, iminor(inode));
	struct viewer *r;

	if (!link)
		return -ENODEV;
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r) {
		vcon_link_put(link);
		return -ENOMEM;
	}
	r->view = link->view;
	r->moved = jiffies;
	mutex_lock(&r->view->lock);
	r->pos = oldest(r->view);
	r->new = r->view->end;
	r->lost = r->pos;
	/*
	 * Nobody waits for a viewer that may only read, or does not read: others would have
	 * to wait, too.
	 */
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) == (FMODE_READ | FMODE_WRITE))
		list_add(&r->list, &r->view->viewers);
	else
		INIT_LIST_HEAD(&r->list);
	mutex_unlock(&r->view->lock);
	file->private_data = r;
	return nonseekable_open(inode, file);
}

static int view_file_release(struct inode *inode, struct file *file)
{
	struct viewer *r = file->private_data;
	struct vcon_view *v = r->view;

	mutex_lock(&v->lock);
	list_del(&r->list);
	mutex_unlock(&v->lock);
	vcon_view_kick(v->link);
	vcon_link_put(v->link);
	kfree(r);
	return 0;
}

/* Copies to @to what the viewer has not seen; returns how much, or -EAGAIN. */
static ssize_t view_get(struct viewer *r, u8 *to, size_t len)
{
	struct vcon_view *v = r->view;
	bool stuck;
	size_t i;

	mutex_lock(&v->lock);
	if (r->pos < oldest(v)) {
		r->lost += oldest(v) - r->pos;
		r->pos = oldest(v);
	}
	len = min_t(u64, len, v->end - r->pos);
	for (i = 0; i < len; i++)
		to[i] = v->text[(r->pos + i) % VIEW_SIZE];
	r->pos += len;
	r->moved = jiffies;
	stuck = v->stuck && len;
	if (stuck)
		v->stuck = false;
	if (!len && !v->over)
		len = -EAGAIN;
	mutex_unlock(&v->lock);
	if (stuck)
		vcon_view_kick(v->link);
	return len;
}

static bool view_has(struct viewer *r)
{
	/* Positions only grow, and a torn value is read again under the lock. */
	return READ_ONCE(r->view->over) || r->view->end != r->pos;
}

static ssize_t view_file_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct viewer *r = file->private_data;
	u8 chunk[512];
	ssize_t n, done = 0;

	/* There may always be more. */
	len = min_t(size_t, len, VIEW_SIZE);
	while (done < len) {
		n = view_get(r, chunk, min_t(size_t, sizeof(chunk), len - done));
		if (n == -EAGAIN && !done && !(file->f_flags & O_NONBLOCK)) {
			if (wait_event_interruptible(r->view->wait, view_has(r)))
				return -ERESTARTSYS;
			continue;
		}
		if (n <= 0)
			return done ?: n;
		if (copy_to_user(buf + done, chunk, n))
			return done ?: -EFAULT;
		done += n;
	}
	return done;
}

static ssize_t view_file_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct viewer *r = file->private_data;

	return len ? vcon_chan_write(&r->view->link->chan[0], buf, len,
				     !(file->f_flags & O_NONBLOCK)) : 0;
}

static __poll_t view_file_poll(struct file *file, poll_table *wait)
{
	struct viewer *r = file->private_data;
	struct vcon_chan *ch = &r->view->link->chan[0];
	__poll_t events;

	poll_wait(file, &r->view->wait, wait);
	poll_wait(file, &ch->wait, wait);
	events = vcon_chan_events(ch) & (EPOLLOUT | EPOLLWRNORM | EPOLLERR);
	/* Another viewer is writing: vcon_chan_write() wakes this one when it has finished. */
	if (mutex_is_locked(&ch->tx))
		events &= EPOLLERR;
	if (view_has(r))
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

/* Runs @set on the mapped bridge. */
static int with_wire(struct vcon_link *link, void (*set)(struct vcon_wire *wire, u32 value),
		     u32 value)
{
	int ret = 0;

	down_read(&link->life);
	if (link->dead) {
		ret = -EHOSTDOWN;
	} else {
		set(link->wire, value);
		vcon_kick(link, 0);
	}
	up_read(&link->life);
	return ret;
}

static void set_winsize(struct vcon_wire *wire, u32 value)
{
	WRITE_ONCE(wire->winsize, value);
}

static void set_sysrq(struct vcon_wire *wire, u32 value)
{
	WRITE_ONCE(wire->sysrq, value);
}

/* The result: 1: done, 0: no answer yet, -EPERM: refused. */
static int sysrq_end(struct vcon_link *link, u32 value)
{
	int end = 1;
	u32 done;

	if (!down_read_trylock(&link->life))
		return 1;
	if (!link->dead) {
		done = READ_ONCE(link->wire->sysrq_done);
		end = done == value ? 1 : done == (value | VCON_SYSRQ_REFUSED) ? -EPERM : 0;
	}
	up_read(&link->life);
	return end;
}

/* Returns when the vnode has seen it. */
static int view_sysrq(struct vcon_view *v, u8 key)
{
	struct vcon_link *link = v->link;
	int end = 0;
	u32 value;
	long ret;

	if (mutex_lock_interruptible(&v->sysrq_lock))
		return -ERESTARTSYS;
	down_read(&link->life);
	value = link->dead ? 0 : ((READ_ONCE(link->wire->sysrq) & ~0xffu) + 0x100) | key;
	up_read(&link->life);
	ret = with_wire(link, set_sysrq, value);
	if (!ret) {
		ret = wait_event_interruptible_timeout(link->chan[0].wait,
						       (end = sysrq_end(link, value)), 10 * HZ);
		ret = ret > 0 ? min(end, 0) : ret ?: -ETIMEDOUT;
	}
	mutex_unlock(&v->sysrq_lock);
	return ret;
}

static int view_winsize(struct vcon_link *link, unsigned int cmd, struct winsize __user *arg)
{
	struct winsize ws = { };

	if (cmd == TIOCSWINSZ) {
		if (copy_from_user(&ws, arg, sizeof(ws)))
			return -EFAULT;
		return with_wire(link, set_winsize, (u32)ws.ws_row << 16 | ws.ws_col);
	}
	down_read(&link->life);
	if (!link->dead) {
		ws.ws_row = READ_ONCE(link->wire->winsize) >> 16;
		ws.ws_col = READ_ONCE(link->wire->winsize);
	}
	up_read(&link->life);
	return copy_to_user(arg, &ws, sizeof(ws)) ? -EFAULT : 0;
}

/* How a file must be open for a call */
static fmode_t mode_of(unsigned int cmd)
{
	switch (cmd) {
	case VCON_SESSION:	/* it runs commands in the vnode */
	case VCON_SYSRQ:
	case TIOCSWINSZ:	/* all users of the terminal see it */
		return FMODE_WRITE;
	case VCON_LOST:
	case VCON_OLD:
		return FMODE_READ;
	}
	return 0;
}

static long view_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct viewer *r = file->private_data;
	u64 bytes;

	if (mode_of(cmd) & ~file->f_mode)
		return -EBADF;
	switch (cmd) {
	case VCON_SESSION:
		return vcon_session(r->view->link, arg);
	case VCON_SYSRQ:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		return arg > VCON_SYSRQ_KEY ? -EINVAL : view_sysrq(r->view, arg);
	case VCON_LOST:
		mutex_lock(&r->view->lock);
		bytes = r->lost;
		mutex_unlock(&r->view->lock);
		return put_user(bytes, (u64 __user *)arg);
	case VCON_OLD:
		mutex_lock(&r->view->lock);
		bytes = r->pos < r->new ? r->new - r->pos : 0;
		mutex_unlock(&r->view->lock);
		return put_user(bytes, (u64 __user *)arg);
	case TIOCSWINSZ:
	case TIOCGWINSZ:
		return view_winsize(r->view->link, cmd, (struct winsize __user *)arg);
	}
	return -ENOTTY;
}

static const struct file_operations view_fops = {
	.owner = THIS_MODULE,
	.open = view_file_open,
	.release = view_file_release,
	.read = view_file_read,
	.write = view_file_write,
	.poll = view_file_poll,
	.unlocked_ioctl = view_file_ioctl,
};

/**
 * vcon_view_add() - make /dev/vcon/ID
 * @link: the bridge
 *
 * Context: process, sleeps.
 * Return: 0 or negative errno.
 */
int vcon_view_add(struct vcon_link *link)
{
	struct vcon_view *v = kzalloc(sizeof(*v), GFP_KERNEL);
	struct device *dev;

	if (!v)
		return -ENOMEM;
	v->text = kvmalloc(VIEW_SIZE, GFP_KERNEL);
	if (!v->text) {
		kfree(v);
		return -ENOMEM;
	}
	v->link = link;
	mutex_init(&v->lock);
	mutex_init(&v->sysrq_lock);
	INIT_LIST_HEAD(&v->viewers);
	init_waitqueue_head(&v->wait);
	INIT_DELAYED_WORK(&v->drain, drain_work);
	link->view = v;
	dev = device_create(vcon_class, NULL, MKDEV(MAJOR(vcon_dev), link->peer), NULL,
			    "vcon!%u", link->peer);
	return PTR_ERR_OR_ZERO(dev);
}

/**
 * vcon_view_end() - remove /dev/vcon/ID; viewers that have it open can read to the end
 * @link: the bridge, still mapped
 *
 * Context: process, sleeps.
 */
void vcon_view_end(struct vcon_link *link)
{
	struct vcon_view *v = link->view;
	struct stream *s = &link->chan[0].s;

	device_destroy(vcon_class, MKDEV(MAJOR(vcon_dev), link->peer));
	mutex_lock(&v->lock);
	/* The last output, without the limit for this jiffy */
	v->budget.spent = 0;
	drain(v);
	WRITE_ONCE(v->over, true);
	if ((s->state & STREAM_STATE) == STREAM_OPEN) {
		stream_close(s);
		vcon_kick(link, 0);
	}
	mutex_unlock(&v->lock);
	wake_up_all(&v->wait);
}

/**
 * vcon_view_free() - free a view
 * @v: the view, or NULL
 *
 * Context: process, sleeps.
 */
void vcon_view_free(struct vcon_view *v)
{
	if (!v)
		return;
	cancel_delayed_work_sync(&v->drain);
	kvfree(v->text);
	kfree(v);
}

/**
 * vcon_views_init() - set up /dev/vcon
 *
 * Context: process.
 * Return: 0 or negative errno.
 */
int vcon_views_init(void)
{
	int ret = alloc_chrdev_region(&vcon_dev, 0, ADEOS_MAX_VNODES, "vcon");

	if (ret)
		return ret;
	vcon_class = class_create("vcon");
	if (IS_ERR(vcon_class)) {
		ret = PTR_ERR(vcon_class);
		goto no_class;
	}
	cdev_init(&vcon_cdev, &view_fops);
	vcon_cdev.owner = THIS_MODULE;
	ret = cdev_add(&vcon_cdev, vcon_dev, ADEOS_MAX_VNODES);
	if (!ret)
		return 0;
	class_destroy(vcon_class);
no_class:
	unregister_chrdev_region(vcon_dev, ADEOS_MAX_VNODES);
	return ret;
}

/**
 * vcon_views_exit() - undo vcon_views_init()
 *
 * Context: process.
 */
void vcon_views_exit(void)
{
	cdev_del(&vcon_cdev);
	class_destroy(vcon_class);
	unregister_chrdev_region(vcon_dev, ADEOS_MAX_VNODES);
}
