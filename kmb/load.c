// SPDX-License-Identifier: GPL-2.0
/*
 * The seven steps that start a vnode (paper: "Kernel-mode bootloader").
 *
 * A region is laid out like the memory of a PC, from its start:
 *
 *	 64 KiB	struct boot_params
 *	128 KiB	the kernel command line
 *	 16 MiB	the kernel, or wherever it is linked for
 *	 the initrd: at the end of the region, or of what the kernel maps linearly
 */
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <asm/setup.h>

#include "image.h"
#include "load.h"

#define BOOT_PARAMS	SZ_64K
#define CMDLINE		SZ_128K
#define LOWMEM		(640UL << 20)	/* every kernel maps these linearly, with any vmalloc= */
#define SLACK		SZ_16M		/* what a kernel allocates before it frees the initrd */
#define WINDOW		SZ_1M
#define MAX_FAILURES	3	/* boots in a row before KMB gives up */

/**
 * struct loaded - a vnode that this module has loaded
 * @lock: protects all that follows except @restart; one for each vnode, because reading an
 *	image and starting a CPU take long
 * @restart: loads and boots it again
 * @crashed: it has crashed
 * @up: it had come up before it ended
 * @vn: the vnode, while it waits to be booted
 * @entry: offset of its startup_32 from the start of the region
 * @start: where its kernel starts
 * @end: where its kernel ends
 * @req: how it was loaded, if it may be restarted
 * @failures: how often in a row it has ended before it was up
 */
struct loaded {
	struct mutex lock;	/* see above */
	struct work_struct restart;
	bool crashed;
	bool up;
	struct adeos_vnode *vn;
	u32 entry;
	u32 start;
	u32 end;
	struct kmb_request *req;
	unsigned int failures;
};

static struct loaded nodes[KMB_MAX_VNODES];

/**
 * struct initrd - the initial RAM disk, as it was at the check
 * @file: the file, which may change meanwhile, or NULL
 * @size: its size, bytes
 * @offset: its offset from the start of the region
 */
struct initrd {
	struct file *file;
	u32 size;
	u64 offset;
};

static int check_size(const struct kmb_request *req, const struct kmb_image *image,
		      struct initrd *initrd, struct adeos_error *err)
{
	u64 size = req->initrd ? i_size_read(file_inode(req->initrd)) : 0;
	u64 need;

	if (size > LOWMEM || image->end + PAGE_ALIGN(size) > LOWMEM)
		return adeos_fail(err, -EFBIG, "initrd: %llu bytes: expected at most %lu", size,
				  LOWMEM - min_t(unsigned long, image->end, LOWMEM));
	need = image->end + PAGE_ALIGN(size) + SLACK;
	if (req->spec.memory < need)
		return adeos_fail(err, -EINVAL,
			"memory: %lluM is too small: expected at least %lluM for this kernel and initrd",
			req->spec.memory / SZ_1M, ALIGN(need, (u64)ADEOS_REGION_ALIGN) / SZ_1M);
	initrd->file = req->initrd;
	initrd->size = size;
	initrd->offset = min_t(u64, req->spec.memory, LOWMEM) - PAGE_ALIGN(size);
	return 0;
}

/* Step 3: the kernel ... */
static int copy_kernel(const struct kmb_image *image, phys_addr_t base,
		       struct adeos_error *err)
{
	void *to = adeos_map(base + image->start, image->end - image->start);

	if (!to)
		return adeos_fail(err, -ENOMEM, "the root cannot map the kernel's memory");
	kmb_image_copy(image, to);
	adeos_unmap(to);
	return 0;
}

/*
 * ...  the initrd, piece by piece, because it may be larger than vmalloc=, and through a
 * buffer, because file systems expect memory with a struct page ...
 */
static int copy_initrd(const struct initrd *initrd, phys_addr_t base,
		       struct adeos_error *err)
{
	void *buf = kvmalloc(WINDOW, GFP_KERNEL);
	loff_t pos = 0;
	void *to;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	while (pos < initrd->size) {
		loff_t at = pos;

		n = kernel_read(initrd->file, buf, min_t(u64, WINDOW, initrd->size - pos), &pos);
		if (n <= 0) {
			kvfree(buf);
			return adeos_fail(err, n ?: -EIO, "initrd: cannot be read: error %zd", n);
		}
		to = adeos_map(base + initrd->offset + at, n);
		if (!to) {
			kvfree(buf);
			return adeos_fail(err, -ENOMEM, "the root cannot map the initrd's memory");
		}
		memcpy(to, buf, n);
		adeos_unmap(to);
	}
	kvfree(buf);
	return 0;
}

