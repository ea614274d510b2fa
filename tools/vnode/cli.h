/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of vnode(8), and what they share.
 */
#ifndef _CLI_H
#define _CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "errtext.h"
#include "libadeos.h"

#define EXIT_USAGE	2
#define STOP_TIMEOUT	60	/* seconds */

/**
 * struct args - arguments and options of a command
 * @items: files, IDs and names
 * @nr: how many
 * @json: print JSON
 * @follow: go on as the log grows
 * @verbose: print what was done
 * @tty: run the command on a terminal
 * @all: all vnodes but the root
 * @timeout: seconds to wait, -1 for ever
 * @state: the state to wait for, VNODE_DEFINED if none was named
 */
struct args {
	char **items;
	size_t nr;
	bool json;
	bool follow;
	bool verbose;
	bool tty;
	bool all;
	int timeout;
	enum vnode_state state;
};

/* Each command returns vnode's exit status. */
int command_start(const struct args *args);
int command_check(const struct args *args);
int command_list(const struct args *args);
int command_show(const struct args *args);
int command_wait(const struct args *args);
int command_stop(const struct args *args);
int command_kill(const struct args *args);
int command_restart(const struct args *args);
int command_log(const struct args *args);
int command_memory(const struct args *args);
int command_bridge(const struct args *args);
int command_console(const struct args *args);
int command_exec(const struct args *args);
int command_agent(const struct args *args);

/* report.c */
__printf(1, 2) void report(const char *fmt, ...);
int report_error(const struct errtext *err);

/* log.c */
struct printable;
int log_print(int kmb, __u32 id, __u64 *pos, struct printable *fit, FILE *out,
	      struct errtext *err);

/* vcon.c */
#define VCON_LATER	(-2)
int vcon_find(const char *id_or_name, struct vnode *vnode, struct errtext *err);
int vcon_try(const struct vnode *vnode, int flags, bool last, struct errtext *err);
int vcon_open(const struct vnode *vnode, int flags, long long deadline, struct errtext *err);
int vcon_output(int fd);
int vcon_signals(const int signals[], size_t nr);
int vcon_session(int console, const struct vnode *vnode, long long deadline, struct errtext *err);

/* table.c */
#define TABLE_MAX_COLUMNS	8
int table_print(const char *command, const char *const *heading, size_t columns, size_t rows,
		bool (*fill)(const void *of, size_t i, char **row), const void *of);

/* stop.c */
int find_stoppable(const char *id_or_name, struct vnode *vnode, struct errtext *err);
int stop_vnodes(int kmb, const struct vnode *vnodes, size_t nr, int timeout);

#endif /* _CLI_H */
