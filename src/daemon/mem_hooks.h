/* One allocator for every library that touches secrets: what it frees is wiped first. */
#ifndef OPENMAF_DAEMON_MEM_HOOKS_H
#define OPENMAF_DAEMON_MEM_HOOKS_H

#include "util/error.h"

/* To be called first in main: libraries take hooks only before their first allocation. OM_EINTERNAL. */
OM_MUST_USE om_rc mem_hooks_install(struct om_error *err);

#endif