/* ... and the boot parameters. */
static int copy_params(const struct kmb_request *req, const struct kmb_image *image,
		       const struct initrd *initrd, phys_addr_t base, phys_addr_t page,
		       struct adeos_error *err)
{
	struct boot_params *bp;
	void *low = adeos_map(base, CMDLINE + COMMAND_LINE_SIZE);

	if (!low)
		return adeos_fail(err, -ENOMEM, "the root cannot map the boot parameters");
	bp = low + BOOT_PARAMS;
	memset(bp, 0, sizeof(*bp));
	bp->hdr = image->header;
	bp->hdr.type_of_loader = 0xff;
	bp->hdr.setup_data = 0;
	bp->hdr.hardware_subarch = X86_SUBARCH_VNODE;
	bp->hdr.hardware_subarch_data = page;
	bp->hdr.cmd_line_ptr = base + CMDLINE;
	bp->hdr.ramdisk_image = initrd->size ? base + initrd->offset : 0;
	bp->hdr.ramdisk_size = initrd->size;
	strscpy(low + CMDLINE, req->spec.cmdline, COMMAND_LINE_SIZE);
	adeos_unmap(low);
	return 0;
}

static int load(const struct kmb_request *req, const struct kmb_image *image,
		const struct initrd *initrd, struct adeos_vnode *vn, struct adeos_error *err)
{
	phys_addr_t base = adeos_vnode_base(vn);
	int ret;

	ret = copy_kernel(image, base, err);
	if (!ret)
		ret = copy_initrd(initrd, base, err);
	if (!ret)
		ret = copy_params(req, image, initrd, base, adeos_vnode_page(vn), err);
	return ret;
}

static void forget(struct loaded *node)
{
	kmb_request_free(node->req);
	node->req = NULL;
	node->vn = NULL;
	node->failures = 0;
}

static int load_locked(struct kmb_request *req, struct adeos_error *err)
{
	struct loaded *node = &nodes[req->spec.id];
	struct initrd initrd;
	struct kmb_image image;
	struct adeos_vnode *vn;
	int ret;

	ret = kmb_image_read(&image, req->kernel, err);
	if (ret)
		return ret;
	ret = check_size(req, &image, &initrd, err);
	if (ret)
		goto out;

	/* Steps 1 and 5. */
	vn = adeos_vnode_create(&req->spec, err);
	ret = PTR_ERR_OR_ZERO(vn);
	if (ret)
		goto out;
	/* Steps 2 and 3. */
	ret = load(req, &image, &initrd, vn, err);
	if (ret) {
		adeos_vnode_kill(req->spec.id, NULL);
		goto out;
	}
	if (node->req != req)
		forget(node);
	node->vn = vn;
	node->start = image.start;
	node->end = image.end;
	node->entry = image.entry;
out:
	kmb_image_free(&image);
	return ret;
}

/**
 * kmb_load() - take memory and CPUs for a vnode, and load its kernel
 * @req: the request; on success, this file owns it
 * @err: set on failure
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno when nothing has changed.
 */
int kmb_load(struct kmb_request *req, struct adeos_error *err)
{
	int ret;

	if (!req->spec.id || req->spec.id >= KMB_MAX_VNODES)
		return adeos_fail(err, -EINVAL, "vnode ID %u is out of range: expected 1 to %u",
				  req->spec.id, KMB_MAX_VNODES - 1);
	guard(mutex)(&nodes[req->spec.id].lock);
	ret = load_locked(req, err);
	if (ret)
		return ret;
	/* The files are needed again only for a restart. */
	if (req->restart == KMB_RESTART_NO)
		kmb_request_free(req);
	else
		nodes[req->spec.id].req = req;
	return 0;
}

static int no_vnode(u32 id, struct adeos_error *err)
{
	return adeos_fail(err, -ENOENT, "there is no vnode %u", id);
}

static int boot_locked(u32 id, struct adeos_error *err)
{
	struct loaded *node = &nodes[id];
	phys_addr_t base;
	void *kernel;
	int ret;

	if (!node->vn)
		return adeos_fail(err, -ENOENT, "vnode %u is not loaded", id);
	base = adeos_vnode_base(node->vn);

	/* Step 4. */
	kernel = adeos_map_exec(base + node->start, node->end - node->start);
	if (!kernel)
		return adeos_fail(err, -ENOMEM, "the root cannot map the kernel's memory");
	/* Step 6. */
	ret = adeos_vnode_boot(node->vn, kernel + (node->entry - node->start),
			       base + node->entry, base + BOOT_PARAMS, err);
	/* Step 7. */
	adeos_unmap(kernel);
	node->vn = NULL;
	return ret;
}

