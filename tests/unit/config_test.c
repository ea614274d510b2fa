// SPDX-License-Identifier: GPL-2.0
/*
 * Configurations, good and wrong, and the parser's results.  Emits
 * TAP.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define PATH	"/etc/vnode/web.conf"
#define REST	"cpus = 1\nmemory = 64M\nkernel = /k\n"
#define BASE	"[vnode]\nid = 1\n" REST
#define CPUS(value)	"[vnode]\ncpus = " value "\nid = 1\nmemory = 64M\nkernel = /k\n"
#define MEMORY(value)	"[vnode]\nmemory = " value "\nid = 1\ncpus = 1\nkernel = /k\n"
#define ID(value)	"[vnode]\nid = " value "\n" REST

static int tests, failures;

/**
 * struct sample - a configuration
 * @text: the file; in names[] its name
 * @expected: the error, or what summary() says
 */
struct sample {
	const char *text;
	const char *expected;
};

#define GOOD(name, id, cpus, memory, address) \
	name " " id " cpus " cpus " memory " memory " address " address \
	" kernel /k initrd  cmdline [] devices 0 restart no"
#define GOOD_RESTART(restart) \
	"web 1 cpus 1 memory 64M address auto kernel /k initrd  cmdline [] devices 0 " \
	"restart " restart
#define GOOD_CMDLINE(cmdline) \
	"web 1 cpus 1 memory 64M address auto kernel /k initrd  cmdline [" cmdline \
	"] devices 0 restart no"
#define BAD(value, expected) \
	PATH ":2: " value ": expected " expected
#define BAD6(value, expected) \
	PATH ":6: " value ": expected " expected
#define BAD_ID(value)	BAD("id = \"" value "\"", "a vnode ID from 1 to 63")
#define BAD_LIST(value)	BAD("cpus = \"" value "\"", "APIC IDs like 1-3,5")
#define BAD_SIZE(value)	BAD("memory = \"" value "\"", "a size like 256M")
#define BAD_PCI(value)	BAD6("devices = \"" value "\"", "a PCI address like 0000:00:04.0")
#define BAD_ADDRESS(value) \
	BAD6("address = \"" value "\"", "\"auto\" or a physical address like 0x10000000")
#define BAD_KEY(key) \
	PATH ":6: unknown key \"" key "\", expected id, cpus, memory, address, kernel, initrd, " \
	"cmdline, devices or restart"
#define BAD_NAME(path, name) \
	path ": \"" name "\" cannot be a vnode's name, expected 1 to 31 letters, digits, " \
	"'-', '_' and '.'"

