// SPDX-License-Identifier: GPL-2.0
/*
 * A bzImage, from the file to the segments of the kernel in it.
 *
 * The administrator may have chosen any file, so everything in it is checked before it is
 * used.  Boot protocol: Documentation/arch/x86/boot.rst.
 */
#include <linux/adeos.h>
#include <linux/kernel_read_file.h>
#include <linux/lz4.h>
#include <linux/sizes.h>
#include <linux/unaligned.h>
#include <linux/vmalloc.h>
#include <linux/xz.h>
#include <linux/zlib.h>
#include <linux/zstd.h>

#include "image.h"

#define BZIMAGE_MAX	SZ_128M
#define KERNEL_MAX	SZ_256M

#define HEADER_OFFSET	0x1f1
#define HEADER_MAGIC	0x53726448	/* "HdrS" */
#define NOTE_NAME	"Adeos"

#define LZ4_LEGACY_CHUNK	SZ_8M

static ssize_t ungzip(void *out, size_t out_len, const u8 *in, size_t in_len)
{
	/* The kernel's build writes a header without a name or other options. */
	if (in_len < 10 || in[3])
		return -EINVAL;
	return zlib_inflate_blob(out, out_len, in + 10, in_len - 10);
}

static ssize_t unxz(void *out, size_t out_len, const u8 *in, size_t in_len)
{
	struct xz_buf b = {
		.in = in, .in_size = in_len, .out = out, .out_size = out_len,
	};
	struct xz_dec *s = xz_dec_init(XZ_SINGLE, 0);
	enum xz_ret ret;

	if (!s)
		return -ENOMEM;
	ret = xz_dec_run(s, &b);
	xz_dec_end(s);
	if (ret == XZ_OPTIONS_ERROR)
		return -EOPNOTSUPP;
	return ret == XZ_STREAM_END ? b.out_pos : -EINVAL;
}

static ssize_t unzstd(void *out, size_t out_len, const u8 *in, size_t in_len)
{
	size_t ret, frame, work_len = zstd_dctx_workspace_bound();
	void *work = vmalloc(work_len);
	zstd_dctx *dctx;

	if (!work)
		return -ENOMEM;
	dctx = zstd_init_dctx(work, work_len);
	frame = zstd_find_frame_compressed_size(in, in_len);
	ret = zstd_is_error(frame) ? 0 :
		zstd_decompress_dctx(dctx, out, out_len, in, frame);
	vfree(work);
	return zstd_is_error(ret) ? -EINVAL : ret;
}

static ssize_t unlz4(void *out, size_t out_len, const u8 *in, size_t in_len)
{
	size_t pos = 4, done = 0;
	u32 chunk;
	int n;

	while (done < out_len && in_len - pos >= 4) {
		chunk = get_unaligned_le32(in + pos);
		pos += 4;
		if (!chunk || chunk > in_len - pos)
			return -EINVAL;
		n = LZ4_decompress_safe(in + pos, out + done, chunk,
					min_t(size_t, out_len - done, LZ4_LEGACY_CHUNK));
		if (n < 0)
			return -EINVAL;
		pos += chunk;
		done += n;
	}
	return done;
}

/*
 * The methods that CONFIG_KERNEL_* offers, and how the compressed kernel begins.  A module
 * cannot call the decompressors of the last three.
 */
static const struct method {
	const char *name;
	const char *magic;
	size_t magic_len;
	ssize_t (*decompress)(void *out, size_t out_len, const u8 *in, size_t in_len);
} methods[] = {
	{ "gzip", "\x1f\x8b", 2, ungzip },
	{ "xz", "\3757zXZ", 6, unxz },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, unzstd },
	{ "lz4", "\x02\x21\x4c\x18", 4, unlz4 },
	{ "bzip2", "BZh", 3 },
	{ "lzma", "\x5d\0\0", 3 },
	{ "lzo", "\x89LZO", 5 },
};

#define EXPECTED_METHODS	"expected gzip, xz, zstd or lz4"

/* @in_len is at least 16: find_payload() checks it. */
static ssize_t decompress(void *out, size_t out_len, const u8 *in, size_t in_len,
			  struct adeos_error *err)
{
	const struct method *m;
	ssize_t n;

