/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KMB_IMAGE_H
#define _KMB_IMAGE_H

#include <linux/adeos.h>
#include <linux/elf.h>
#include <linux/fs.h>

#include <asm/bootparam.h>

/**
 * struct kmb_image - a kernel image, decompressed and checked
 * @header: the bzImage's setup header
 * @elf: the kernel proper, an ELF executable
 * @size: its size, bytes
 * @start: offset of its first segment from the start of the region
 * @end: end of its last segment, likewise
 * @entry: offset of its startup_32, likewise
 */
struct kmb_image {
	struct setup_header header;
	void *elf;
	size_t size;
	u32 start;
	u32 end;
	u32 entry;
};

int kmb_image_read(struct kmb_image *image, struct file *file,
		   struct adeos_error *err);
void kmb_image_copy(const struct kmb_image *image, void *to);
void kmb_image_free(struct kmb_image *image);

#endif /* _KMB_IMAGE_H */
