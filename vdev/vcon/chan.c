// SPDX-License-Identifier: GPL-2.0
/*
 * Reading, writing and waiting on one channel, and the sessions on channels 1
 * and up, which user space has as descriptors.
 */
#include <linux/anon_inodes.h>
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "link.h"

/*
 * Copies what is there, but not more than the ring holds, because the other side can add to
 * it meanwhile.  The other side can also change the data, which harms only its own reader.
 */
static ssize_t copy_out(struct vcon_chan *ch, char __user *buf, size_t len)
{
	size_t done = 0;
	bool kick = false;
	u8 *data;
	int ret;
	u32 n;

	len = min_t(size_t, len, ch->s.rx_size);
	do {
		ret = stream_rx(&ch->s, &data, &n);
		if (ret || !n)
			break;
		n = min_t(size_t, n, len - done);
		if (copy_to_user(buf + done, data, n)) {
			ret = -EFAULT;
			break;
		}
		kick |= stream_rx_done(&ch->s, n);
		done += n;
	} while (done < len);
	if (kick)
		vcon_kick(ch->link, ch->nr);
	return done ?: ret;
}

/* As much as the ring holds, at most, as above */
static ssize_t copy_in(struct vcon_chan *ch, const char __user *buf, size_t len)
{
	size_t done = 0;
	bool kick = false;
	u8 *room;
	int ret;
	u32 n;

	len = min_t(size_t, len, ch->s.tx_size);
	do {
		ret = stream_tx(&ch->s, &room, &n);
		if (ret || !n)
			break;
		n = min_t(size_t, n, len - done);
		if (copy_from_user(room, buf + done, n)) {
			ret = -EFAULT;
			break;
		}
		kick |= stream_tx_done(&ch->s, n);
		done += n;
	} while (done < len);
	if (kick)
		vcon_kick(ch->link, ch->nr);
	return done ?: ret;
}

/* Returns -EAGAIN if there is nothing to read yet. */
static ssize_t try_read(struct vcon_chan *ch, char __user *buf, size_t len)
{
	bool closed;
	ssize_t ret;

	down_read(&ch->link->life);
	if (ch->link->dead) {
		ret = -EHOSTDOWN;
	} else {
		/* First, because what the other side wrote before it closed is still valid. */
		closed = stream_peer(&ch->s) == STREAM_PEER_CLOSED;
		ret = copy_out(ch, buf, len);
		if (!ret && !closed)
			ret = -EAGAIN;
	}
	up_read(&ch->link->life);
	return ret;
}

/* Returns -EAGAIN if there is no room. */
static ssize_t try_write(struct vcon_chan *ch, const char __user *buf, size_t len)
{
	ssize_t ret;

	down_read(&ch->link->life);
	if (ch->link->dead)
		ret = -EHOSTDOWN;
	else if (stream_peer(&ch->s) == STREAM_PEER_CLOSED)
		ret = -EPIPE;
	else
		ret = copy_in(ch, buf, len) ?: -EAGAIN;
	up_read(&ch->link->life);
	return ret;
}

/**
 * vcon_chan_events() - what can be done on a channel without waiting
 * @ch: the channel
 *
 * For the rest, the other side kicks when it becomes possible.
 *
 * Context: process; does not sleep.
 * Return: EPOLL* bits.
 */
__poll_t vcon_chan_events(struct vcon_chan *ch)
{
	__poll_t events = 0;

	/* The bridge is being ended: a call will return the error. */
	if (!down_read_trylock(&ch->link->life))
		return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
	if (ch->link->dead) {
		events = EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM | EPOLLERR;
		goto out;
	}
	if (!stream_readable(&ch->s))
		stream_want(&ch->s, STREAM_WANTS_DATA);
	if (!stream_writable(&ch->s))
		stream_want(&ch->s, STREAM_WANTS_ROOM);
	if (stream_peer(&ch->s) == STREAM_PEER_CLOSED)
		events |= EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM | EPOLLRDHUP;
	if (stream_readable(&ch->s))
		events |= EPOLLIN | EPOLLRDNORM;
	if (stream_writable(&ch->s))
		events |= EPOLLOUT | EPOLLWRNORM;
out:
	up_read(&ch->link->life);
	return events;
}

/**
 * vcon_chan_read() - read from a channel
 * @ch: the channel
 * @buf: where to store the bytes
 * @len: how many at most, not 0
 * @block: wait for the first one
 *
 * Context: process, sleeps.
 * Return: number of bytes; 0 if the other side has closed; -EAGAIN,
 * -ERESTARTSYS, -EFAULT, -EHOSTDOWN, -EIO.
 */