static const struct sample samples[] = {
	/* good ones */
	{ BASE, GOOD("web", "1", "1", "64M", "auto") },
	{ "[vnode]\n"
	  "id = 1                     ; from 1\n"
	  "cpus = 1-2                 ; APIC IDs, the first one boots\n"
	  "memory = 256M\n"
	  "address = auto             ; or a physical address\n"
	  "kernel = /boot/vmlinuz     ; the same bzImage\n"
	  "initrd = /boot/initrd.img\n"
	  "cmdline = quiet\n"
	  "devices = 0000:00:04.0     ; PCI\n"
	  "devices = 0000:00:05.7     ; another\n"
	  "restart = no               ; no | on-failure | always\n",
	  "web 1 cpus 1,2 memory 256M address auto kernel /boot/vmlinuz initrd /boot/initrd.img cmdline [quiet] devices 2 restart no"
	},
	{ "# comment\n\n  ; comment\n\t\n" BASE "restart=always\ncmdline=",
	  GOOD_RESTART("always") },
	{ "[vnode]\r\nid = 1\r\ncpus = 1\r\nmemory = 64M\r\nkernel = /k\r\n"
	  "restart = on-failure\r\n",
	  GOOD_RESTART("on-failure") },
	{ BASE "cmdline = a=b,c=\"d e\" f:g 'h' i;j k#l # comment",
	  GOOD_CMDLINE("a=b,c=\"d e\" f:g 'h' i;j k#l") },
	{ BASE "cmdline = lab.run=\"a ; b # c\" ; comment \"",
	  GOOD_CMDLINE("lab.run=\"a ; b # c\"") },
	{ BASE "address = 0x40000000\n",
	  GOOD("web", "1", "1", "64M", "0x40000000") },
	{ BASE "address = 3G\n",
	  GOOD("web", "1", "1", "64M", "0xc0000000") },
	{ CPUS("5, 1-3 ,9"),
	  GOOD("web", "1", "5,1-3,9", "64M", "auto") },
	{ CPUS("1-255"),
	  GOOD("web", "1", "1-255", "64M", "auto") },
	{ CPUS("4294967295"),
	  GOOD("web", "1", "4294967295", "64M", "auto") },
	{ MEMORY("4194304"),
	  GOOD("web", "1", "1", "4M", "auto") },
	{ MEMORY("0x400000"),
	  GOOD("web", "1", "1", "4M", "auto") },
	{ MEMORY("1g"),
	  GOOD("web", "1", "1", "1G", "auto") },
	{ ID("63"),
	  GOOD("web", "63", "1", "64M", "auto") },

	/* id */
	{ ID("0"), BAD_ID("0") },
	{ ID("64"), BAD_ID("64") },
	{ ID("-1"), BAD_ID("-1") },
	{ ID("+1"), BAD_ID("+1") },
	{ ID("1x"), BAD_ID("1x") },
	{ ID("0x1"), BAD_ID("0x1") },
	{ ID("1 2"), BAD_ID("1 2") },
	{ ID(""), BAD_ID("") },
	{ ID("18446744073709551617"),
	  BAD_ID("18446744073709551617") },

	/* cpus */
	{ CPUS(""), BAD_LIST("") },
	{ CPUS("1,"), BAD_LIST("1,") },
	{ CPUS(",1"), BAD_LIST(",1") },
	{ CPUS("1,,2"), BAD_LIST("1,,2") },
	{ CPUS("1 2"), BAD_LIST("1 2") },
	{ CPUS("1-"), BAD_LIST("1-") },
	{ CPUS("-1"), BAD_LIST("-1") },
	{ CPUS("1-2-3"), BAD_LIST("1-2-3") },
	{ CPUS("all"), BAD_LIST("all") },
	{ CPUS("4294967296"), BAD_LIST("4294967296") },
	{ CPUS("3-1"), BAD("cpus = \"3-1\"", "ranges with the lower APIC ID first") },
	{ CPUS("1,1"), BAD("cpus = \"1,1\"", "each CPU only once") },
	{ CPUS("1-3,2"), BAD("cpus = \"1-3,2\"", "each CPU only once") },
	{ CPUS("1-256"), BAD("cpus = \"1-256\"", "at most 255 CPUs") },
	{ CPUS("1-255,256"), BAD("cpus = \"1-255,256\"", "at most 255 CPUs") },
	{ CPUS("0-4294967295"), BAD("cpus = \"0-4294967295\"", "at most 255 CPUs") },

	/* memory */
	{ MEMORY("12Q"), BAD_SIZE("12Q") },
	{ MEMORY("M"), BAD_SIZE("M") },
	{ MEMORY("1MB"), BAD_SIZE("1MB") },
	{ MEMORY("0"), BAD_SIZE("0") },
	{ MEMORY("0M"), BAD_SIZE("0M") },
	{ MEMORY("-64M"), BAD_SIZE("-64M") },
	{ MEMORY("1.5G"), BAD_SIZE("1.5G") },
	{ MEMORY("0x"), BAD_SIZE("0x") },
	{ MEMORY("16777216T"), BAD_SIZE("16777216T") },
	{ MEMORY("18446744073709551616"),
	  BAD_SIZE("18446744073709551616") },
	{ MEMORY("255M"), BAD("memory = \"255M\"", "a multiple of 4M") },
	{ MEMORY("1"), BAD("memory = \"1\"", "a multiple of 4M") },

	/* address */
	{ BASE "address = 0x100000",
	  BAD6("address = \"0x100000\"", "a multiple of 4M (0x400000)") },
	{ BASE "address = here", BAD_ADDRESS("here") },
	{ BASE "address =", BAD_ADDRESS("") },
	{ BASE "address = 0xffffffffffffffff",
	  BAD_ADDRESS("0xffffffffffffffff") },
	{ BASE "address = 0xffffffffffc00000",
	  PATH
	  ":6: address = 0xffffffffffc00000: memory ends beyond 2^64, expected a lower address"
	},

	/* the other keys */
	{ "[vnode]\nkernel = vmlinuz", BAD("kernel = \"vmlinuz\"", "an absolute path") },
	{ "[vnode]\nkernel =", BAD("kernel = \"\"", "an absolute path") },
	{ BASE "initrd = ./i", BAD6("initrd = \"./i\"", "an absolute path") },
	{ BASE "devices = 04.0", BAD_PCI("04.0") },
	{ BASE "devices = 0000:00:20.0", BAD_PCI("0000:00:20.0") },
	{ BASE "devices = 0000:00:1f.8", BAD_PCI("0000:00:1f.8") },
	{ BASE "devices = 0000.00:1f.0", BAD_PCI("0000.00:1f.0") },
	{ BASE "devices =", BAD_PCI("") },
	{ BASE "restart = yes", BAD6("restart = \"yes\"", "no, on-failure or always") },
	{ BASE "restart =", BAD6("restart = \"\"", "no, on-failure or always") },

	/* keys and sections */
	{ BASE "color = red\n",
	  BAD_KEY("color") },
	{ BASE "ID = 1\n",
	  BAD_KEY("ID") },
	{ BASE "= 1\n",
	  BAD_KEY("") },
	{ BASE "id = 2\n", PATH ":6: id is already set in line 2, expected it once" },
	{ BASE "cmdline = a\n\ncmdline = b\n",
	  PATH ":8: cmdline is already set in line 6, expected it once" },
	{ BASE "word\n", PATH ":6: expected a line like \"key = value\"" },
	{ BASE "[other]\n", PATH ":6: unknown section [other], expected [vnode]" },
	{ BASE "[vnode] x\n", PATH ":6: unknown section [vnode] x, expected [vnode]" },
	{ "[vnode\n", PATH ":1: unknown section [vnode, expected [vnode]" },
	{ "id = 1\n[vnode]\n", PATH ":1: id is in no section, expected [vnode] before it" },
	{ "\xef\xbb\xbf[vnode]\n", PATH ":1: expected a line like \"key = value\"" },
	{ "", PATH ":1: id is missing, expected a line like \"id = 1\"" },
	{ "[vnode]\nid = 1\n", PATH ":2: cpus is missing, expected a line like \"cpus = 1-2\"" },
	{ "[vnode]\nid = 1\ncpus = 1\n\n",
	  PATH ":4: memory is missing, expected a line like \"memory = 256M\"" },
	{ "[vnode]\nid = 1\ncpus = 1\nmemory = 64M",
	  PATH ":4: kernel is missing, expected a line like \"kernel = /boot/vmlinuz\"" },

	/* lines */
	{ BASE "cmdline = \"a ; b\n", PATH ":6: quote is not closed, expected another \"" },
	{ BASE "cmdline = \x1b[31m\n", PATH ":6: control character 0x1b, expected text" },
	{ BASE "cmdline = a\rb\n", PATH ":6: control character 0x0d, expected text" },
	{ BASE "cmdline = \x7f\n", PATH ":6: control character 0x7f, expected text" },
};

