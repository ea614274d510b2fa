/* SPDX-License-Identifier: GPL-2.0 */
/* Making room in physical memory, by moving bridges. */
#ifndef _ADEOS_ROOM_H
#define _ADEOS_ROOM_H

#include "mem/place.h"

int adeos_room_make(enum place_kind kind, u64 size, u64 align);
int adeos_room_ask(u32 from, u64 size);
u64 adeos_room_moved(void);

#endif /* _ADEOS_ROOM_H */
