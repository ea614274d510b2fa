// SPDX-License-Identifier: GPL-2.0
/*
 * ttyV0, this vnode's terminal at the root, and a kernel console; in the root,
 * ttyV1 and up at those vnodes that are allowed to have one.
 *
 * A terminal is made with its first bridge and stays until the module is unloaded, attached
 * to no bridge or to another one: programs may have it open when its bridge is lost.
 *
 *             attach                         follow: the other end is open
 *   (none) ------------> attached, closed -------------------------------> open
 *              detached <---- detach ---- closed <---- follow: it is closed ---'
 *
 * Only an open terminal uses the bridge, and tty_look(), which runs only while it is attached.
 * Data written to a terminal that is not open is dropped.
 */
#include <linux/console.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/slab.h>
#include <linux/sysrq.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_flip.h>

#include "../portals.h"
#include "link.h"

#define CALL_AGAIN	HZ	/* until somebody opens the other end */
#define INPUT_MAX	(8 * VCON_CONSOLE_IN)	/* bytes in a jiffy */
#define PATIENCE_US	10000	/* how long a kernel message waits for room */

/**
 * struct vcon_tty - a terminal
 * @link: its bridge, when attached
 * @index: its number, the vnode ID of the other side
 * @port: the tty layer's part
 * @con: the kernel console
 * @con_registered: @con is in use
 * @look: does what an interrupt must not do
 * @budget: for input
 * @tx: protects writing and @open
 * @open: the other end is open
 * @stalled: kernel messages have waited in vain since the ring was last read
 * @dropped: bytes of kernel messages that were dropped
 * @throttled: input stays in the ring
 * @winsize: the last size that was set
 * @resized: when, jiffies
 * @sysrq: the last one that was done
 */
struct vcon_tty {
	struct vcon_link *link;
	unsigned int index;
	struct tty_port port;
	struct console con;
	bool con_registered;
	struct delayed_work look;
	struct vcon_budget budget;
	raw_spinlock_t tx;
	bool open;
	bool stalled;
	u32 dropped;
	bool throttled;
	u32 winsize;
	unsigned long resized;
	u32 sysrq;
};

static struct tty_driver *vcon_driver;
static struct vcon_tty *ttys[ADEOS_MAX_VNODES];	/* written under links_lock of link.c */

/* Valid while it is attached */
static struct stream *stream_of(struct vcon_tty *t)
{
	return &t->link->chan[0].s;
}

/* Copies what fits; t->tx is held. */
static u32 put(struct vcon_tty *t, const u8 *s, u32 len)
{
	u32 done = 0, n;
	bool kick = false;
	u8 *room;

	while (done < len && !stream_tx(stream_of(t), &room, &n) && n) {
		n = min(n, len - done);
		memcpy(room, s + done, n);
		kick |= stream_tx_done(stream_of(t), n);
		done += n;
	}
	if (kick)
		vcon_kick(t->link, 0);
	return done;
}

static u32 used(struct vcon_tty *t)
{
	const struct stream *s = stream_of(t);

	return s->head - READ_ONCE(s->peer->tail);
}

/*
 * Like put(), but waits for room, in all no longer than PATIENCE_US.  After waiting in
 * vain, it does not wait again before the other side has read much: interrupts are off
 * here, and the other side could read single bytes.
 */
static void put_patiently(struct vcon_tty *t, const u8 *s, u32 len, u32 *waited)
{
	u32 n;

	if (used(t) <= VCON_CONSOLE_OUT / 2)
		t->stalled = false;
	while (len && !t->stalled) {
		n = put(t, s, len);
		s += n;
		len -= n;
		if (n)
			continue;
		t->stalled = stream_of(t)->broken || *waited > PATIENCE_US;
		udelay(5);
		*waited += 5;
	}
	t->dropped += len;
}

static void put_lines(struct vcon_tty *t, const char *s, unsigned int len)
{
	const char *end;
	u32 waited = 0;

	while (t->open && len) {
		end = memchr(s, '\n', len);
		put_patiently(t, s, end ? end - s : len, &waited);
		if (!end)
			break;
		put_patiently(t, "\r\n", 2, &waited);
		len -= end + 1 - s;
		s = end + 1;
	}
}

