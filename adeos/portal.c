#include "pipeline.h"
void adeos_portals_handle(void) { }
