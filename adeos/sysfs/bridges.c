// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/adeos/bridges, in the root: a folder for each bridge, named by its
 * number; docs/sysfs.md describes it.
 *
 * Folders come and go in a work item of their own: a folder that is removed
 * waits for its readers, who take adeos_lock.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "core.h"
#include "dsp/drive.h"
#include "proto/dsp.h"

/**
 * struct shown - a folder
 * @kobj: the folder
 * @index: number of the bridge
 * @born: the generation that it had when it was made, by which to know it
 */
struct shown {
	struct kobject kobj;
	u32 index;
	u32 born;
};

static struct kobject *bridges_kobj;
static struct shown *shown[COMMONS_BRIDGES];	/* used by the work item only */

/* Its entry; NULL if the bridge that was shown is no more.  adeos_lock is held. */
static const struct dsp_bridge_entry *entry_of(const struct shown *s)
{
	const struct dsp_bridge_entry *e = &adeos_node()->root->entry[s->index];

	return BRIDGE_STATE(e->tag) != BRIDGE_FREE && e->born == s->born ? e : NULL;
}

static ssize_t show_vnode(char *buf, u32 id, const char *nobody)
{
	return id == COMMONS_NOBODY ? sysfs_emit(buf, "%s\n", nobody) : sysfs_emit(buf, "%u\n", id);
}

static ssize_t show_vnodes(char *buf, u64 mask)
{
	DECLARE_BITMAP(map, COMMONS_NODES);

	bitmap_from_u64(map, mask);
	return sysfs_emit(buf, "%*pbl\n", COMMONS_NODES, map);
}

static ssize_t name_show(const struct dsp_bridge_entry *e, char *buf)
{
	return sysfs_emit(buf, "%s\n", e->pub.name);
}

static ssize_t scope_show(const struct dsp_bridge_entry *e, char *buf)
{
	return show_vnode(buf, e->pub.scope, "global");
}

static ssize_t owner_show(const struct dsp_bridge_entry *e, char *buf)
{
	return show_vnode(buf, e->pub.owner, "none");
}

static ssize_t state_show(const struct dsp_bridge_entry *e, char *buf)
{
	static const char * const names[] = {
		[BRIDGE_LIVE] = "live", [BRIDGE_FREEZING] = "freezing",
		[BRIDGE_MOVING] = "moving", [BRIDGE_DYING] = "dying",
		[BRIDGE_CLEARING] = "clearing",
	};

	return sysfs_emit(buf, "%s\n", names[BRIDGE_STATE(e->tag)]);
}

static ssize_t kind_show(const struct dsp_bridge_entry *e, char *buf)
{
	static const char * const names[] = {
		[BRIDGE_PINNED] = "pinned", [BRIDGE_MOVABLE] = "movable",
		[BRIDGE_TRANSIENT] = "transient",
	};

	return sysfs_emit(buf, "%s\n", names[e->pub.flags & BRIDGE_KIND]);
}

static ssize_t access_show(const struct dsp_bridge_entry *e, char *buf)
{
	return sysfs_emit(buf, "%s\n", e->pub.flags & BRIDGE_READ_ONLY ? "read" : "write");
}

static ssize_t address_show(const struct dsp_bridge_entry *e, char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", (u64)e->pub.pfn << PAGE_SHIFT);
}

static ssize_t size_show(const struct dsp_bridge_entry *e, char *buf)
{
	return sysfs_emit(buf, "%llu\n", (u64)e->pub.pages << PAGE_SHIFT);
}

static ssize_t moves_show(const struct dsp_bridge_entry *e, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  (BRIDGE_GENERATION(e->tag) - e->born) & BRIDGE_GENERATION_MASK);
}

static ssize_t allowed_show(const struct dsp_bridge_entry *e, char *buf)
{
	return show_vnodes(buf, commons_mask(e->pub.allowed));
}

static ssize_t users_show(const struct dsp_bridge_entry *e, char *buf)
{
	const struct dsp_root *root = adeos_node()->root;

	return show_vnodes(buf, commons_mask(adeos_commons()->bridge[e - root->entry].users) &
			   root->member.mask);
}

struct bridge_attribute {
	struct attribute attr;
	ssize_t (*show)(const struct dsp_bridge_entry *e, char *buf);
};

#define BRIDGE_ATTR(name) \
	static struct bridge_attribute name##_attr = __ATTR_RO(name)

BRIDGE_ATTR(name);
BRIDGE_ATTR(scope);
BRIDGE_ATTR(owner);
BRIDGE_ATTR(state);
BRIDGE_ATTR(kind);
BRIDGE_ATTR(access);
BRIDGE_ATTR(address);
BRIDGE_ATTR(size);
BRIDGE_ATTR(moves);
BRIDGE_ATTR(allowed);
BRIDGE_ATTR(users);

static struct attribute *bridge_attrs[] = {
	&name_attr.attr,
	&scope_attr.attr,
	&owner_attr.attr,
	&state_attr.attr,
	&kind_attr.attr,
	&access_attr.attr,
	&address_attr.attr,
	&size_attr.attr,
	&moves_attr.attr,
	&allowed_attr.attr,
	&users_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(bridge);

static ssize_t bridge_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct bridge_attribute *a = container_of(attr, struct bridge_attribute, attr);
	const struct dsp_bridge_entry *e;
	ssize_t ret;

	mutex_lock(&adeos_lock);
	e = entry_of(container_of(kobj, struct shown, kobj));
	ret = e ? a->show(e, buf) : -ENODEV;
	mutex_unlock(&adeos_lock);
	return ret;
}

static const struct sysfs_ops bridge_ops = {
	.show = bridge_show,
};

static void shown_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct shown, kobj));
}

static const struct kobj_type bridge_type = {
	.sysfs_ops = &bridge_ops,
	.release = shown_release,
	.default_groups = bridge_groups,
};

static struct shown *show_bridge(u32 index, u32 born)
{
	struct shown *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	s->index = index;
	s->born = born;
	if (!kobject_init_and_add(&s->kobj, &bridge_type, bridges_kobj, "%u", index))
		return s;
	pr_warn("adeos: bridge %u cannot be shown in sysfs\n", index);
	kobject_put(&s->kobj);
	return NULL;
}

static void bridges_update(struct work_struct *work)
{
	const struct dsp_bridge_entry *e;
	u32 i, born;
	bool there;

	for (i = 0; i < COMMONS_BRIDGES; i++) {
		mutex_lock(&adeos_lock);
		e = &adeos_node()->root->entry[i];
		there = BRIDGE_STATE(e->tag) != BRIDGE_FREE;
		born = e->born;
		mutex_unlock(&adeos_lock);
		if (shown[i] && (!there || shown[i]->born != born)) {
			kobject_del(&shown[i]->kobj);
			kobject_put(&shown[i]->kobj);
			shown[i] = NULL;
		}
		if (there && !shown[i])
			shown[i] = show_bridge(i, born);
	}
}

static DECLARE_WORK(update_work, bridges_update);

/**
 * adeos_bridges_changed() - bridges were made or freed: show what there is now
 *
 * Context: the root, any.
 */
void adeos_bridges_changed(void)
{
	if (bridges_kobj && adeos_commons())
		queue_work(system_unbound_wq, &update_work);
}

static int __init bridge_sysfs_init(void)
{
	if (!adeos_is_root())
		return 0;
	bridges_kobj = kobject_create_and_add("bridges", adeos_kobj);
	if (!bridges_kobj)
		return -ENOMEM;
	adeos_bridges_changed();
	return 0;
}
fs_initcall(bridge_sysfs_init);
