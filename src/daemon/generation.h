/* Workers that share one reading of the configuration. A reload starts a second generation on the same
 * sockets and drains the first, so that no connection is refused in between. */
#ifndef OPENMAF_DAEMON_GENERATION_H
#define OPENMAF_DAEMON_GENERATION_H

#include "daemon/config.h"
#include "daemon/report.h"

#include <sys/queue.h>
#include <sys/types.h>

enum generation_state {
    GENERATION_STARTING, /* not all of its workers have been ready yet */
    GENERATION_SERVING,
    GENERATION_DRAINING, /* its workers were told to end */
};

struct slot {
    pid_t pid; /* 0: none running */
    int control;
    bool ready;
    bool overdue;           /* killed because it was not ready in time */
    int64_t started, heard; /* ms */
    int64_t respawn_at;     /* ms; 0: not waiting */
    unsigned failures;      /* ends in a row, for the pause before the next try */
    uint64_t restarts;
    struct report last;
    int listeners[CONFIG_ADDRESSES_MAX]; /* -1: closed */
};

struct generation {
    LIST_ENTRY(generation) link;
    enum generation_state state;
    struct config cfg;
    int lock;                             /* of the directory; workers hold it too */
    uint16_t ports[CONFIG_ADDRESSES_MAX]; /* in use */
    struct slot *slots;                   /* cfg.workers of them */
    int64_t kill_at;                      /* ms; while draining */
};
LIST_HEAD(generations, generation);

/* Milliseconds of the monotonic clock. */
int64_t generation_now(void);

/* Takes cfg over by copy and opens its sockets; those that `before` (or NULL) has open too are shared. */
OM_MUST_USE om_rc generation_new(const struct config *cfg, int lock, const struct generation *before,
                                 struct generation **out, struct om_error *err);
/* Closes sockets and frees; no worker may be running. */
void generation_free(struct generation *g);

/* Forks a worker into a slot that has none. In the child this does not return. OM_ETRANSIENT. */
OM_MUST_USE om_rc generation_spawn(struct generation *g, unsigned slot, struct om_error *err);

/* Its worker ended: forgets it and sets the time of the next try. */
void generation_ended(struct generation *g, struct slot *s);

/* Tells a worker that is ready, of the generation that serves, that its predecessor reads no more. */
void generation_begin(const struct slot *s);

/* Tells its workers to end, and when they will be killed. */
void generation_drain(struct generation *g);
void generation_kill(struct generation *g, int sig);

/* A worker is running and not yet ready. */
bool generation_starting_one(const struct generation *g);
bool generation_all_ready(const struct generation *g);
unsigned generation_running(const struct generation *g);

#endif
