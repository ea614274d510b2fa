// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers, sizes, lists of CPUs and PCI addresses, from text and back.
 *
 * All of these parse a whole string: text after the value is an error, and so are a sign,
 * an empty string, and a number that does not fit.
 */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "values.h"

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Reads a decimal or 0x number; returns what follows, NULL if there is none. */
static const char *scan_number(const char *text, __u64 *value)
{
	const char *start;
	int base = 10;
	__u64 v = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	for (start = text; digit_value(*text) < base; text++)
		if (__builtin_mul_overflow(v, (__u64)base, &v) ||
		    __builtin_add_overflow(v, (__u64)digit_value(*text), &v))
			return NULL;
	*value = v;
	return text == start ? NULL : text;
}

/**
 * parse_number - read a decimal or hexadecimal (0x) number
 * @text: what to read
 * @max: the largest one allowed
 * @value: where to store it
 *
 * Return: true if @text is such a number.
 */
bool parse_number(const char *text, __u64 max, __u64 *value)
{
	const char *end = scan_number(text, value);

	return end && !*end && *value <= max;
}

/**
 * parse_size - read a number of bytes
 * @text: a number, which K, M, G or T (powers of 1024) may follow
 * @value: where to store it, bytes
 *
 * Return: true if @text is a size of less than 2^64.
 */
bool parse_size(const char *text, __u64 *value)
{
	static const char units[] = "KMGT";
	const char *end = scan_number(text, value);
	const char *unit;
	int shift;

	if (!end)
		return false;
	if (!*end)
		return true;
	unit = strchr(units, toupper((unsigned char)*end));
	if (!unit || end[1])
		return false;
	shift = 10 * (unit - units + 1);
	if (*value > ~0ULL >> shift)
		return false;
	*value <<= shift;
	return true;
}

static const char *skip_blanks(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

static const char *add_cpus(struct cpu_list *cpus, __u64 first, __u64 last)
{
	__u64 id;
	__u32 i;

	if (last < first)
		return "ranges with the lower APIC ID first";
	if (last - first >= KMB_MAX_CPUS - cpus->nr)
		return "at most 255 CPUs";
	for (id = first; id <= last; id++) {
		for (i = 0; i < cpus->nr; i++)
			if (cpus->id[i] == id)
				return "each CPU only once";
		cpus->id[cpus->nr++] = id;
	}
	return NULL;
}

/**
 * parse_cpu_list - read a list of APIC IDs
 * @text: such as "1-3,5"; blanks may stand around the commas
 * @cpus: where to store it; the order is kept
 *
 * Return: NULL, or what was expected instead.
 */
const char *parse_cpu_list(const char *text, struct cpu_list *cpus)
{
	static const char expected[] = "APIC IDs like 1-3,5";
	const char *problem;
	__u64 first, last;

	static_assert(KMB_MAX_CPUS == 255, "the number is part of a text");
	cpus->nr = 0;
	for (;;) {
		text = scan_number(skip_blanks(text), &first);
		if (!text)
			return expected;
		last = first;
		if (*text == '-')
			text = scan_number(text + 1, &last);
		if (!text || first > 0xffffffff || last > 0xffffffff)
			return expected;
		problem = add_cpus(cpus, first, last);
		if (problem)
			return problem;
		text = skip_blanks(text);
		if (!*text)
			return NULL;
		if (*text++ != ',')
			return expected;
	}
}

/**
 * parse_vnode_set - read a list of vnode IDs, as sysfs writes sets of them
 * @text: such as "0-2,5", or empty
 * @set: where to store it, bit N for vnode N
 *
 * Return: true if @text is such a list.
 */
bool parse_vnode_set(const char *text, __u64 *set)
{
	__u64 first, last;

	static_assert(KMB_MAX_VNODES <= 64, "a vnode's ID is a bit's number");
	*set = 0;
	if (!*text)
		return true;
	for (;; text++) {
		text = scan_number(text, &first);
		last = first;
		if (text && *text == '-')
			text = scan_number(text + 1, &last);
		if (!text || last < first || last >= KMB_MAX_VNODES)
			return false;
		for (; first <= last; first++)
			*set |= 1ULL << first;
		if (*text != ',')
			return !*text;
	}
}

/**
 * parse_pci_address - check the address of a PCI function
 * @text: what to check
 *
 * Return: true if @text is a domain, bus, device and function such as
 * 0000:00:04.0.
 */
bool parse_pci_address(const char *text)
{
	static const char shape[] = "xxxx:xx:xx.f";
	size_t i;

	if (strlen(text) != strlen(shape))
		return false;
	for (i = 0; shape[i]; i++) {
		if (shape[i] == 'x' ? digit_value(text[i]) > 15 :
		    shape[i] == 'f' ? text[i] < '0' || text[i] > '7' :
		    text[i] != shape[i])
			return false;
	}
	return text[8] == '0' || text[8] == '1';
}

/**
 * all_digits - tell an ID from a name
 * @text: what the user wrote
 *
 * Return: true if @text consists of decimal digits, at least one.
 */
bool all_digits(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/**
 * name_is_valid - check a vnode's name
 * @name: what to check
 *
 * Return: true if @name has 1 to KMB_NAME_LEN - 1 letters, digits, '-', '_'
 * and '.', and nothing else.
 */
bool name_is_valid(const char *name)
{
	size_t len;

	for (len = 0; name[len]; len++)
		if (!isalnum((unsigned char)name[len]) && !strchr("-_.", name[len]))
			return false;
	return len && len < KMB_NAME_LEN;
}

/**
 * format_cpu_list - write a list of APIC IDs
 * @cpus: the list
 * @text: where to store it, such as "1-3,5"
 *
 * Only neighbours in the list that follow each other become a range, so that
 * the first CPU stays the first.
 */
void format_cpu_list(const struct cpu_list *cpus, char text[CPU_LIST_TEXT])
{
	size_t len = 0;
	__u32 i, j;

	text[0] = '\0';
	for (i = 0; i < cpus->nr; i = j) {
		for (j = i + 1; j < cpus->nr && cpus->id[j] == cpus->id[j - 1] + 1;)
			j++;
		len += snprintf(text + len, CPU_LIST_TEXT - len, "%s%u", i ? "," : "",
				cpus->id[i]);
		if (j - i > 1)
			len += snprintf(text + len, CPU_LIST_TEXT - len, "%c%u",
					j - i > 2 ? '-' : ',', cpus->id[j - 1]);
	}
}

/**
 * format_size - write a number of bytes
 * @bytes: the number
 * @text: where to store it, exact, in the largest unit that divides it
 */
void format_size(__u64 bytes, char text[SIZE_TEXT])
{
	static const char units[] = "KMGT";
	int unit = -1;

	while (bytes && bytes % 1024 == 0 && unit < 3) {
		bytes /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text, SIZE_TEXT, "%llu", bytes);
	else
		snprintf(text, SIZE_TEXT, "%llu%c", bytes, units[unit]);
}