static const struct sample names[] = {
	{ "a.b-c_9.conf", GOOD("a.b-c_9", "1", "1", "64M", "auto") },
	{ "/x/1.conf", GOOD("1", "1", "1", "64M", "auto") },
	{ "/x/01.conf", GOOD("01", "1", "1", "64M", "auto") },
	{ "./file", GOOD("file", "1", "1", "64M", "auto") },
	{ "a234567890123456789012345678901.conf",
	  GOOD("a234567890123456789012345678901", "1", "1", "64M", "auto") },
	{ "a2345678901234567890123456789012.conf",
	  BAD_NAME("a2345678901234567890123456789012.conf",
		   "a2345678901234567890123456789012.conf") },
	{ "a b.conf", BAD_NAME("a b.conf", "a b.conf") },
	{ "/x/", BAD_NAME("/x/", "") },
	{ "root.conf", "root.conf: \"root\" is the name of vnode 0, expected another file name" },
	{ "2.conf",
	  "2.conf:2: id = \"1\": the file's name \"2\" would mean another ID, expected the same"
	},
};

static void check(const char *what, const char *got, const char *expected)
{
	bool ok = !strcmp(got, expected);

	printf("%s %d - %.70s\n", ok ? "ok" : "not ok", ++tests, what);
	if (ok)
		return;
	failures++;
	printf("#      got: %s\n# expected: %s\n", got, expected);
}

