// SPDX-License-Identifier: GPL-2.0
/*
 * Bridges that programs of this kernel use: one struct vb for each, for any number of files
 * that are attached to it.  The nanokernel's callbacks are handled here.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs_struct.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "bridge.h"

/* Programs have a header of their own, without the nanokernel's. */
static_assert(ADEOS_BRIDGE_MAX - PAGE_SIZE == VBRIDGE_MAX_BYTES);
static_assert(VBRIDGE_SCOPE_GLOBAL == ADEOS_GLOBAL);

#define TRIES		500	/* to open a bridge that is being moved */
#define TRY_MS		10
#define END_AGAIN	HZ	/* until the root is asked again to end a bridge */

DEFINE_MUTEX(vb_table);		/* vb_list besides its readers in interrupts, and opening */
DEFINE_SPINLOCK(vb_lock);
LIST_HEAD(vb_list);

static struct workqueue_struct *closer;

static void set_head(struct vb *vb, struct vb_head *head)
{
	spin_lock_irq(&vb_lock);
	vb->head = head;
	vb_collect(vb);
	spin_unlock_irq(&vb_lock);
}

/* Called when the bridge is live; vb->sem is held for writing. */
static void set_place(struct vb *vb, struct adeos_bridge *b)
{
	vb->pfn = adeos_bridge_pfn(b);
	set_head(vb, adeos_bridge_addr(b));
}

static void vb_freeze(struct adeos_bridge *b, void *priv)
{
	struct vb *vb = priv;

	down_write(&vb->sem);
	WRITE_ONCE(vb->frozen, true);
	set_head(vb, NULL);
	vb_unmap(vb);
	up_write(&vb->sem);
}

static void vb_thaw(struct adeos_bridge *b, void *priv)
{
	struct vb *vb = priv;

	down_write(&vb->sem);
	set_place(vb, b);
	WRITE_ONCE(vb->frozen, false);
	up_write(&vb->sem);
	wake_up_all(&vb->wait);
}

/* Nobody uses the bridge any more when this returns. */
static void vb_lose(struct vb *vb)
{
	down_write(&vb->sem);
	WRITE_ONCE(vb->gone, true);
	set_head(vb, NULL);
	vb_unmap(vb);
	up_write(&vb->sem);
	spin_lock_irq(&vb_lock);
	vb_wake(vb, NULL);
	spin_unlock_irq(&vb_lock);
}

/* Closing it is not allowed here. */
static void vb_gone(struct adeos_bridge *b, void *priv)
{
	struct vb *vb = priv;

	vb_lose(vb);
	/* If there is no reference left, it is being closed anyway. */
	if (refcount_inc_not_zero(&vb->refs))
		queue_work(closer, &vb->close_work);
}

static const struct adeos_bridge_ops vb_ops = {
	.freeze	= vb_freeze,
	.thaw	= vb_thaw,
	.gone	= vb_gone,
};

/* When the bridge is gone, or has no more references */
static void vb_close(struct vb *vb)
{
	mutex_lock(&vb->use);
	if (vb->bridge)
		adeos_bridge_close(vb->bridge);
	vb->bridge = NULL;
	vb_uncharge(vb->limit, vb->info.bytes);
	vb->limit = NULL;
	mutex_unlock(&vb->use);
}

static void vb_put(struct vb *vb)
{
	if (!refcount_dec_and_mutex_lock(&vb->refs, &vb_table))
		return;
	spin_lock_irq(&vb_lock);
	list_del(&vb->list);
	spin_unlock_irq(&vb_lock);
	mutex_unlock(&vb_table);
	vb_close(vb);
	kfree(vb);
}

static void vb_unkeep(struct vb *vb)
{
	if (test_and_clear_bit(0, &vb->kept))
		vb_put(vb);
}

static void close_gone(struct work_struct *work)
{
	struct vb *vb = container_of(work, struct vb, close_work);

	vb_close(vb);
	vb_unkeep(vb);
	vb_put(vb);
}

/**
 * vb_destroy() - end a bridge
 * @vb: the bridge
 *
 * Context: process, sleeps until the root has answered.
 * Return: 0; -EIDRM if it is gone, -EPERM if it is another vnode's; -EHOSTDOWN, -ETIMEDOUT
 * if the root has not answered, and may or may not end it; -ENOTCONN.
 */
int vb_destroy(struct vb *vb)
{
	int ret = -EIDRM;

	mutex_lock(&vb->use);
	if (vb->bridge && !READ_ONCE(vb->gone))
		ret = adeos_bridge_destroy(vb->bridge);
	mutex_unlock(&vb->use);
	if (ret)
		return ret == -ENOENT ? -EIDRM : ret;
	/* Now, and not later when the root rings. */
	vb_lose(vb);
	vb_close(vb);
	vb_unkeep(vb);
	return 0;
}