	for (m = methods; memcmp(in, m->magic, m->magic_len); )
		if (++m == methods + ARRAY_SIZE(methods))
			return adeos_fail(err, -ENOEXEC,
				"kernel: compressed by an unknown method: " EXPECTED_METHODS);
	if (!m->decompress)
		return adeos_fail(err, -ENOEXEC,
				  "kernel: compressed by %s: " EXPECTED_METHODS, m->name);
	n = m->decompress(out, out_len, in, in_len);
	if (n == -EOPNOTSUPP)
		return adeos_fail(err, -ENOEXEC,
			"kernel: compressed by %s with a filter that the root's kernel lacks: expected CONFIG_XZ_DEC_X86=y",
			m->name);
	return n;
}

/* Finds the payload of a bzImage that is complete and for i386. */
static int find_payload(struct kmb_image *image, const u8 *file, size_t size,
			const u8 **payload, u32 *len, struct adeos_error *err)
{
	const struct setup_header *h = &image->header;
	u64 setup_len, need;

	if (size < HEADER_OFFSET + sizeof(*h))
		return adeos_fail(err, -ENOEXEC, "kernel: not a bzImage: only %zu bytes", size);
	memcpy(&image->header, file + HEADER_OFFSET, sizeof(*h));
	if (h->boot_flag != 0xaa55 || h->header != HEADER_MAGIC)
		return adeos_fail(err, -ENOEXEC, "kernel: not a bzImage");
	if (h->version < 0x020c || !(h->loadflags & LOADED_HIGH))
		return adeos_fail(err, -ENOEXEC,
				  "kernel: boot protocol %#x: expected at least 0x20c", h->version);
	if (h->xloadflags & XLF_KERNEL_64)
		return adeos_fail(err, -ENOEXEC, "kernel: a 64-bit kernel: expected one for i386");

	setup_len = ((h->setup_sects ?: 4) + 1) * 512;
	need = setup_len + max((u64)h->syssize * 16, (u64)h->payload_offset + h->payload_length);
	/* syssize is rounded up, and a signature may follow. */
	if (size + 16 < need || size < setup_len + h->payload_offset + (u64)h->payload_length)
		return adeos_fail(err, -ENOEXEC,
				  "kernel: truncated: %zu bytes, expected %llu", size, need);
	if (h->payload_length < 16)
		return adeos_fail(err, -ENOEXEC, "kernel: the bzImage has no payload");
	*payload = file + setup_len + h->payload_offset;
	*len = h->payload_length;
	return 0;
}

static bool has_note(const u8 *notes, size_t len)
{
	const struct elf32_note *n;
	size_t name, desc;

	while (len >= sizeof(*n)) {
		n = (const struct elf32_note *)notes;
		notes += sizeof(*n);
		len -= sizeof(*n);
		name = ALIGN((u64)n->n_namesz, 4);
		desc = ALIGN((u64)n->n_descsz, 4);
		if (name > len || desc > len - name)
			return false;
		if (n->n_namesz == sizeof(NOTE_NAME) && n->n_type == 1 && n->n_descsz == 4 &&
		    !memcmp(notes, NOTE_NAME, sizeof(NOTE_NAME)) &&
		    get_unaligned_le32(notes + name) == ADEOS_ABI)
			return true;
		notes += name + desc;
		len -= name + desc;
	}
	return false;
}

static int check_segment(struct kmb_image *image, const struct elf32_phdr *p,
			 struct adeos_error *err)
{
	if (p->p_filesz > p->p_memsz || p->p_offset > image->size ||
	    p->p_filesz > image->size - p->p_offset ||
	    p->p_paddr < SZ_1M || p->p_paddr > KERNEL_MAX ||
	    p->p_memsz > KERNEL_MAX - p->p_paddr)
		return adeos_fail(err, -ENOEXEC, "kernel: a segment of its ELF file is broken");
	image->start = min(image->start, p->p_paddr);
	image->end = max(image->end, p->p_paddr + p->p_memsz);
	return 0;
}