static void summary(const struct config *config, char *text, size_t size)
{
	char cpus[CPU_LIST_TEXT], memory[SIZE_TEXT], address[SIZE_TEXT] = "auto";

	format_cpu_list(&config->cpus, cpus);
	format_size(config->memory, memory);
	if (config->address != KMB_ADDRESS_AUTO)
		snprintf(address, sizeof(address), "0x%llx", config->address);
	snprintf(text, size,
		 "%s %u cpus %s memory %s address %s kernel %s initrd %s cmdline [%s] devices %u restart %s",
		 config->name, config->id, cpus, memory, address, config->kernel,
		 config->initrd, config->cmdline, config->nr_devices,
		 config_restart_name(config->restart));
}

static int parse(const char *path, const char *text, size_t len, struct config *config,
		 struct errtext *err)
{
	FILE *file = len ? fmemopen((void *)text, len, "r") : fopen("/dev/null", "r");
	int ret;

	if (!file) {
		printf("Bail out! %s\n", strerror(errno));
		exit(1);
	}
	ret = config_parse(file, path, config, err);
	fclose(file);
	return ret;
}

static void check_text(const char *what, const char *path, const char *text, size_t len,
		       const char *expected)
{
	static struct config config;
	struct errtext err = { "" };
	char got[4 * CONFIG_LINE_LEN];

	if (parse(path, text, len, &config, &err))
		snprintf(got, sizeof(got), "%s", err.text);
	else
		summary(&config, got, sizeof(got));
	check(what, got, expected);
}

static void check_samples(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(samples); i++)
		check_text(samples[i].expected, PATH, samples[i].text, strlen(samples[i].text),
			   samples[i].expected);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		check_text(names[i].expected, names[i].text, BASE, strlen(BASE),
			   names[i].expected);
}

/* A line of @nr characters after @before. */
static void check_long_line(const char *before, int nr, const char *expected)
{
	char text[4 * CONFIG_LINE_LEN], line[3 * CONFIG_LINE_LEN];

	memset(line, 'x', sizeof(line));
	snprintf(text, sizeof(text), BASE "%s%.*s\nrestart = no\n", before, nr, line);
	check_text(expected, PATH, text, strlen(text), expected);
}

static void check_long_lines(void)
{
	static const char too_long[] =
		PATH ":6: line is too long, expected at most 4095 characters";
	static const char good[] = GOOD("web", "1", "1", "64M", "auto");
	char cmdline[KMB_CMDLINE_LEN], expected[2 * KMB_CMDLINE_LEN];

	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[KMB_CMDLINE_LEN - 1] = '\0';
	snprintf(expected, sizeof(expected), GOOD_CMDLINE("%s"), cmdline);
	check_long_line("cmdline = ", KMB_CMDLINE_LEN - 1, expected);
	snprintf(expected, sizeof(expected),
		 PATH ":6: cmdline = \"%.64s...\": expected less than 2048 characters", cmdline);
	check_long_line("cmdline = ", KMB_CMDLINE_LEN, expected);
	check_long_line(";", 4094, good);
	check_long_line(";", 4095, too_long);
	check_long_line(";", 4096, too_long);
	check_long_line("", 3 * 4096, too_long);
}

