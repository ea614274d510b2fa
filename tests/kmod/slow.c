// SPDX-License-Identifier: GPL-2.0
/*
 * A file system with one file, "image", which says what another file says, but takes as
 * long for it as the test likes: while the parameter "hold" is set, readers wait.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/module.h>
#include <linux/uio.h>
#include <linux/wait.h>

#define SLOW_MAGIC	0x736c6f77

static char *file = "/boot/vmlinuz";
module_param(file, charp, 0444);
MODULE_PARM_DESC(file, "whose contents the image has");

static atomic_t waiting;
module_param_named(waiting, waiting.counter, int, 0444);
MODULE_PARM_DESC(waiting, "how many readers wait");

static DECLARE_WAIT_QUEUE_HEAD(go_on);
static bool hold;

static int set_hold(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_bool(val, kp);

	wake_up_all(&go_on);
	return ret;
}

static const struct kernel_param_ops hold_ops = {
	.set = set_hold,
	.get = param_get_bool,
};

module_param_cb(hold, &hold_ops, &hold, 0644);
MODULE_PARM_DESC(hold, "readers are to wait");

static struct file *source;

static int slow_open(struct inode *inode, struct file *filp)
{
	i_size_write(inode, i_size_read(file_inode(source)));
	return 0;
}

static ssize_t slow_read(struct kiocb *iocb, struct iov_iter *to)
{
	atomic_inc(&waiting);
	wait_event_idle(go_on, !READ_ONCE(hold));
	atomic_dec(&waiting);
	return vfs_iter_read(source, to, &iocb->ki_pos, 0);
}

static const struct file_operations slow_fops = {
	.owner = THIS_MODULE,
	.open = slow_open,
	.read_iter = slow_read,
	.llseek = generic_file_llseek,
};

static int slow_fill(struct super_block *sb, struct fs_context *fc)
{
	static const struct tree_descr files[] = {
		[2] = { "image", &slow_fops, 0444 },	/* inode 1 is the folder's */
		{ "" }
	};

	return simple_fill_super(sb, SLOW_MAGIC, files);
}

static int slow_get_tree(struct fs_context *fc)
{
	return get_tree_single(fc, slow_fill);
}

static const struct fs_context_operations slow_context_ops = {
	.get_tree = slow_get_tree,
};

static int slow_init_context(struct fs_context *fc)
{
	fc->ops = &slow_context_ops;
	return 0;
}

static struct file_system_type slow_type = {
	.owner = THIS_MODULE,
	.name = "slow",
	.init_fs_context = slow_init_context,
	.kill_sb = kill_litter_super,
};

static int __init slow_init(void)
{
	int ret;

	source = filp_open(file, O_RDONLY, 0);
	if (IS_ERR(source))
		return PTR_ERR(source);
	ret = register_filesystem(&slow_type);
	if (ret)
		fput(source);
	return ret;
}
module_init(slow_init);

static void __exit slow_exit(void)
{
	unregister_filesystem(&slow_type);
	fput(source);
}
module_exit(slow_exit);

MODULE_DESCRIPTION("A file that takes as long as one likes to be read");
MODULE_LICENSE("GPL");
