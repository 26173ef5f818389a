/* The system calls that a worker may still make once it serves. */
#ifndef OPENMAF_DAEMON_SANDBOX_H
#define OPENMAF_DAEMON_SANDBOX_H

#include "util/error.h"

/* For good. OM_ECONFIG when the kernel has no seccomp filters. */
OM_MUST_USE om_rc sandbox_enter(struct om_error *err);

#endif