static void check_nul(void)
{
	static const char text[] = BASE "cmdline = a\0b\n";
	static const char comment[] = BASE "; \0";

	check_text("NUL byte in a value", PATH, text, sizeof(text) - 1,
		   PATH ":6: NUL byte, expected text");
	check_text("NUL byte in a comment", PATH, comment, sizeof(comment) - 1,
		   PATH ":6: NUL byte, expected text");
}

static void check_files(void)
{
	static struct config config;
	struct errtext err;

	err.text[0] = '\0';
	config_load("/nonexistent/a.conf", &config, &err);
	check("missing file", err.text, "/nonexistent/a.conf: No such file or directory");
	err.text[0] = '\0';
	config_load("/tmp", &config, &err);
	check("folder", err.text, "/tmp:1: Is a directory");
}

/* Two configurations with one line each besides their common lines, and the error. */
static void check_pair(const char *path_a, const char *a, const char *path_b, const char *b,
		       const char *expected)
{
	static struct config configs[2];
	struct errtext err = { "" };

	if (!parse(path_a, a, strlen(a), &configs[0], &err) &&
	    !parse(path_b, b, strlen(b), &configs[1], &err))
		config_check_together(configs, 2, &err);
	check(expected[0] ? expected : "a pair without a conflict", err.text, expected);
}

#define PAIR(id, cpus, address)	"[vnode]\nid = " id "\ncpus = " cpus \
				"\nmemory = 64M\nkernel = /k\naddress = " address "\n"

static void check_pairs(void)
{
	check_pair("a.conf", PAIR("1", "1", "auto"), "b.conf", PAIR("2", "2", "auto"), "");
	check_pair("a.conf", PAIR("1", "1", "64M"), "b.conf", PAIR("2", "2", "128M"), "");
	check_pair("a.conf", PAIR("1", "1", "128M"), "b.conf", PAIR("2", "2", "64M"), "");
	check_pair("a.conf", PAIR("1", "1", "128M"), "b.conf", PAIR("2", "2", "auto"), "");
	check_pair("a.conf", PAIR("1", "1", "auto"), "b.conf", PAIR("1", "2", "auto"),
		   "b.conf:2: id = 1 is already in a.conf:2, expected an ID of its own");
	check_pair("a.conf", PAIR("1", "1-3", "auto"), "b.conf", PAIR("2", "5,2", "auto"),
		   "b.conf:3: CPU 2 is already in a.conf:3, expected a CPU of its own");
	check_pair("x/a.conf", PAIR("1", "1", "auto"), "y/a.conf", PAIR("2", "2", "auto"),
		   "y/a.conf: name \"a\" is also that of x/a.conf, expected a name of its own");
	check_pair("a.conf", PAIR("1", "1", "64M"), "b.conf", PAIR("2", "2", "124M"),
		   "b.conf:6: address = 0x7c00000: memory overlaps that of a.conf:6, expected memory of its own");
	check_pair("a.conf", PAIR("1", "1", "124M"), "b.conf", PAIR("2", "2", "64M"),
		   "b.conf:6: address = 0x4000000: memory overlaps that of a.conf:6, expected memory of its own");
	check_pair("a.conf", PAIR("1", "1", "64M"), "b.conf", PAIR("2", "2", "64M"),
		   "b.conf:6: address = 0x4000000: memory overlaps that of a.conf:6, expected memory of its own");
}

static void check_texts(void)
{
	struct errtext err;
	char size[SIZE_TEXT];

	err_set(&err, "a\nb\x1b[0mc\x7f");
	check("an error is one printable line", err.text, "a?b?[0mc?");
	format_size(0, size);
	check("size 0", size, "0");
	format_size(1536, size);
	check("size 1536", size, "1536");
	format_size(261916ULL << 10, size);
	check("size 261916K", size, "261916K");
	format_size(~0ULL, size);
	check("largest size", size, "18446744073709551615");
	format_size(1ULL << 63, size);
	check("size 2^63", size, "8388608T");
}

int main(void)
{
	check_samples();
	check_long_lines();
	check_nul();
	check_files();
	check_pairs();
	check_texts();
	printf("1..%d\n", tests);
	return failures ? 1 : 0;
}
