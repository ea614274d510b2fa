// SPDX-License-Identifier: GPL-2.0
/*
 * A bridge in programs' address spaces: pages without struct page.  They are unmapped when
 * the bridge is moved, and a fault maps the new ones.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "bridge.h"

/* The nanokernel has mapped the bridge as cached memory. */
static vm_fault_t vb_insert(struct vm_fault *vmf, struct vb *vb)
{
	struct vm_area_struct *vma = vmf->vma;

	if (vmf->pgoff >= PFN_UP(vb->info.bytes))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn_prot(vma, vmf->address, vb->pfn + 1 + vmf->pgoff, vma->vm_page_prot);
}

/*
 * Waits for the end of a move.  If the caller allows it, this releases mmap_lock, so that
 * other threads of the process can go on.  Then only the file holds vb.
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
	/* A signal ends the wait. After its handler, the page is accessed again. */
	if (retry && vmf->flags & FAULT_FLAG_INTERRUPTIBLE)
		wait_event_interruptible(vb->wait, vb_settled(vb));
	else
		wait_event_killable(vb->wait, vb_settled(vb));
	if (!retry)
		return VM_FAULT_NOPAGE;
	fput(file);
	return VM_FAULT_RETRY;
}

/* The page is mapped under vb->sem, so a freeze that follows unmaps it. */
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
 * @vma: where; it must not be private, because a copy would need a struct page
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
 * vb_unmap() - unmap all pages of a bridge from all programs
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
