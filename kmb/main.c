// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/kmb: the kernel-mode bootloader's ioctls, see kmb.h.  This file copies and checks
 * the arguments; load.c and the nanokernel do the work.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "load.h"

static_assert((int)KMB_MEMORY_BRIDGE == (int)ADEOS_RANGE_BRIDGE);

#define LOG_CHUNK	PAGE_SIZE

static const char * const restart_names[] = {
	[KMB_RESTART_NO] = "no",
	[KMB_RESTART_ON_FAILURE] = "on-failure",
	[KMB_RESTART_ALWAYS] = "always",
};

static int get_struct(void *to, size_t len, const void __user *from)
{
	u32 size;

	if (get_user(size, (const u32 __user *)from))
		return -EFAULT;
	if (size < sizeof(u32) || size > PAGE_SIZE)
		return -EINVAL;
	return copy_struct_from_user(to, len, from, size);
}

static char *get_string(u64 from, size_t max, const char *what, struct adeos_error *err)
{
	char *s = strndup_user(u64_to_user_ptr(from), max);

	if (IS_ERR(s))
		adeos_fail(err, PTR_ERR(s), PTR_ERR(s) == -EINVAL ?
			   "%s: too long: expected less than %zu bytes" :
			   "%s: cannot be read from user space", what, max);
	return s;
}

static struct file *get_file_readable(int fd, const char *what, struct adeos_error *err)
{
	struct file *file = fget(fd);

	if (!file) {
		adeos_fail(err, -EBADF, "%s: bad file descriptor", what);
		return ERR_PTR(-EBADF);
	}
	if (!(file->f_mode & FMODE_READ) || !S_ISREG(file_inode(file)->i_mode)) {
		fput(file);
		adeos_fail(err, -EINVAL, "%s: expected a regular file, open for reading", what);
		return ERR_PTR(-EINVAL);
	}
	return file;
}

static int check_name(const char *name, struct adeos_error *err)
{
	const char *s = name;

	while (isalnum(*s) || *s == '-' || *s == '_' || *s == '.')
		s++;
	if (s == name || *s)
		return adeos_fail(err, -EINVAL,
				  "name: expected letters, digits, '-', '_' and '.'");
	return 0;
}

/* The command line begins with what the paper's KMB passes. */
static char *make_cmdline(const struct kmb_load *in, const u32 *cpus, struct adeos_error *err)
{
	char *user, *line;
	unsigned int i;
	int len;

	user = get_string(in->cmdline, KMB_CMDLINE_LEN, "cmdline", err);
	if (IS_ERR(user))
		return user;
	line = kmalloc(KMB_CMDLINE_LEN, GFP_KERNEL);
	if (!line) {
		kfree(user);
		return ERR_PTR(-ENOMEM);
	}
	len = scnprintf(line, KMB_CMDLINE_LEN, "vnode=%u vnode_cpus=", in->id);
	for (i = 0; i < in->nr_cpus; i++)
		len += scnprintf(line + len, KMB_CMDLINE_LEN - len, "%s%u", i ? "," : "", cpus[i]);
	/* Only the root loads microcode, because cores may have threads in other vnodes. */
	len += scnprintf(line + len, KMB_CMDLINE_LEN - len, " mem=%lluK dis_ucode_ldr",
			 in->memory >> 10);
	if (*user)
		len += snprintf(line + len, KMB_CMDLINE_LEN - len, " %s", user);
	kfree(user);
	if (len >= KMB_CMDLINE_LEN) {
		kfree(line);
		adeos_fail(err, -E2BIG,
			   "cmdline: too long: %d bytes with what KMB adds, expected less than %d",
			   len, KMB_CMDLINE_LEN);
		return ERR_PTR(-E2BIG);
	}
	return line;
}

static int get_cpus(const struct kmb_load *in, u32 *cpus, struct adeos_error *err)
{
	if (!in->nr_cpus || in->nr_cpus > KMB_MAX_CPUS)
		return adeos_fail(err, -EINVAL, "%u CPUs: expected 1 to %d",
				  in->nr_cpus, KMB_MAX_CPUS);
	if (copy_from_user(cpus, u64_to_user_ptr(in->cpus), in->nr_cpus * sizeof(u32)))
		return adeos_fail(err, -EFAULT, "cpus: bad address");
	return 0;
}

