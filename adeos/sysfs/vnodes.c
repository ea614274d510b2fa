// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/adeos; docs/sysfs.md describes it.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "arch.h"
#include "core.h"
#include "dsp/drive.h"
#include "dsp/room.h"
#include "life/vnode.h"
#include "mem/pool.h"
#include "proto/counters.h"
#include "proto/dsp.h"

static struct kobject *memory_kobj, *vnodes_kobj;

static struct adeos_vnode *to_vnode(struct kobject *kobj)
{
	return container_of(kobj, struct adeos_vnode, kobj);
}

static ssize_t name_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_vnode(kobj)->name);
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", adeos_state_name(to_vnode(kobj)->state));
}

static ssize_t cpus_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct adeos_vnode *vn = to_vnode(kobj);
	unsigned int i;
	int len = 0;

	if (!vn->id)
		return adeos_pool_print_cpus(buf, 0);
	for (i = 0; i < vn->nr_cpus; i++)
		len += sysfs_emit_at(buf, len, "%s%u", i ? "," : "", vn->cpus[i]);
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t memory_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct adeos_vnode *vn = to_vnode(kobj);

	return sysfs_emit(buf, "%llu\n",
			  vn->id ? adeos_extents_size(vn->extent) : adeos_root_size());
}

static ssize_t address_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", to_vnode(kobj)->extent[0].start);
}

static ssize_t heartbeat_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct adeos_vnode *vn = to_vnode(kobj);

	return sysfs_emit(buf, "%u\n", vn->slot ? READ_ONCE(vn->slot->page.heartbeat) :
			  (u32)(jiffies / HZ));
}

static ssize_t cmdline_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_vnode(kobj)->cmdline);
}

static ssize_t config_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_vnode(kobj)->config);
}

static ssize_t restart_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_vnode(kobj)->restart);
}

static ssize_t restarting_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_vnode(kobj)->restarting));
}

/* The root's own are collected now, others' were when they last did. */
static ssize_t show_counters(struct kobject *kobj, char *buf, size_t offset, unsigned int nr)
{
	struct adeos_vnode *vn = to_vnode(kobj);
	struct adeos_counters *own = NULL;
	const u32 *value;
	int len = 0;

	if (vn->id) {
		value = (u32 *)((u8 *)&vn->slot->counters + offset);
	} else {
		own = kmalloc(sizeof(*own), GFP_KERNEL);
		if (!own)
			return -ENOMEM;
		adeos_counters_collect(own);
		value = (u32 *)((u8 *)own + offset);
	}
	for (; nr; nr--, value++)
		len += sysfs_emit_at(buf, len, nr > 1 ? "%u " : "%u\n", READ_ONCE(*value));
	kfree(own);
	return len;
}

#define VNODE_COUNTERS(name, field)								\
static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)	\
{												\
	return show_counters(kobj, buf, offsetof(struct adeos_counters, field),			\
			     sizeof_field(struct adeos_counters, field) / sizeof(u32));		\
}												\
static struct kobj_attribute name##_attr = __ATTR_RO(name)

VNODE_COUNTERS(interrupts, received);
VNODE_COUNTERS(interrupts_logged, logged);
VNODE_COUNTERS(portals_rung, rung);
VNODE_COUNTERS(portals_coalesced, coalesced);
VNODE_COUNTERS(portals_handled, handled);
VNODE_COUNTERS(messages_sent, dsp.sent);
VNODE_COUNTERS(messages_received, dsp.received);
VNODE_COUNTERS(messages_bad, dsp.bad_message);
VNODE_COUNTERS(senders_bad, dsp.bad_sender);
VNODE_COUNTERS(positions_bad, dsp.bad_ring);
VNODE_COUNTERS(views_bad, dsp.bad_view);
VNODE_COUNTERS(bridges_bad, dsp.bad_bridge);
VNODE_COUNTERS(users_bad, dsp.stray_user);
VNODE_COUNTERS(destinations_bad, bad_destination);
VNODE_COUNTERS(repairs, dsp.scrubbed);
VNODE_COUNTERS(bridges_frozen, freezes);
VNODE_COUNTERS(bridges_frozen_us, frozen_us);
VNODE_COUNTERS(bridges_frozen_us_max, frozen_us_max);
VNODE_COUNTERS(lock_timeouts, lock_timeouts);

static struct kobj_attribute name_attr = __ATTR_RO(name);
static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute cpus_attr = __ATTR_RO(cpus);
static struct kobj_attribute memory_attr = __ATTR_RO(memory);
static struct kobj_attribute address_attr = __ATTR_RO(address);
static struct kobj_attribute heartbeat_attr = __ATTR_RO(heartbeat);
static struct kobj_attribute cmdline_attr = __ATTR_RO(cmdline);
static struct kobj_attribute config_attr = __ATTR_RO(config);
static struct kobj_attribute restart_attr = __ATTR_RO(restart);
static struct kobj_attribute restarting_attr = __ATTR_RO(restarting);

