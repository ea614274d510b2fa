/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bridge-check: the program that tests/bridge-device.t runs in vnodes.
 */
#ifndef _CHECK_H
#define _CHECK_H

#include <stdbool.h>
#include <stdint.h>

#define NAME_LEN	32

int check_errors(int argc, char **argv);
int check_stress(int argc, char **argv);

void catch_sigbus(void);
bool touch(uint32_t *word, uint32_t *value, const uint32_t *store);
_Noreturn void die(const char *what);
int own_vnode(void);
void pause_ms(unsigned int ms);

#endif /* _CHECK_H */
