/* The supervisor: starts workers, watches them, reloads and stops. It opens no token and serves nobody. */
#ifndef OPENMAF_DAEMON_SUPERVISOR_H
#define OPENMAF_DAEMON_SUPERVISOR_H

#include "daemon/config.h"

/* Serves until SIGTERM or SIGINT; returns the exit status. `lock` is from rundir_lock. */
int supervisor_run(const struct config *cfg, int lock);

#endif
