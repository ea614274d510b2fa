// SPDX-License-Identifier: GPL-2.0
/*
 * The vnodes and their states.  This runs in the root only.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "arch.h"
#include "clock.h"
#include "core.h"
#include "dsp/drive.h"
#include "dsp/room.h"
#include "mem/pool.h"
#include "vnode.h"

#define LOG_TRIES	8

struct adeos_vnode *adeos_vnodes[ADEOS_MAX_VNODES];

static const char * const state_names[] = {
	[ADEOS_LOADING]		= "loading",
	[ADEOS_RUNNING]		= "running",
	[ADEOS_STOPPING]	= "stopping",
	[ADEOS_HUNG]		= "hung",
	[ADEOS_STOPPED]		= "stopped",
	[ADEOS_CRASHED]		= "crashed",
};

const char *adeos_state_name(enum adeos_state state)
{
	return state_names[state];
}

/* adeos_lock is held. */
void adeos_set_state(struct adeos_vnode *vn, enum adeos_state state)
{
	lockdep_assert_held(&adeos_lock);
	if (vn->state == state)
		return;
	vn->state = state;
	pr_info("adeos: vnode %u: %s\n", vn->id, adeos_state_name(state));
	sysfs_notify(&vn->kobj, NULL, "state");
}

static struct adeos_vnode *vnode_get(u32 id, struct adeos_error *err)
{
	if (id < ADEOS_MAX_VNODES && adeos_vnodes[id])
		return adeos_vnodes[id];
	adeos_fail(err, -ENOENT, "there is no vnode %u", id);
	return NULL;
}

/*
 * As vnode_get(), but neither the root nor one that has ended.  One that is ending
 * is waited for; adeos_lock is released meanwhile.
 */
static struct adeos_vnode *vnode_get_alive(u32 id, int *ret, struct adeos_error *err)
{
	struct adeos_vnode *vn = vnode_get(id, err);

	if (vn)
		adeos_vnode_await_end(vn);
	if (!vn) {
		*ret = -ENOENT;
	} else if (!id) {
		*ret = adeos_fail(err, -EINVAL,
				  "vnode 0 is the root, which is not ended this way");
		vn = NULL;
	} else if (!adeos_alive(vn)) {
		*ret = adeos_fail(err, -ESRCH, "vnode %u is not running: it is %s",
				  id, adeos_state_name(vn->state));
		vn = NULL;
	}
	return vn;
}

static int check_spec(const struct adeos_spec *spec, struct adeos_error *err)
{
	unsigned int i;

	if (!spec->id || spec->id >= ADEOS_MAX_VNODES)
		return adeos_fail(err, -EINVAL, "vnode ID %u is out of range: expected 1 to %u",
				  spec->id, ADEOS_MAX_VNODES - 1);
	if (!spec->nr_cpus || spec->nr_cpus > ADEOS_MAX_CPUS)
		return adeos_fail(err, -EINVAL, "%u CPUs: expected 1 to %u",
				  spec->nr_cpus, ADEOS_MAX_CPUS);
	if (adeos_alive(adeos_vnodes[spec->id]))
		return adeos_fail(err, -EBUSY, "vnode ID %u is taken: that vnode is %s",
				  spec->id, adeos_state_name(adeos_vnodes[spec->id]->state));
	for (i = 0; i < ADEOS_MAX_VNODES; i++)
		if (adeos_alive(adeos_vnodes[i]) && !strcmp(adeos_vnodes[i]->name, spec->name))
			return adeos_fail(err, -EBUSY, "the name %s is taken by vnode %u",
					  spec->name, i);
	return 0;
}

static struct adeos_vnode *vnode_alloc(u32 id, struct adeos_error *err)
{
	struct adeos_vnode *vn;
	phys_addr_t phys;

	if (!adeos_pool_slot(id, &phys)) {
		adeos_fail(err, -ENOMEM, "the root's mem= leaves no memory to the pool");
		return NULL;
	}
	vn = adeos_vnodes[id];
	if (vn)
		return vn;
	vn = kzalloc(sizeof(*vn), GFP_KERNEL);
	if (!vn) {
		adeos_fail(err, -ENOMEM, "the root is out of memory");
		return NULL;
	}
	vn->id = id;
	vn->state = ADEOS_STOPPED;
	adeos_vnode_end_init(vn);
	vn->slot = adeos_pool_slot(id, &vn->slot_phys);
	return vn;
}

static void free_strings(struct adeos_vnode *vn)
{
	kfree_const(vn->cmdline);
	kfree_const(vn->config);
	kfree_const(vn->restart);
	vn->cmdline = NULL;
	vn->config = NULL;
	vn->restart = NULL;
}

static int copy_strings(struct adeos_vnode *vn, const struct adeos_spec *spec)
{
	free_strings(vn);
	strscpy(vn->name, spec->name, sizeof(vn->name));
	vn->cmdline = kstrdup_const(spec->cmdline, GFP_KERNEL);
	vn->config = kstrdup_const(spec->config, GFP_KERNEL);
	vn->restart = kstrdup_const(spec->restart, GFP_KERNEL);
	return vn->cmdline && vn->config && vn->restart ? 0 : -ENOMEM;
}