/*
 * Ends a bridge whose creator has closed it, and takes over its reference.  As long as the
 * root does not answer, the bridge and the module stay, and the bridge counts for its user.
 */
static void vb_end(struct vb *vb)
{
	int ret = vb_destroy(vb);

	if (ret && ret != -EIDRM && ret != -EPERM) {
		/* The caller also has a reference to the module. */
		__module_get(THIS_MODULE);
		queue_delayed_work(closer, &vb->end_work, END_AGAIN);
		return;
	}
	vb_put(vb);
}

static void vb_end_again(struct work_struct *work)
{
	vb_end(container_of(to_delayed_work(work), struct vb, end_work));
	/* vb_exit() waits for the rest of this. */
	module_put(THIS_MODULE);
}

static struct vb *vb_alloc(u32 scope, const char *name)
{
	struct vb *vb = kzalloc(sizeof(*vb), GFP_KERNEL);

	if (!vb)
		return NULL;
	INIT_LIST_HEAD(&vb->list);
	INIT_LIST_HEAD(&vb->files);
	INIT_LIST_HEAD(&vb->listeners);
	refcount_set(&vb->refs, 1);
	mutex_init(&vb->use);
	init_rwsem(&vb->sem);
	init_waitqueue_head(&vb->wait);
	INIT_WORK(&vb->close_work, close_gone);
	INIT_DELAYED_WORK(&vb->end_work, vb_end_again);
	vb->info.scope = scope;
	strscpy(vb->info.name, name, sizeof(vb->info.name));
	return vb;
}

/**
 * vb_hold() - keep a bridge live and in its place
 * @vb: the bridge
 *
 * Context: process, sleeps while it is being moved.
 * Return: 0, when vb_release() must follow soon; -EIDRM if it is gone; -ERESTARTSYS.
 */
int vb_hold(struct vb *vb)
{
	for (;;) {
		down_read(&vb->sem);
		if (!vb->gone && !vb->frozen)
			return 0;
		up_read(&vb->sem);
		if (READ_ONCE(vb->gone))
			return -EIDRM;
		if (wait_event_interruptible(vb->wait, vb_settled(vb)))
			return -ERESTARTSYS;
	}
}

/**
 * vb_release() - undo vb_hold()
 * @vb: the bridge
 */
void vb_release(struct vb *vb)
{
	up_read(&vb->sem);
}