static struct attribute *vnode_attrs[] = {
	&name_attr.attr,
	&state_attr.attr,
	&cpus_attr.attr,
	&memory_attr.attr,
	&address_attr.attr,
	&heartbeat_attr.attr,
	&cmdline_attr.attr,
	&config_attr.attr,
	&restart_attr.attr,
	&restarting_attr.attr,
	&interrupts_attr.attr,
	&interrupts_logged_attr.attr,
	&portals_rung_attr.attr,
	&portals_coalesced_attr.attr,
	&portals_handled_attr.attr,
	&messages_sent_attr.attr,
	&messages_received_attr.attr,
	&messages_bad_attr.attr,
	&senders_bad_attr.attr,
	&positions_bad_attr.attr,
	&views_bad_attr.attr,
	&bridges_bad_attr.attr,
	&users_bad_attr.attr,
	&destinations_bad_attr.attr,
	&repairs_attr.attr,
	&bridges_frozen_attr.attr,
	&bridges_frozen_us_attr.attr,
	&bridges_frozen_us_max_attr.attr,
	&lock_timeouts_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(vnode);

/* Everything above is shown as it is at one time. */
static ssize_t vnode_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct kobj_attribute *a = container_of(attr, struct kobj_attribute, attr);
	ssize_t ret;

	mutex_lock(&adeos_lock);
	ret = a->show(kobj, a, buf);
	mutex_unlock(&adeos_lock);
	return ret;
}

static const struct sysfs_ops vnode_ops = {
	.show = vnode_show,
};

static void vnode_release(struct kobject *kobj)
{
	/* A vnode is never freed, even if it could not be added here. */
}

static const struct kobj_type vnode_type = {
	.sysfs_ops = &vnode_ops,
	.release = vnode_release,
	.default_groups = vnode_groups,
};

/**
 * adeos_sysfs_add() - show a vnode in sysfs
 * @vn: the vnode
 *
 * Context: process, may sleep.
 * Return: 0 or negative errno.
 */
int adeos_sysfs_add(struct adeos_vnode *vn)
{
	int ret = kobject_init_and_add(&vn->kobj, &vnode_type, vnodes_kobj, "%u", vn->id);

	if (ret)
		kobject_put(&vn->kobj);
	return ret;
}

static ssize_t vnode_id_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", adeos_own_id());
}

static ssize_t cpus_free_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	ssize_t ret;

	mutex_lock(&adeos_lock);
	ret = adeos_pool_print_cpus(buf, ADEOS_CPU_FREE);
	mutex_unlock(&adeos_lock);
	return ret;
}

static ssize_t bytes_show(char *buf, u64 (*count)(void))
{
	u64 bytes;

	mutex_lock(&adeos_lock);
	bytes = count();
	mutex_unlock(&adeos_lock);
	return sysfs_emit(buf, "%llu\n", bytes);
}

static ssize_t total_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return bytes_show(buf, adeos_pool_total);
}

static ssize_t free_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return bytes_show(buf, adeos_pool_free);
}

static ssize_t largest_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return bytes_show(buf, adeos_pool_largest);
}

static ssize_t moves_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(adeos_node()->count.moves));
}

static ssize_t moves_refused_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(adeos_node()->count.freeze_timeouts));
}

static ssize_t moved_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return bytes_show(buf, adeos_room_moved);
}

static struct kobj_attribute vnode_id_attr = __ATTR(vnode, 0444, vnode_id_show, NULL);
static struct kobj_attribute cpus_free_attr = __ATTR_RO(cpus_free);
static struct kobj_attribute total_attr = __ATTR_RO(total);
static struct kobj_attribute free_attr = __ATTR_RO(free);
static struct kobj_attribute largest_attr = __ATTR_RO(largest);
static struct kobj_attribute moves_attr = __ATTR_RO(moves);
static struct kobj_attribute moves_refused_attr = __ATTR_RO(moves_refused);
static struct kobj_attribute moved_attr = __ATTR_RO(moved);

static struct attribute *memory_attrs[] = {
	&total_attr.attr,
	&free_attr.attr,
	&largest_attr.attr,
	&moves_attr.attr,
	&moves_refused_attr.attr,
	&moved_attr.attr,
	NULL,
};

static const struct attribute_group memory_group = {
	.attrs = memory_attrs,
};

/* Before the pools open, which shows the root. */
static int __init adeos_sysfs_setup(void)
{
	int ret;

	if (!adeos_is_root() && !adeos_is_vnode())
		return 0;
	ret = sysfs_create_file(adeos_kobj, &vnode_id_attr.attr);
	if (ret || !adeos_is_root())
		return ret;

	memory_kobj = kobject_create_and_add("memory", adeos_kobj);
	vnodes_kobj = kobject_create_and_add("vnodes", adeos_kobj);
	if (!memory_kobj || !vnodes_kobj)
		return -ENOMEM;
	ret = sysfs_create_file(adeos_kobj, &cpus_free_attr.attr);
	return ret ?: sysfs_create_group(memory_kobj, &memory_group);
}
postcore_initcall(adeos_sysfs_setup);
