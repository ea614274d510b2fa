// SPDX-License-Identifier: GPL-2.0
/* The wire, for scribble.c: the module that has it exports nothing. */
#include "../../vdev/vnet/wire.c"