static int make_request(struct kmb_request *req, struct kmb_load *in, struct adeos_error *err)
{
	struct adeos_spec *spec = &req->spec;
	char *s;
	int ret;

	if (in->flags)
		return adeos_fail(err, -EINVAL, "flags %#x are unknown", in->flags);
	if (in->restart >= ARRAY_SIZE(restart_names))
		return adeos_fail(err, -EINVAL, "restart %u is unknown", in->restart);
	in->name[KMB_NAME_LEN - 1] = '\0';
	ret = check_name(in->name, err);
	if (!ret)
		ret = get_cpus(in, req->cpus, err);
	if (ret)
		return ret;

	spec->id = in->id;
	spec->nr_cpus = in->nr_cpus;
	spec->cpus = req->cpus;
	spec->memory = in->memory;
	spec->address = in->address;
	spec->restart = restart_names[in->restart];
	req->restart = in->restart;

	spec->name = kstrdup(in->name, GFP_KERNEL);
	if (!spec->name)
		return -ENOMEM;
	s = make_cmdline(in, req->cpus, err);
	if (IS_ERR(s))
		return PTR_ERR(s);
	spec->cmdline = s;
	s = in->config ? get_string(in->config, KMB_PATH_LEN, "config", err) :
		kstrdup("", GFP_KERNEL);
	if (IS_ERR_OR_NULL(s))
		return s ? PTR_ERR(s) : -ENOMEM;
	spec->config = s;

	req->kernel = get_file_readable(in->kernel_fd, "kernel", err);
	if (IS_ERR(req->kernel)) {
		ret = PTR_ERR(req->kernel);
		req->kernel = NULL;
	} else if (in->initrd_fd != -1) {
		req->initrd = get_file_readable(in->initrd_fd, "initrd", err);
		if (IS_ERR(req->initrd)) {
			ret = PTR_ERR(req->initrd);
			req->initrd = NULL;
		}
	}
	return ret;
}

static long do_load(struct kmb_load *in, struct adeos_error *err)
{
	struct kmb_request *req = kzalloc(sizeof(*req), GFP_KERNEL);
	int ret;

	if (!req)
		return -ENOMEM;
	ret = make_request(req, in, err);
	if (!ret)
		ret = kmb_load(req, err);
	if (ret)
		kmb_request_free(req);
	return ret;
}

static long do_vnode(unsigned int cmd, const struct kmb_vnode *in, struct adeos_error *err)
{
	if (in->flags)
		return adeos_fail(err, -EINVAL, "flags %#x are unknown", in->flags);
	switch (cmd) {
	case KMB_BOOT:
		return kmb_boot(in->id, err);
	case KMB_STOP:
		return kmb_stop(in->id, err);
	default:
		return kmb_kill(in->id, err);
	}
}

static long do_log(struct kmb_log *in, struct adeos_error *err)
{
	u32 want = in->len;
	ssize_t n = 0;
	char *chunk;

	if (in->flags || in->pad)
		return adeos_fail(err, -EINVAL, "flags %#x are unknown", in->flags | in->pad);
	chunk = kmalloc(LOG_CHUNK, GFP_KERNEL);
	if (!chunk)
		return -ENOMEM;
	for (in->len = 0; in->len < want && !fatal_signal_pending(current); in->len += n) {
		n = adeos_log_read(in->id, &in->pos, chunk, min(LOG_CHUNK, want - in->len), err);
		if (n <= 0)
			break;
		if (copy_to_user(u64_to_user_ptr(in->buf + in->len), chunk, n)) {
			n = adeos_fail(err, -EFAULT, "buf: bad address");
			break;
		}
	}
	kfree(chunk);
	return min_t(ssize_t, n, 0);
}

static long do_memory(struct kmb_memory *in, struct adeos_error *err)
{
	const unsigned int max = 4096;	/* more than there can be */
	struct kmb_range __user *to = u64_to_user_ptr(in->ranges);
	struct adeos_range *map;
	unsigned int i, n;

	if (in->flags)
		return adeos_fail(err, -EINVAL, "flags %#x are unknown", in->flags);
	map = kvmalloc_array(max, sizeof(*map), GFP_KERNEL);
	if (!map)
		return -ENOMEM;
	n = adeos_memory_map(map, max);
	for (i = 0; i < min3(n, max, in->nr); i++) {
		struct kmb_range r = {
			.start = map[i].start,
			.bytes = map[i].bytes,
			.kind = (u32)map[i].kind,
			.id = map[i].id,
		};

		if (copy_to_user(to + i, &r, sizeof(r))) {
			kvfree(map);
			return adeos_fail(err, -EFAULT, "ranges: bad address");
		}
	}
	kvfree(map);
	in->nr = n;
	return 0;
}