static void vnode_fill_page(struct adeos_vnode *vn)
{
	struct adeos_page *page = &vn->slot->page;

	memset(page, 0, sizeof(*page));
	page->id = vn->id;
	page->commons = adeos_pool_commons();
	adeos_resources_tell(vn);
	adeos_arch_fill_page(page, vn->low_page);
	memset(&vn->slot->counters, 0, sizeof(vn->slot->counters));
	memset(vn->slot->log.text, 0, sizeof(vn->slot->log.text));
	adeos_log_clear(&vn->slot->log);
	vn->log_end = 0;
	vn->heartbeat = 0;
	vn->up = false;
}

static struct adeos_vnode *vnode_create(const struct adeos_spec *spec, struct adeos_error *err)
{
	struct adeos_vnode *vn;
	bool new = false;
	int ret;

	mutex_lock(&adeos_lock);
	ret = check_spec(spec, err);
	if (ret)
		goto out;
	vn = vnode_alloc(spec->id, err);
	ret = -ENOMEM;
	if (!vn)
		goto out;
	ret = adeos_resources_take(vn, spec, err);
	if (ret)
		goto drop;
	ret = copy_strings(vn, spec);
	if (ret) {
		adeos_fail(err, ret, "the root is out of memory");
		adeos_resources_give(vn);
		goto drop;
	}
	new = !adeos_vnodes[spec->id];
	adeos_vnodes[spec->id] = vn;
	vn->phase = ADEOS_LIVES;
	adeos_set_state(vn, ADEOS_LOADING);
	goto out;

drop:
	if (!adeos_vnodes[spec->id]) {
		free_strings(vn);
		kfree(vn);
	}
out:
	mutex_unlock(&adeos_lock);
	/* Not under the lock that its readers take. */
	if (new && adeos_sysfs_add(vn))
		pr_warn("adeos: vnode %u cannot be shown in sysfs\n", vn->id);
	return ret ? ERR_PTR(ret) : vn;
}

/**
 * adeos_vnode_create() - take CPUs and memory for a vnode
 * @spec: what it is made of
 * @err: what was wrong
 *
 * KMB step 1 of the paper.  The new vnode is LOADING.  If there is no room for
 * it, bridges are moved.
 *
 * Context: process, may sleep.
 * Return: the vnode, or ERR_PTR(), and then nothing was taken.
 */
struct adeos_vnode *adeos_vnode_create(const struct adeos_spec *spec,
				       struct adeos_error *err)
{
	struct adeos_vnode *vn = vnode_create(spec, err);

	if (vn == ERR_PTR(-ENOMEM) && spec->address == ADEOS_ADDRESS_AUTO &&
	    !adeos_room_make(PLACE_REGION, spec->memory, ADEOS_REGION_ALIGN))
		vn = vnode_create(spec, err);
	return vn;
}
EXPORT_SYMBOL_GPL(adeos_vnode_create);

/**
 * adeos_vnode_base() - where a vnode's region is
 * @vn: a vnode that is loading
 *
 * Return: physical address.
 */
phys_addr_t adeos_vnode_base(const struct adeos_vnode *vn)
{
	return vn->extent[0].start;
}
EXPORT_SYMBOL_GPL(adeos_vnode_base);

/**
 * adeos_vnode_page() - where a vnode's page is
 * @vn: a vnode
 *
 * Return: physical address.
 */
phys_addr_t adeos_vnode_page(const struct adeos_vnode *vn)
{
	return vn->slot_phys;
}
EXPORT_SYMBOL_GPL(adeos_vnode_page);

/**
 * adeos_vnode_boot() - start a vnode's first CPU
 * @vn: a vnode that is loading, with its image in place
 * @startup: the image's startup_32, mapped executable
 * @start: its physical address
 * @boot_params: physical address of its struct boot_params
 * @err: what was wrong
 *
 * KMB step 6 of the paper.
 *
 * Context: process, may sleep.
 * Return: 0 or negative errno.
 */
int adeos_vnode_boot(struct adeos_vnode *vn, void *startup, phys_addr_t start,
		     phys_addr_t boot_params, struct adeos_error *err)
{
	unsigned int page;
	u32 cpu;
	int ret;

	mutex_lock(&adeos_lock);
	if (vn->phase != ADEOS_LIVES || vn->state != ADEOS_LOADING || vn->booted) {
		mutex_unlock(&adeos_lock);
		return adeos_fail(err, -EBUSY, "vnode %u was booted already", vn->id);
	}
	vnode_fill_page(vn);
	adeos_node_started(vn->id);
	vn->booted = true;
	vn->heard = jiffies;
	cpu = vn->cpus[0];
	page = vn->low_page;
	mutex_unlock(&adeos_lock);

	/* It takes its time.  Who ends the vnode meanwhile resets the same CPU. */
	ret = adeos_cpu_start(cpu, page, startup, start, boot_params);
	if (ret)
		adeos_fail(err, ret, "CPU %u does not answer", cpu);
	adeos_watch();
	return ret;
}
EXPORT_SYMBOL_GPL(adeos_vnode_boot);