/**
 * kmb_boot() - start a vnode that kmb_load() has loaded
 * @id: its ID
 * @err: set on failure
 *
 * Context: process, may sleep.
 * Return: 0 or negative errno.
 */
int kmb_boot(u32 id, struct adeos_error *err)
{
	if (id >= KMB_MAX_VNODES)
		return no_vnode(id, err);
	guard(mutex)(&nodes[id].lock);
	return boot_locked(id, err);
}

/**
 * kmb_kill() - end a vnode at once, and for good
 * @id: its ID
 * @err: set on failure
 *
 * This waits for a restart under way, which would otherwise boot nothing after its load.
 *
 * Context: process, may sleep.
 * Return: 0 or negative errno.
 */
int kmb_kill(u32 id, struct adeos_error *err)
{
	int ret;

	if (id >= KMB_MAX_VNODES)
		return no_vnode(id, err);
	guard(mutex)(&nodes[id].lock);
	ret = adeos_vnode_kill(id, err);
	/* It may just have ended, and be about to be restarted. */
	if (!ret || ret == -ESRCH)
		forget(&nodes[id]);
	return ret;
}

/**
 * kmb_stop() - ask a vnode to shut down, for good
 * @id: its ID
 * @err: set on failure
 *
 * Context: process, may sleep.
 * Return: 0 or negative errno.
 */
int kmb_stop(u32 id, struct adeos_error *err)
{
	int ret;

	if (id >= KMB_MAX_VNODES)
		return no_vnode(id, err);
	guard(mutex)(&nodes[id].lock);
	ret = adeos_vnode_stop(id, err);
	if (!ret || ret == -ESRCH)
		forget(&nodes[id]);
	return ret;
}

static void restart_locked(struct loaded *node, u32 id)
{
	struct adeos_error err = { };
	int ret;

	if (!node->req || (node->req->restart == KMB_RESTART_ON_FAILURE && !node->crashed))
		return;
	node->failures = node->up ? 0 : node->failures + 1;
	if (node->failures >= MAX_FAILURES) {
		pr_err("kmb: vnode %u is not restarted: it does not come up\n", id);
		return;
	}
	ret = load_locked(node->req, &err);
	if (!ret)
		ret = boot_locked(id, &err);
	if (!ret)
		return;
	pr_err("kmb: vnode %u cannot be restarted: %s\n", id, err.text);
	adeos_vnode_kill(id, NULL);
}

static void restart(struct work_struct *work)
{
	struct loaded *node = container_of(work, struct loaded, restart);

	guard(mutex)(&node->lock);
	restart_locked(node, node - nodes);
	adeos_vnode_restarted(node - nodes);
}

/*
 * A vnode has ended by itself. Starting it again takes seconds, so this is done where
 * nobody waits for it.
 */
static void ended(u32 id, bool crashed, bool up)
{
	nodes[id].crashed = crashed;
	nodes[id].up = up;
	queue_work(system_unbound_wq, &nodes[id].restart);
}

static const struct adeos_restart_ops restart_ops = {
	.ended = ended,
};

/**
 * kmb_request_free() - free a request
 * @req: the request, or NULL
 */
void kmb_request_free(struct kmb_request *req)
{
	if (!req)
		return;
	if (req->kernel)
		fput(req->kernel);
	if (req->initrd)
		fput(req->initrd);
	kfree(req->spec.name);
	kfree(req->spec.cmdline);
	kfree(req->spec.config);
	kfree(req);
}

void kmb_load_init(void)
{
	unsigned int i;

	for (i = 0; i < KMB_MAX_VNODES; i++) {
		mutex_init(&nodes[i].lock);
		INIT_WORK(&nodes[i].restart, restart);
	}
	adeos_set_restart_ops(&restart_ops);
}

void kmb_load_exit(void)
{
	unsigned int i;

	adeos_set_restart_ops(NULL);
	for (i = 0; i < KMB_MAX_VNODES; i++) {
		if (cancel_work_sync(&nodes[i].restart))
			adeos_vnode_restarted(i);
		forget(&nodes[i]);
	}
}