ssize_t vcon_chan_read(struct vcon_chan *ch, char __user *buf, size_t len, bool block)
{
	ssize_t ret;

	for (;;) {
		if (mutex_lock_interruptible(&ch->rx))
			return -ERESTARTSYS;
		ret = try_read(ch, buf, len);
		mutex_unlock(&ch->rx);
		if (ret != -EAGAIN || !block)
			return ret;
		if (wait_event_interruptible(ch->wait, vcon_chan_events(ch) & EPOLLIN))
			return -ERESTARTSYS;
		/* The data may have vanished each time: the other side controls that. */
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
}

/**
 * vcon_chan_write() - write to a channel
 * @ch: the channel
 * @buf: the bytes
 * @len: how many, not 0
 * @block: wait until all are written
 *
 * Context: process, sleeps.
 * Return: number of bytes, fewer than @len if a signal came; -EAGAIN, -ERESTARTSYS,
 * -EFAULT, -EPIPE, -EHOSTDOWN, -EIO.
 */
ssize_t vcon_chan_write(struct vcon_chan *ch, const char __user *buf, size_t len, bool block)
{
	size_t done = 0;
	ssize_t ret = 0;

	/* Its holder may be waiting for room. */
	if (!block && !mutex_trylock(&ch->tx))
		return -EAGAIN;
	if (block && mutex_lock_interruptible(&ch->tx))
		return -ERESTARTSYS;
	while (done < len) {
		ret = try_write(ch, buf + done, len - done);
		if (ret <= 0 && (ret != -EAGAIN || !block))
			break;
		if (ret > 0)
			done += ret;
		else
			wait_event_interruptible(ch->wait, vcon_chan_events(ch) & EPOLLOUT);
		/* If the other side reads fast, this may go on for long. */
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		cond_resched();
	}
	mutex_unlock(&ch->tx);
	/* Wake those who want to write without waiting */
	wake_up_all(&ch->wait);
	return done ?: ret;
}

/* A session as a file */

static ssize_t session_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	return len ? vcon_chan_read(file->private_data, buf, len,
				    !(file->f_flags & O_NONBLOCK)) : 0;
}

static ssize_t session_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	return len ? vcon_chan_write(file->private_data, buf, len,
				     !(file->f_flags & O_NONBLOCK)) : 0;
}

static __poll_t session_poll(struct file *file, poll_table *wait)
{
	struct vcon_chan *ch = file->private_data;

	poll_wait(file, &ch->wait, wait);
	return vcon_chan_events(ch);
}

static void session_end(struct vcon_chan *ch)
{
	struct vcon_link *link = ch->link;

	down_read(&link->life);
	spin_lock(&link->lock);
	if (!link->dead)
		stream_close(&ch->s);
	__clear_bit(ch->nr, link->busy);
	spin_unlock(&link->lock);
	if (!link->dead)
		vcon_kick(link, ch->nr);
	up_read(&link->life);
	wake_up_all(&link->wait);
	vcon_link_put(link);
}

static int session_release(struct inode *inode, struct file *file)
{
	session_end(file->private_data);
	return 0;
}

static const struct file_operations session_fops = {
	.owner = THIS_MODULE,
	.read = session_read,
	.write = session_write,
	.poll = session_poll,
	.release = session_release,
};

/* Takes a channel for a session; link->lock is held. */
static int take_channel(struct vcon_link *link)
{
	int ret = link->role == VCON_SERVER ? -EAGAIN : -EBUSY;
	unsigned int nr;

	if (link->role == VCON_CLIENT && !READ_ONCE(link->wire->listening))
		return -ENOTCONN;
	for (nr = 1; nr < link->channels; nr++) {
		if (test_bit(nr, link->busy))
			continue;
		if (stream_reap(&link->chan[nr].s))
			vcon_kick(link, nr);
		if (link->role == VCON_SERVER ? stream_accept(&link->chan[nr].s) :
						stream_begin(&link->chan[nr].s))
			continue;
		__set_bit(nr, link->busy);
		vcon_kick(link, nr);
		return nr;
	}
	return ret;
}

/* Does not sleep, because it is a wait condition. */
static int try_take(struct vcon_link *link)
{
	int nr;

	if (!down_read_trylock(&link->life))
		return -EHOSTDOWN;
	if (link->dead) {
		nr = -EHOSTDOWN;
	} else {
		spin_lock(&link->lock);
		nr = take_channel(link);
		spin_unlock(&link->lock);
	}
	up_read(&link->life);
	return nr;
}

static int session_fd(struct vcon_link *link, int nr)
{
	int fd;

	kref_get(&link->ref);
	fd = anon_inode_getfd("[vcon]", &session_fops, &link->chan[nr], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		session_end(&link->chan[nr]);
	return fd;
}

/**
 * vcon_session() - begin a session with the other side's agent
 * @link: the bridge, whose client this is
 * @ms: how long to wait for an agent and a free channel, milliseconds
 *
 * Context: process, sleeps.
 * Return: a descriptor; -ENOTCONN if nobody listens, -EBUSY if there is no free
 * channel, -EHOSTDOWN, -ERESTARTSYS, -EMFILE, -ENOMEM.
 */
int vcon_session(struct vcon_link *link, unsigned long ms)
{
	int nr = -ENOTCONN;
	long ret;

	ret = wait_event_interruptible_timeout(link->wait,
					       (nr = try_take(link)) != -ENOTCONN && nr != -EBUSY,
					       msecs_to_jiffies(min(ms, 86400000UL)));
	if (ret < 0)
		return ret;
	return nr < 0 ? nr : session_fd(link, nr);
}

/**
 * vcon_accept() - wait for a session
 * @link: the bridge, whose server this is
 *
 * Context: process, sleeps.
 * Return: a descriptor; -EHOSTDOWN, -ERESTARTSYS, -EMFILE, -ENOMEM.
 */
int vcon_accept(struct vcon_link *link)
{
	int nr = -EAGAIN;
	int ret = wait_event_interruptible(link->wait, (nr = try_take(link)) != -EAGAIN);

	if (ret)
		return ret;
	return nr < 0 ? nr : session_fd(link, nr);
}
