#include "../../vdev/vnet/wire.c"
