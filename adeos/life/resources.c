// SPDX-License-Identifier: GPL-2.0
/*
 * What a vnode can own, one kind after the other; vnode.h says what is done with a kind.
 * A new kind is a new entry of the table at the end.  This runs in the root only.
 */
#include <linux/build_bug.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "arch.h"
#include "core.h"
#include "dsp/drive.h"
#include "mem/pool.h"
#include "vnode.h"

static_assert(ADEOS_MAX_CPUS <= COMMONS_CPUS);

/* CPUs, and how they are interrupted */

static int cpus_take(struct adeos_vnode *vn, const struct adeos_spec *spec,
		     struct adeos_error *err)
{
	int ret;

	ret = adeos_pool_take_cpus(spec->id, spec->cpus, spec->nr_cpus, err);
	if (ret)
		return ret;
	ret = adeos_arch_take_dests(spec->cpus, vn->dests, spec->nr_cpus, err);
	if (ret) {
		adeos_pool_give_cpus(spec->cpus, spec->nr_cpus);
		return ret;
	}
	vn->nr_cpus = spec->nr_cpus;
	memcpy(vn->cpus, spec->cpus, spec->nr_cpus * sizeof(u32));
	return 0;
}

static void cpus_tell(struct adeos_vnode *vn)
{
	struct adeos_page *page = &vn->slot->page;
	unsigned int i;

	page->nr_cpus = vn->nr_cpus;
	for (i = 0; i < vn->nr_cpus; i++) {
		page->cpus[i] = vn->cpus[i];
		page->slots[i] = adeos_pool_cpu_slot(vn->cpus[i]);
		page->dests[i] = vn->dests[i];
		adeos_node_set_cpu(page->slots[i], vn->cpus[i], vn->dests[i], vn->id);
	}
}

/* They stand still: locks that they hold, and banks that they have claimed, are nobody's. */
static void cpus_quiesce(struct adeos_vnode *vn)
{
	u32 slots[ADEOS_LOCK_WORDS] = { };
	unsigned int i, slot;

	for (i = 0; i < vn->nr_cpus; i++) {
		slot = adeos_pool_cpu_slot(vn->cpus[i]);
		slots[slot / 32] |= 1u << slot % 32;
	}
	adeos_shared_recover(slots);
	adeos_arch_vnode_died(&vn->slot->page, vn->cpus, vn->nr_cpus);
}

static void cpus_give(struct adeos_vnode *vn)
{
	unsigned int i;

	for (i = 0; i < vn->nr_cpus; i++)
		adeos_node_set_cpu(adeos_pool_cpu_slot(vn->cpus[i]), vn->cpus[i], vn->dests[i],
				   COMMONS_NOBODY);
	adeos_arch_give_dests(vn->dests, vn->nr_cpus);
	adeos_pool_give_cpus(vn->cpus, vn->nr_cpus);
	vn->nr_cpus = 0;
}

/* Memory: the first extent is the one it boots from */

static int memory_take(struct adeos_vnode *vn, const struct adeos_spec *spec,
		       struct adeos_error *err)
{
	int ret;

	ret = adeos_pool_take_memory(spec->memory, spec->address, &vn->extent[0].start, err);
	if (!ret)
		vn->extent[0].size = spec->memory;
	return ret;
}

static void memory_tell(struct adeos_vnode *vn)
{
	unsigned int i;

	memcpy(vn->slot->page.extent, vn->extent, sizeof(vn->extent));
	for (i = 0; i < ADEOS_EXTENTS; i++)
		adeos_node_set_extent(vn->id, i, vn->extent[i].start, vn->extent[i].size);
}

static void memory_give(struct adeos_vnode *vn)
{
	struct adeos_extent *e;

	for (e = vn->extent; e < vn->extent + ADEOS_EXTENTS; e++) {
		if (!e->size)
			continue;
		adeos_node_set_extent(vn->id, e - vn->extent, 0, 0);
		adeos_pool_give_memory(e->start, e->size);
		*e = (struct adeos_extent){ };
	}
}

/* A page below 1 MiB, from which its CPUs start; adeos_arch_fill_page() tells of it */

static int low_page_take(struct adeos_vnode *vn, const struct adeos_spec *spec,
			 struct adeos_error *err)
{
	int page = adeos_pool_take_low_page(err);

	if (page < 0)
		return page;
	vn->low_page = page;
	return 0;
}

static void low_page_give(struct adeos_vnode *vn)
{
	adeos_pool_give_low_page(vn->low_page);
}

static const struct adeos_resource resources[] = {
	{ "CPUs", cpus_take, cpus_tell, cpus_quiesce, cpus_give },
	{ "memory", memory_take, memory_tell, NULL, memory_give },
	{ "low page", low_page_take, NULL, NULL, low_page_give },
};

static void give_first(struct adeos_vnode *vn, unsigned int nr)
{
	while (nr--)
		resources[nr].give(vn);
}

/**
 * adeos_resources_take() - take all that a vnode is to have
 * @vn: the vnode, which has nothing
 * @spec: what it is to have
 * @err: what was wrong
 *
 * Context: process, adeos_lock held.
 * Return: 0 or negative errno, and then it has nothing.
 */
int adeos_resources_take(struct adeos_vnode *vn, const struct adeos_spec *spec,
			 struct adeos_error *err)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(resources); i++) {
		ret = resources[i].take(vn, spec, err);
		if (!ret)
			continue;
		pr_debug("adeos: vnode %u: no %s: %d\n", spec->id, resources[i].name, ret);
		give_first(vn, i);
		return ret;
	}
	return 0;
}

/**
 * adeos_resources_tell() - tell a vnode, by its page, and all others, by the commons, what it has
 * @vn: the vnode, which has not booted yet
 *
 * Context: process, adeos_lock held.
 */
void adeos_resources_tell(struct adeos_vnode *vn)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(resources); i++)
		if (resources[i].tell)
			resources[i].tell(vn);
}

/**
 * adeos_resources_quiesce() - bring what a vnode has to rest
 * @vn: the vnode; its CPUs stand still
 *
 * Context: process, adeos_lock held.
 */
void adeos_resources_quiesce(struct adeos_vnode *vn)
{
	unsigned int i;

	for (i = ARRAY_SIZE(resources); i--;)
		if (resources[i].quiesce)
			resources[i].quiesce(vn);
}

/**
 * adeos_resources_give() - give what a vnode has to the pools
 * @vn: the vnode; nobody uses any of it
 *
 * Context: process, adeos_lock held.
 */
void adeos_resources_give(struct adeos_vnode *vn)
{
	give_first(vn, ARRAY_SIZE(resources));
}