static void con_write(struct console *con, const char *s, unsigned int len)
{
	struct vcon_tty *t = con->data;
	unsigned long flags;

	if (!raw_spin_trylock_irqsave(&t->tx, flags)) {
		/* A panic on this CPU may have stopped the lock's holder. */
		if (oops_in_progress) {
			put_lines(t, s, len);
			return;
		}
		raw_spin_lock_irqsave(&t->tx, flags);
	}
	put_lines(t, s, len);
	raw_spin_unlock_irqrestore(&t->tx, flags);
}

static struct tty_driver *con_device(struct console *con, int *index)
{
	*index = con->index;
	return vcon_driver;
}

/* Kernel messages go there from the first one on, for any command line. */
static void con_begin(struct vcon_tty *t)
{
	t->con = (struct console) {
		.name = "ttyV",
		.write = con_write,
		.device = con_device,
		.flags = CON_PRINTBUFFER | CON_ENABLED,
		.index = t->index,
		.data = t,
	};
	register_console(&t->con);
	t->con_registered = true;
}

static void set_open(struct vcon_tty *t, bool open)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&t->tx, flags);
	t->open = open;
	t->stalled = false;
	raw_spin_unlock_irqrestore(&t->tx, flags);
}

/* Opens or closes this end if the other one has changed; returns whether it is open. */
static bool follow(struct vcon_tty *t)
{
	struct stream *s = stream_of(t);

	if (t->open && stream_peer(s) == STREAM_PEER_CLOSED) {
		set_open(t, false);
		stream_close(s);
		vcon_kick(t->link, 0);
	}
	if (t->open)
		return true;
	if (stream_reap(s))
		vcon_kick(t->link, 0);
	if (stream_accept(s))
		return false;
	set_open(t, true);
	vcon_kick(t->link, 0);
	if (!t->con_registered)
		con_begin(t);
	return true;
}

/* Passes on some input; returns false if the terminal has no memory for it. */
static bool take_some(struct vcon_tty *t, bool *any)
{
	struct stream *s = stream_of(t);
	u8 *data;
	u32 len;

	if (stream_rx(s, &data, &len)) {
		stream_rx_reset(s);
		t->budget.spent += VCON_CONSOLE_IN;
		return true;
	}
	t->budget.spent += max(len, VCON_COST);
	if (len && tty_port_initialized(&t->port)) {
		len = tty_insert_flip_string(&t->port, data, len);
		*any = true;
		if (!len)
			return false;
	}
	if (stream_rx_done(s, len))
		vcon_kick(t->link, 0);
	return true;
}

/* Returns after how many jiffies to try again; 0: not before a kick. */
static unsigned long take_input(struct vcon_tty *t)
{
	struct stream *s = stream_of(t);
	unsigned long again = 0;
	bool any = false;

	while (!again && !READ_ONCE(t->throttled)) {
		if (!stream_readable(s)) {
			stream_want(s, STREAM_WANTS_DATA);
			if (!stream_readable(s))
				break;
		}
		if (!vcon_may_spend(&t->budget, INPUT_MAX))
			again = 1;
		else if (!take_some(t, &any))
			again = HZ / 10;
	}
	if (any)
		tty_flip_buffer_push(&t->port);
	return again;
}

/* One in a jiffy, because each makes programs on the terminal work; returns as above. */
static unsigned long take_size(struct vcon_tty *t)
{
	u32 size = READ_ONCE(t->link->wire->winsize);
	struct tty_struct *tty = tty_port_tty_get(&t->port);
	struct winsize ws = { .ws_row = size >> 16, .ws_col = size };
	unsigned long again = 0, now = jiffies;

	if (tty && size && size != t->winsize) {
		if (t->resized == now) {
			again = 1;
		} else {
			t->resized = now;
			t->winsize = size;
			tty_do_resize(tty, &ws);
		}
	}
	tty_kref_put(tty);
	return again;
}

/**
 * vcon_tty_sysrq() - do a sysrq if the other side has asked for it
 * @link: the bridge, mapped
 *
 * Context: any but NMI; in an interrupt, so that it also works if no thread runs any more.
 */
void vcon_tty_sysrq(struct vcon_link *link)
{
	u32 asked, done = READ_ONCE(link->tty->sysrq);
	bool may;

	/* Not in the other order: the request would then be older than the answer. */
	smp_rmb();
	asked = READ_ONCE(link->wire->sysrq);
	/* Another CPU may be about to do the same. */
	if (asked == done || cmpxchg(&link->tty->sysrq, done, asked) != done)
		return;
	may = vcon_may_sysrq(link->peer);
	/* The sysrq may not return. */
	WRITE_ONCE(link->wire->sysrq_done, may ? asked : asked | VCON_SYSRQ_REFUSED);
	vcon_kick(link, 0);
	if (may)
		handle_sysrq(asked & VCON_SYSRQ_KEY);
}

