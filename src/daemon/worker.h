/* A worker process: one event loop, its own token session, its own listeners. */
#ifndef OPENMAF_DAEMON_WORKER_H
#define OPENMAF_DAEMON_WORKER_H

#include "daemon/config.h"

struct worker_start {
    const struct config *cfg;
    unsigned slot;        /* 0..workers-1; worker 0 also purges */
    const int *listeners; /* one socket per address of cfg */
    int control;          /* to the supervisor */
};

/* Serves until SIGTERM (drains) and returns the exit status. */
int worker_run(const struct worker_start *start);

#endif