static int check_elf(struct kmb_image *image, struct adeos_error *err)
{
	const struct elf32_hdr *e = image->elf;
	const struct elf32_phdr *p;
	bool note = false;
	unsigned int i;

	if (image->size < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG))
		return adeos_fail(err, -ENOEXEC, "kernel: its payload is not an ELF file");
	if (e->e_ident[EI_CLASS] != ELFCLASS32 || e->e_machine != EM_386)
		return adeos_fail(err, -ENOEXEC, "kernel: not for i386");
	if (e->e_phentsize != sizeof(*p) || e->e_phoff > image->size || e->e_phoff % 4 ||
	    e->e_phnum > (image->size - e->e_phoff) / sizeof(*p))
		return adeos_fail(err, -ENOEXEC, "kernel: its ELF header is broken");

	image->start = U32_MAX;
	image->end = 0;
	p = image->elf + e->e_phoff;
	for (i = 0; i < e->e_phnum; i++, p++) {
		if (p->p_type == PT_LOAD && check_segment(image, p, err))
			return -ENOEXEC;
		if (p->p_type == PT_NOTE && p->p_offset <= image->size && p->p_offset % 4 == 0 &&
		    p->p_filesz <= image->size - p->p_offset)
			note |= has_note(image->elf + p->p_offset, p->p_filesz);
	}
	if (!note)
		return adeos_fail(err, -ENOEXEC,
			"kernel: cannot run in a vnode: expected CONFIG_ADEOS=y, ABI %u",
			ADEOS_ABI);
	if (e->e_entry < image->start || e->e_entry >= image->end)
		return adeos_fail(err, -ENOEXEC, "kernel: its entry point is outside of it");
	image->start &= PAGE_MASK;
	image->entry = e->e_entry;
	return 0;
}

static int unpack(struct kmb_image *image, const u8 *file, size_t size,
		  struct adeos_error *err)
{
	const u8 *payload;
	ssize_t n;
	u32 len;
	int ret;

	ret = find_payload(image, file, size, &payload, &len, err);
	if (ret)
		return ret;
	/* In all formats, the build appends the decompressed size. */
	image->size = get_unaligned_le32(payload + len - 4);
	if (image->size < sizeof(struct elf32_hdr) || image->size > KERNEL_MAX)
		return adeos_fail(err, -ENOEXEC, "kernel: its size, %zu bytes, is not plausible",
				  image->size);
	image->elf = vmalloc(image->size);
	if (!image->elf)
		return adeos_fail(err, -ENOMEM, "the root cannot allocate %zu bytes for the kernel",
				  image->size);
	adeos_fail(err, -ENOEXEC, "kernel: cannot be decompressed: damaged?");
	n = decompress(image->elf, image->size, payload, len, err);
	if (n < 0)
		return n == -ENOMEM ? adeos_fail(err, n, "the root is out of memory") : -ENOEXEC;
	if (n != image->size)
		return -ENOEXEC;
	return check_elf(image, err);
}

/**
 * kmb_image_read() - read a bzImage
 * @image: where to store its contents, for kmb_image_free()
 * @file: the file, open for reading
 * @err: set on failure
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno when there is nothing to free.
 */
int kmb_image_read(struct kmb_image *image, struct file *file, struct adeos_error *err)
{
	void *buf = NULL;
	ssize_t size;
	int ret;

	image->elf = NULL;
	size = kernel_read_file(file, 0, &buf, BZIMAGE_MAX, NULL, READING_KEXEC_IMAGE);
	if (size < 0)
		return adeos_fail(err, size, "kernel: cannot be read: error %zd", size);
	ret = unpack(image, buf, size, err);
	vfree(buf);
	if (ret)
		kmb_image_free(image);
	return ret;
}

/**
 * kmb_image_copy() - lay out an image's segments
 * @image: the image
 * @to: memory for @image->start to @image->end
 */
void kmb_image_copy(const struct kmb_image *image, void *to)
{
	const struct elf32_hdr *e = image->elf;
	const struct elf32_phdr *p = image->elf + e->e_phoff;
	unsigned int i;
	void *seg;

	memset(to, 0, image->end - image->start);
	for (i = 0; i < e->e_phnum; i++, p++) {
		if (p->p_type != PT_LOAD)
			continue;
		seg = to + (p->p_paddr - image->start);
		memcpy(seg, image->elf + p->p_offset, p->p_filesz);
	}
}

/**
 * kmb_image_free() - free an image
 * @image: from kmb_image_read()
 */
void kmb_image_free(struct kmb_image *image)
{
	vfree(image->elf);
	image->elf = NULL;
}