static void put_error(u64 to, u32 len, struct adeos_error *err)
{
	if (!len)
		return;
	len = min_t(u32, len, sizeof(err->text));
	err->text[len - 1] = '\0';
	/* Nobody is left who could be told that this failed. */
	if (copy_to_user(u64_to_user_ptr(to), err->text, strlen(err->text) + 1))
		return;
}

union kmb_arg {
	struct kmb_load load;
	struct kmb_vnode vnode;
	struct kmb_log log;
	struct kmb_memory memory;
};

/* Copies the fields that a call has changed back to user space. */
static long put_arg(unsigned int cmd, union kmb_arg *arg, void __user *to)
{
	size_t len = min_t(size_t, arg->vnode.size, _IOC_SIZE(cmd));

	if (cmd != KMB_LOG && cmd != KMB_MEMORY)
		return 0;
	return copy_to_user(to, arg, len) ? -EFAULT : 0;
}

static long kmb_ioctl(struct file *file, unsigned int cmd, unsigned long ptr)
{
	void __user *user = (void __user *)ptr;
	struct adeos_error err = { };
	union kmb_arg arg = { };
	long ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (cmd) {
	case KMB_LOAD:
	case KMB_BOOT:
	case KMB_STOP:
	case KMB_KILL:
	case KMB_LOG:
	case KMB_MEMORY:
		break;
	default:
		return -ENOTTY;
	}
	/* If lockdown forbids kexec, it also forbids booting a kernel next to this one. */
	if (cmd == KMB_LOAD || cmd == KMB_BOOT) {
		ret = security_locked_down(LOCKDOWN_KEXEC);
		if (ret)
			return ret;
	}
	ret = get_struct(&arg, _IOC_SIZE(cmd), user);
	if (ret)
		return ret;

	switch (cmd) {
	case KMB_LOAD:
		ret = do_load(&arg.load, &err);
		break;
	case KMB_LOG:
		ret = do_log(&arg.log, &err);
		break;
	case KMB_MEMORY:
		ret = do_memory(&arg.memory, &err);
		break;
	default:
		ret = do_vnode(cmd, &arg.vnode, &err);
	}
	if (!ret)
		ret = put_arg(cmd, &arg, user);
	if (ret && !err.text[0])
		adeos_fail(&err, ret, ret == -ENOMEM ? "the root is out of memory" :
			   "error %ld", ret);

	switch (cmd) {
	case KMB_LOAD:
		put_error(arg.load.error, arg.load.error_len, &err);
		break;
	case KMB_LOG:
		put_error(arg.log.error, arg.log.error_len, &err);
		break;
	case KMB_MEMORY:
		put_error(arg.memory.error, arg.memory.error_len, &err);
		break;
	default:
		put_error(arg.vnode.error, arg.vnode.error_len, &err);
	}
	return ret;
}

static int kmb_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static const struct file_operations kmb_fops = {
	.owner = THIS_MODULE,
	.open = kmb_open,
	.unlocked_ioctl = kmb_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice kmb_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kmb",
	.fops = &kmb_fops,
	.mode = 0600,
};

static int __init kmb_init(void)
{
	int ret;

	if (!adeos_is_root()) {
		pr_err("kmb: this kernel is not the root vnode: boot it with vnode=0\n");
		return -ENODEV;
	}
	kmb_load_init();
	ret = misc_register(&kmb_device);
	if (ret)
		kmb_load_exit();
	return ret;
}
module_init(kmb_init);

static void __exit kmb_exit(void)
{
	misc_deregister(&kmb_device);
	kmb_load_exit();
}
module_exit(kmb_exit);

MODULE_DESCRIPTION("Kernel-mode bootloader: starts further Linux kernels on the same machine");
MODULE_LICENSE("GPL");
