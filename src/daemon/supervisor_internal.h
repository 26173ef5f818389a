/* The supervisor's state, shared by its loop (supervisor.c) and its decisions (lifecycle.c). */
#ifndef OPENMAF_DAEMON_SUPERVISOR_INTERNAL_H
#define OPENMAF_DAEMON_SUPERVISOR_INTERNAL_H

#include "daemon/generation.h"
#include "daemon/state.h"

#define TICK_MS 1000

struct supervisor {
    const struct config_kind *kind;
    char dir[PATH_MAX];
    int lock;
    int signals;
    struct generations all;
    bool stopping, failed;
    int64_t metrics_at;
    struct state state;
};

/* The generation in this state that began last, or NULL. */
struct generation *lifecycle_find(const struct supervisor *v, enum generation_state state);

/* Begins a generation; it takes over when all of its workers are ready. */
OM_MUST_USE om_rc lifecycle_begin(struct supervisor *v, const struct config *cfg, struct om_error *err);
void lifecycle_reload(struct supervisor *v);
void lifecycle_stop(struct supervisor *v);

/* A worker's report came; its process ended. */
void lifecycle_report(struct supervisor *v, struct generation *g, struct slot *s, const struct report *r);
void lifecycle_ended(struct supervisor *v, struct generation *g, unsigned n, int status);

/* Starts the workers that are due. */
void lifecycle_spawn(struct generation *g);

#endif