/* Makes the nanokernel's name of a bridge: 0, -ENAMETOOLONG, -EINVAL. */
static int check_name(const char name[VBRIDGE_NAME_LEN], char full[VBRIDGE_NAME_LEN])
{
	size_t i, len = strnlen(name, VBRIDGE_NAME_LEN);

	if (len > VBRIDGE_NAME_LEN - 2)
		return -ENAMETOOLONG;
	for (i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/')
			return -EINVAL;
	full[0] = VB_PREFIX;
	memcpy(full + 1, name, len + 1);
	return len ? 0 : -EINVAL;
}

/* A new bridge: the nanokernel has just mapped it. */
static void vb_place(struct vb *vb, struct adeos_bridge *b)
{
	vb->bridge = b;
	down_write(&vb->sem);
	/* If the bridge is already frozen, vb_thaw() does it. */
	if (!vb->frozen && !vb->gone)
		set_place(vb, b);
	up_write(&vb->sem);
}

/* Others may open the bridge when this has succeeded; in this kernel, they wait for vb_table. */
static int vb_publish(struct vb *vb)
{
	const struct vbridge_info *info = &vb->info;
	struct vb_head *head;
	int ret;

	ret = vb_hold(vb);
	if (ret)
		return ret;
	head = vb->head;
	head->version = VB_VERSION;
	head->bytes = info->bytes;
	head->flags = info->flags;
	head->uid = info->uid;
	head->gid = info->gid;
	head->mode = info->mode;
	head->vnode = info->vnode;
	/* Pairs with read_head(): the rest is written first. */
	smp_store_release(&head->magic, VB_MAGIC);
	spin_lock_irq(&vb_lock);
	list_add(&vb->list, &vb_list);
	spin_unlock_irq(&vb_lock);
	vb_release(vb);
	return 0;
}

/* Checks and copies what another kernel has written to the first page. */
static int read_head(struct vb *vb)
{
	const struct vb_head *head = vb->head;
	struct vbridge_info *info = &vb->info;

	/* Its creator has not finished it. Pairs with vb_publish(). */
	if (smp_load_acquire(&head->magic) != VB_MAGIC)
		return -ENOENT;
	info->bytes = READ_ONCE(head->bytes);
	info->flags = READ_ONCE(head->flags);
	info->uid = READ_ONCE(head->uid);
	info->gid = READ_ONCE(head->gid);
	info->mode = READ_ONCE(head->mode);
	info->vnode = READ_ONCE(head->vnode);
	vb->seen = atomic_read(&head->rung[adeos_vnode_id()]);
	vb->rings = 0;
	if (READ_ONCE(head->version) != VB_VERSION || !info->bytes ||
	    info->bytes > adeos_bridge_size(vb->bridge) - PAGE_SIZE ||
	    info->flags & ~VBRIDGE_FLAGS || info->mode & ~0777 || info->vnode >= ADEOS_MAX_VNODES ||
	    !uid_valid(KUIDT_INIT(info->uid)) || !gid_valid(KGIDT_INIT(info->gid)))
		return -EPROTO;
	return 0;
}

/* Opens a bridge that no program of this kernel has open; vb_table is held. */
static struct vb *vb_first_open(u32 scope, const char *name, const char *full)
{
	struct vb *vb = vb_alloc(scope, name);
	struct adeos_bridge *b;
	int ret = -EAGAIN;

	if (!vb)
		return ERR_PTR(-ENOMEM);
	/* vb_may() decides who may write. */
	b = adeos_bridge_open(scope, full, false, &vb_ops, vb);
	if (IS_ERR(b)) {
		kfree(vb);
		return ERR_CAST(b);
	}
	vb_place(vb, b);
	down_read(&vb->sem);
	if (vb->head)
		ret = read_head(vb);
	up_read(&vb->sem);
	if (ret) {
		/* close_gone() may already be ending it. */
		mutex_unlock(&vb_table);
		vb_put(vb);
		mutex_lock(&vb_table);
		return ERR_PTR(ret);
	}
	spin_lock_irq(&vb_lock);
	list_add(&vb->list, &vb_list);
	vb_collect(vb);
	spin_unlock_irq(&vb_lock);
	return vb;
}

static struct vb *vb_get(u32 scope, const char *name, const char *full)
{
	struct vb *vb;

	mutex_lock(&vb_table);
	list_for_each_entry(vb, &vb_list, list)
		if (vb->info.scope == scope && !strcmp(vb->info.name, name) &&
		    !READ_ONCE(vb->gone) && refcount_inc_not_zero(&vb->refs))
			goto out;
	vb = vb_first_open(scope, name, full);
out:
	mutex_unlock(&vb_table);
	return vb;
}

/* As inode_permission() does for a file */
static int vb_may(const struct vb *vb, fmode_t mode)
{
	const struct vbridge_info *info = &vb->info;
	u32 want = (mode & FMODE_READ ? 4 : 0) | (mode & FMODE_WRITE ? 2 : 0);
	u32 has = info->mode;

	if (want & 2 && info->flags & VBRIDGE_READ_ONLY && info->vnode != adeos_vnode_id())
		return -EROFS;
	if (uid_eq(current_fsuid(), KUIDT_INIT(info->uid)))
		has >>= 6;
	else if (in_group_p(KGIDT_INIT(info->gid)))
		has >>= 3;
	if (!(want & ~has) || capable(CAP_DAC_OVERRIDE))
		return 0;
	return want == 4 && capable(CAP_DAC_READ_SEARCH) ? 0 : -EACCES;
}

/* The file has it until it is closed. */
static void vb_attach(struct vb_file *f, struct vb *vb, bool creator)
{
	f->creator = creator;
	spin_lock_irq(&vb_lock);
	f->seen = vb->rings;
	spin_unlock_irq(&vb_lock);
	down_write(&vb->sem);
	list_add(&f->list, &vb->files);
	up_write(&vb->sem);
	/* Pairs with vb_of(): the rest is stored first. */
	smp_store_release(&f->vb, vb);
}

/**
 * vb_open() - attach a file to a bridge that exists
 * @f: the file; f->attach is held
 * @req: which bridge
 * @mode: FMODE_READ, FMODE_WRITE or both
 *
 * Context: process, sleeps, also while the bridge is being moved.
 * Return: 0 or an error of docs/bridge-device.md.
 */
int vb_open(struct vb_file *f, const struct vbridge_open *req, fmode_t mode)
{
	u32 scope = req->scope == VBRIDGE_SCOPE_OWN ? adeos_vnode_id() : req->scope;
	char full[VBRIDGE_NAME_LEN];
	unsigned int tries;
	struct vb *vb;
	int ret;

	ret = check_name(req->name, full);
	if (ret)
		return ret;
	if (scope >= ADEOS_MAX_VNODES && scope != VBRIDGE_SCOPE_GLOBAL)
		return -EINVAL;
	for (tries = 0; tries < TRIES; tries++) {
		vb = vb_get(scope, req->name, full);
		if (vb != ERR_PTR(-EAGAIN))
			break;
		if (msleep_interruptible(TRY_MS))
			return -EINTR;
	}
	if (IS_ERR(vb))
		return PTR_ERR(vb);
	ret = vb_may(vb, mode);
	if (ret)
		vb_put(vb);
	else
		vb_attach(f, vb, false);
	return ret;
}

static int check_create(const struct vbridge_create *req, char *full)
{
	if (req->flags & ~VBRIDGE_FLAGS || req->mode & ~0777 || req->zero || !req->bytes)
		return -EINVAL;
	if (req->bytes > VBRIDGE_MAX_BYTES)
		return -EFBIG;
	return check_name(req->name, full);
}

/* Makes the bridge that vb->info describes. */
static int vb_make(struct vb *vb, const char *full, u64 vnodes)
{
	/* A user may not have bridges of others moved, because their users would have to wait. */
	bool may_move = ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
	u32 flags = vb->info.flags;
	struct adeos_bridge_spec spec = {
		.name		= full,
		.size		= vb->info.bytes + PAGE_SIZE,
		.allowed	= vnodes,
		.flags		= ADEOS_BRIDGE_MOVABLE |
				  (may_move ? ADEOS_BRIDGE_MAY_MOVE : 0) |
				  (flags & VBRIDGE_GLOBAL ? ADEOS_BRIDGE_GLOBAL : 0) |
				  (flags & VBRIDGE_READ_ONLY ? ADEOS_BRIDGE_READ_ONLY : 0),
	};
	struct adeos_bridge *b;
	int ret;

	vb->limit = vb_charge(vb->info.bytes);
	if (IS_ERR(vb->limit)) {
		ret = PTR_ERR(vb->limit);
		vb->limit = NULL;
		return ret;
	}
	b = adeos_bridge_make(&spec, &vb_ops, vb);
	if (IS_ERR(b))
		return PTR_ERR(b);
	vb_place(vb, b);
	mutex_lock(&vb_table);
	ret = vb_publish(vb);
	mutex_unlock(&vb_table);
	if (ret) {
		refcount_inc(&vb->refs);
		vb_end(vb);
	}
	return ret;
}

/**
 * vb_create() - make a bridge, and attach a file to it
 * @f: the file; f->attach is held
 * @req: its description
 *
 * Context: process, sleeps.
 * Return: 0 or an error of docs/bridge-device.md.
 */
int vb_create(struct vb_file *f, const struct vbridge_create *req)
{
	bool global = req->flags & VBRIDGE_GLOBAL;
	char full[VBRIDGE_NAME_LEN];
	struct vb *vb;
	int ret;

	ret = check_create(req, full);
	if (ret)
		return ret;
	vb = vb_alloc(global ? VBRIDGE_SCOPE_GLOBAL : adeos_vnode_id(), req->name);
	if (!vb)
		return -ENOMEM;
	vb->info.bytes = req->bytes;
	vb->info.flags = req->flags;
	vb->info.uid = __kuid_val(current_fsuid());
	vb->info.gid = __kgid_val(current_fsgid());
	vb->info.mode = req->mode & ~current_umask();
	vb->info.vnode = adeos_vnode_id();
	ret = vb_make(vb, full, req->vnodes);
	if (ret) {
		vb_put(vb);
		return ret;
	}
	if (req->flags & VBRIDGE_KEEP) {
		refcount_inc(&vb->refs);
		set_bit(0, &vb->kept);
	}
	vb_attach(f, vb, true);
	return 0;
}

/**
 * vb_detach() - detach a file that is closed
 * @f: the file
 *
 * Context: process, sleeps; the file has no mappings any more.
 */
void vb_detach(struct vb_file *f)
{
	struct vb *vb = f->vb;

	if (!vb)
		return;
	vb_listen(f, vb, -1);
	down_write(&vb->sem);
	list_del(&f->list);
	up_write(&vb->sem);
	if (f->creator && !(vb->info.flags & VBRIDGE_KEEP))
		vb_end(vb);
	else
		vb_put(vb);
}

/**
 * vb_init() - set up; must be called first
 *
 * Return: 0 or -ENOMEM.
 */
int vb_init(void)
{
	closer = alloc_workqueue("vbridge", 0, 0);
	return closer ? 0 : -ENOMEM;
}

/**
 * vb_exit() - end the bridges with VBRIDGE_KEEP
 *
 * If the root does not answer, they stay until this vnode ends.
 *
 * Context: process, sleeps; no file is open any more.
 */
void vb_exit(void)
{
	struct vb *vb;

	for (;;) {
		mutex_lock(&vb_table);
		vb = list_first_entry_or_null(&vb_list, struct vb, list);
		if (vb && !refcount_inc_not_zero(&vb->refs))
			vb = NULL;
		mutex_unlock(&vb_table);
		if (!vb)
			break;
		vb_destroy(vb);
		vb_unkeep(vb);
		vb_put(vb);
	}
	destroy_workqueue(closer);
	vb_limit_exit();
}