static void tty_look(struct work_struct *work)
{
	struct vcon_tty *t = container_of(work, struct vcon_tty, look.work);
	unsigned long again, resize;

	if (!follow(t)) {
		/* Wake writers that wait for room: their data is dropped now. */
		tty_port_tty_wakeup(&t->port);
		/* The client may not have had the bridge when it was rung last. */
		adeos_portal_ring(t->link->peer, PORTAL_VCON);
		queue_delayed_work(system_unbound_wq, &t->look, CALL_AGAIN);
		return;
	}
	again = take_input(t);
	tty_port_tty_wakeup(&t->port);
	resize = take_size(t);
	vcon_tty_sysrq(t->link);
	if (again || resize)
		queue_delayed_work(system_unbound_wq, &t->look, resize ?: again);
}

static void look_now(struct vcon_tty *t)
{
	mod_delayed_work(system_unbound_wq, &t->look, 0);
}

/**
 * vcon_tty_kick() - look at channel 0
 * @link: the bridge
 *
 * Context: any but NMI.
 */
void vcon_tty_kick(struct vcon_link *link)
{
	look_now(link->tty);
}

/**
 * vcon_tty_dropped() - how many bytes of kernel messages were dropped
 * @link: the bridge
 *
 * Return: bytes.
 */
u32 vcon_tty_dropped(const struct vcon_link *link)
{
	return link->tty ? READ_ONCE(link->tty->dropped) : 0;
}

/* The terminal */

static int vcon_tty_install(struct tty_driver *driver, struct tty_struct *tty)
{
	/* Set before there is a device */
	struct vcon_tty *t = ttys[tty->index];

	tty->driver_data = t;
	t->winsize = 0;
	return tty_port_install(&t->port, driver, tty);
}

static int vcon_tty_open(struct tty_struct *tty, struct file *file)
{
	struct vcon_tty *t = tty->driver_data;
	int ret = tty_port_open(&t->port, tty, file);

	/* For the window's size */
	look_now(t);
	return ret;
}

static void vcon_tty_close(struct tty_struct *tty, struct file *file)
{
	struct vcon_tty *t = tty->driver_data;

	tty_port_close(&t->port, tty, file);
}

static void vcon_tty_hangup(struct tty_struct *tty)
{
	struct vcon_tty *t = tty->driver_data;

	tty_port_hangup(&t->port);
}

static ssize_t vcon_tty_write(struct tty_struct *tty, const u8 *buf, size_t count)
{
	struct vcon_tty *t = tty->driver_data;
	unsigned long flags;
	size_t done;

	raw_spin_lock_irqsave(&t->tx, flags);
	if (!t->open) {
		done = count;
	} else {
		done = put(t, buf, count);
		if (done < count) {
			stream_want(stream_of(t), STREAM_WANTS_ROOM);
			done += put(t, buf + done, count - done);
		}
		if (stream_of(t)->broken)
			done = count;
	}
	raw_spin_unlock_irqrestore(&t->tx, flags);
	return done;
}

static unsigned int vcon_tty_room(struct tty_struct *tty)
{
	struct vcon_tty *t = tty->driver_data;
	u32 taken, room = VCON_CONSOLE_OUT;
	unsigned long flags;

	raw_spin_lock_irqsave(&t->tx, flags);
	if (t->open) {
		if (!stream_writable(stream_of(t)))
			stream_want(stream_of(t), STREAM_WANTS_ROOM);
		taken = used(t);
		/* A writer will notice an impossible position. */
		if (taken <= room)
			room -= taken;
	}
	raw_spin_unlock_irqrestore(&t->tx, flags);
	return room;
}

static void vcon_tty_throttle(struct tty_struct *tty)
{
	struct vcon_tty *t = tty->driver_data;

	WRITE_ONCE(t->throttled, true);
}

static void vcon_tty_unthrottle(struct tty_struct *tty)
{
	struct vcon_tty *t = tty->driver_data;

	WRITE_ONCE(t->throttled, false);
	look_now(t);
}