/**
 * adeos_vnode_stop() - ask a vnode to shut down
 * @id: its ID
 * @err: what was wrong
 *
 * Context: process, may sleep.
 * Return: 0 or negative errno; the vnode is STOPPING then.
 */
int adeos_vnode_stop(u32 id, struct adeos_error *err)
{
	struct adeos_vnode *vn;
	int ret = 0;

	mutex_lock(&adeos_lock);
	vn = vnode_get_alive(id, &ret, err);
	if (vn && vn->state == ADEOS_LOADING) {
		ret = adeos_fail(err, -EBUSY, "vnode %u is loading: it can only be killed", id);
	} else if (vn) {
		adeos_set_state(vn, ADEOS_STOPPING);
		WRITE_ONCE(vn->slot->page.request, ADEOS_REQUEST_STOP);
		adeos_doorbell_ring(vn->cpus[0]);
	}
	mutex_unlock(&adeos_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(adeos_vnode_stop);

/**
 * adeos_vnode_kill() - end a vnode at once
 * @id: its ID
 * @err: what was wrong; if nothing was, what has not come back, or ""
 *
 * When it returns 0, all that the vnode had is the pools' again, but for bridges
 * that others did not let go of in time, or keep open.
 *
 * Context: process, may sleep.
 * Return: 0 or negative errno.
 */
int adeos_vnode_kill(u32 id, struct adeos_error *err)
{
	struct adeos_vnode *vn;
	int ret = 0;

	mutex_lock(&adeos_lock);
	vn = vnode_get_alive(id, &ret, err);
	if (vn) {
		adeos_vnode_end(vn, ADEOS_STOPPED, false);
		adeos_vnode_await_end(vn);
		if (vn->phase == ADEOS_STUCK)
			ret = adeos_fail(err, -ETIMEDOUT,
					 "a CPU of vnode %u does not answer an INIT", id);
		else if (vn->kept)
			adeos_fail(err, 0, "vnode %u: %u of its bridges are still in use",
				   id, vn->kept);
	}
	mutex_unlock(&adeos_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(adeos_vnode_kill);

/**
 * adeos_log_read() - read a vnode's log, alive or dead
 * @id: its ID
 * @pos: in: where to read; out: where to go on
 * @buf: where to store the text
 * @len: its size, bytes
 * @err: what was wrong
 *
 * Context: process, may sleep.
 * Return: number of bytes stored, 0 at the end, or negative errno.
 */
ssize_t adeos_log_read(u32 id, u64 *pos, char *buf, size_t len, struct adeos_error *err)
{
	struct adeos_vnode *vn;
	unsigned int tries;
	ssize_t n = 0;
	u64 old;

	mutex_lock(&adeos_lock);
	vn = vnode_get(id, err);
	if (!vn) {
		n = -ENOENT;
	} else if (!id) {
		n = adeos_fail(err, -EINVAL, "the root's log is read with dmesg");
	} else {
		/* A writer that overtakes the reader each time is no kernel. */
		for (tries = 0; tries < LOG_TRIES; tries++) {
			old = *pos;
			n = adeos_log_get(&vn->slot->log, &vn->log_end, pos, buf, len);
			if (n || *pos == old)
				break;
		}
	}
	mutex_unlock(&adeos_lock);
	return n;
}
EXPORT_SYMBOL_GPL(adeos_log_read);

/**
 * adeos_vnode_extent() - an extent of a vnode's memory
 * @id: the vnode's ID
 * @n: number of the extent, below ADEOS_EXTENTS
 * @start: where to store its physical address
 * @size: where to store its size, bytes
 *
 * Context: adeos_lock held.
 * Return: true if there is one of that number.
 */
bool adeos_vnode_extent(u32 id, unsigned int n, u64 *start, u64 *size)
{
	const struct adeos_extent *e;

	if (!id || !adeos_alive(adeos_vnodes[id]))
		return false;
	e = &adeos_vnodes[id]->extent[n];
	*start = e->start;
	*size = e->size;
	return e->size;
}

/**
 * adeos_vnode_init() - enter the root into the table
 *
 * Context: __init, process.
 * Return: 0 or negative errno.
 */
int __init adeos_vnode_init(void)
{
	struct adeos_vnode *root = kzalloc(sizeof(*root), GFP_KERNEL);

	if (!root)
		return -ENOMEM;
	root->state = ADEOS_RUNNING;
	strscpy(root->name, "root", sizeof(root->name));
	root->cmdline = saved_command_line;
	root->config = "";
	root->restart = "no";
	root->phase = ADEOS_LIVES;
	adeos_vnodes[0] = root;
	adeos_watch_init();
	return adeos_sysfs_add(root);
}
