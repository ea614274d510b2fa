/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The values that configuration files, sysfs and the command line are made of:
 * numbers, sizes, lists of CPUs, PCI addresses.
 */
#ifndef _VALUES_H
#define _VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "kmb.h"

#define CPU_LIST_TEXT	(KMB_MAX_CPUS * 11 + 1)
#define SIZE_TEXT	24

/**
 * struct cpu_list - CPUs in the order in which they were named
 * @nr: how many
 * @id: their APIC IDs
 */
struct cpu_list {
	__u32 nr;
	__u32 id[KMB_MAX_CPUS];
};

bool parse_number(const char *text, __u64 max, __u64 *value);
bool parse_size(const char *text, __u64 *value);
const char *parse_cpu_list(const char *text, struct cpu_list *cpus);
bool parse_vnode_set(const char *text, __u64 *set);
bool parse_pci_address(const char *text);
bool all_digits(const char *text);
bool name_is_valid(const char *name);
void format_cpu_list(const struct cpu_list *cpus, char text[CPU_LIST_TEXT]);
void format_size(__u64 bytes, char text[SIZE_TEXT]);

#endif /* _VALUES_H */