static const struct tty_operations vcon_tty_ops = {
	.install = vcon_tty_install,
	.open = vcon_tty_open,
	.close = vcon_tty_close,
	.hangup = vcon_tty_hangup,
	.write = vcon_tty_write,
	.write_room = vcon_tty_room,
	/*
	 * No chars_in_buffer: data in the ring counts as sent, and nobody reports when it
	 * is read.
	 */
	.throttle = vcon_tty_throttle,
	.unthrottle = vcon_tty_unthrottle,
};

static void port_shutdown(struct tty_port *port)
{
	struct vcon_tty *t = container_of(port, struct vcon_tty, port);

	WRITE_ONCE(t->throttled, false);
}

static const struct tty_port_operations vcon_port_ops = {
	.shutdown = port_shutdown,
};

static struct vcon_tty *make_tty(unsigned int index)
{
	struct vcon_tty *t = kzalloc(sizeof(*t), GFP_KERNEL);
	struct device *dev;

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->index = index;
	raw_spin_lock_init(&t->tx);
	INIT_DELAYED_WORK(&t->look, tty_look);
	disable_delayed_work(&t->look);
	tty_port_init(&t->port);
	t->port.ops = &vcon_port_ops;
	t->port.console = !index;
	ttys[index] = t;
	dev = tty_port_register_device(&t->port, vcon_driver, index, NULL);
	if (!IS_ERR(dev))
		return t;
	ttys[index] = NULL;
	tty_port_destroy(&t->port);
	kfree(t);
	return ERR_CAST(dev);
}

/**
 * vcon_tty_attach() - give a bridge a terminal, the one that it had before if there is one
 * @link: the bridge, not in the table yet
 *
 * Context: process, sleeps; under links_lock.
 * Return: 0 or negative errno.
 */
int vcon_tty_attach(struct vcon_link *link)
{
	struct vcon_tty *t = ttys[link->peer] ?: make_tty(link->peer);

	if (IS_ERR(t))
		return PTR_ERR(t);
	t->link = link;
	t->winsize = 0;
	t->sysrq = READ_ONCE(link->wire->sysrq);
	link->tty = t;
	enable_delayed_work(&t->look);
	return 0;
}

/**
 * vcon_tty_detach() - undo vcon_tty_attach(); the terminal stays
 * @link: the bridge, still mapped
 *
 * Context: process, sleeps.
 */
void vcon_tty_detach(struct vcon_link *link)
{
	struct vcon_tty *t = link->tty;

	disable_delayed_work_sync(&t->look);
	/* The next bridge also gets the kernel's log from its beginning. */
	if (t->con_registered)
		unregister_console(&t->con);
	t->con_registered = false;
	if (t->open) {
		set_open(t, false);
		stream_close(stream_of(t));
		vcon_kick(link, 0);
	}
	t->link = NULL;
	/* Wake writers that wait for room: their data is dropped now. */
	tty_port_tty_wakeup(&t->port);
}

static void destroy_tty(struct vcon_tty *t)
{
	tty_unregister_device(vcon_driver, t->index);
	tty_port_destroy(&t->port);
	kfree(t);
}

/**
 * vcon_ttys_init() - set up ttyV0 and further terminals
 *
 * Context: process.
 * Return: 0 or negative errno.
 */
int vcon_ttys_init(void)
{
	int ret;

	vcon_driver = tty_alloc_driver(ADEOS_MAX_VNODES,
				       TTY_DRIVER_REAL_RAW | TTY_DRIVER_DYNAMIC_DEV);
	if (IS_ERR(vcon_driver))
		return PTR_ERR(vcon_driver);
	vcon_driver->driver_name = "vcon";
	vcon_driver->name = "ttyV";
	vcon_driver->type = TTY_DRIVER_TYPE_SERIAL;
	vcon_driver->subtype = SERIAL_TYPE_NORMAL;
	vcon_driver->init_termios = tty_std_termios;
	vcon_driver->init_termios.c_cflag = B38400 | CS8 | CREAD | HUPCL | CLOCAL;
	tty_set_operations(vcon_driver, &vcon_tty_ops);
	ret = tty_register_driver(vcon_driver);
	if (ret)
		tty_driver_kref_put(vcon_driver);
	return ret;
}

/**
 * vcon_ttys_exit() - undo vcon_ttys_init(); no terminal is attached, or open
 *
 * Context: process, sleeps.
 */
void vcon_ttys_exit(void)
{
	unsigned int i;

	for (i = 0; i < ADEOS_MAX_VNODES; i++)
		if (ttys[i])
			destroy_tty(ttys[i]);
	tty_unregister_driver(vcon_driver);
	tty_driver_kref_put(vcon_driver);
}
