// SPDX-License-Identifier: GPL-2.0
/*
 * A bridge in programs' address spaces: pages without struct page, which go when
 * it is moved, and come back, elsewhere, when they are touched.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "bridge.h"

/* What the nanokernel has mapped for this, it has mapped as cached memory. */
static vm_fault_t vb_insert(struct vm_fault *vmf, struct vb *vb)
{
	struct vm_area_struct *vma = vmf->vma;

	if (vmf->pgoff >= PFN_UP(vb->info.bytes))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn_prot(vma, vmf->address, vb->pfn + 1 + vmf->pgoff, vma->vm_page_prot);
}

/*
 * Waits for the end of a move.  Others of the process may go on meanwhile, if
 * the caller allows that mmap_lock is released: then only the file keeps vb.
 */
static vm_fault_t vb_await(struct vm_fault *vmf, struct vb *vb)
{
	bool retry = fault_flag_allow_retry_first(vmf->flags) &&
		     !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT);
	struct file *file = NULL;

	if (retry) {
		file = get_file(vmf->vma->vm_file);
		release_fault_lock(vmf);
	}
	/* A signal ends the wait: it is handled, and then the page is touched again. */
	if (retry && vmf->flags & FAULT_FLAG_INTERRUPTIBLE)
		wait_event_interruptible(vb->wait, vb_settled(vb));
	else
		wait_event_killable(vb->wait, vb_settled(vb));
	if (!retry)
		return VM_FAULT_NOPAGE;
	fput(file);
	return VM_FAULT_RETRY;
}

/* The page goes in under vb->sem: whoever freezes the bridge unmaps it after that. */
static vm_fault_t vb_fault(struct vm_fault *vmf)
{
	struct vb *vb = vmf->vma->vm_private_data;
	vm_fault_t ret = 0;
	bool frozen;

	down_read(&vb->sem);
	frozen = vb->frozen && !vb->gone;
	if (vb->gone)
		ret = VM_FAULT_SIGBUS;
	else if (!frozen)
		ret = vb_insert(vmf, vb);
	up_read(&vb->sem);
	return frozen ? vb_await(vmf, vb) : ret;
}

static const struct vm_operations_struct vb_vm_ops = {
	.fault	= vb_fault,
};

/**
 * vb_mmap() - map a bridge
 * @file: attached
 * @vma: where; it may not be private, for a copy would need a struct page
 *
 * Context: process, mmap_lock held.
 * Return: 0; -EBADFD, -EINVAL, -EACCES, -EIDRM.
 */
int vb_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vb *vb = vb_of(file->private_data);
	unsigned long pages;

	if (!vb)
		return -EBADFD;
	pages = PFN_UP(vb->info.bytes);
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_pgoff >= pages ||
	    vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;
	if (READ_ONCE(vb->gone))
		return -EIDRM;
	vm_flags_mod(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);
	vma->vm_ops = &vb_vm_ops;
	vma->vm_private_data = vb;
	return 0;
}

/**
 * vb_unmap() - take all pages of a bridge out of all programs
 * @vb: the bridge
 *
 * Context: process, sleeps; @vb->sem held for writing.
 */
void vb_unmap(struct vb *vb)
{
	struct vb_file *f;

	list_for_each_entry(f, &vb->files, list)
		unmap_mapping_range(f->inode->i_mapping, 0, 0, 1);
}
