/* What operators and the service manager see of mafd's state: log lines on transitions, sd_notify. */
#ifndef OPENMAF_DAEMON_STATE_H
#define OPENMAF_DAEMON_STATE_H

#include "daemon/generation.h"

struct state {
    unsigned serving; /* workers that serve and whose token and store answer */
    bool known;
};

void state_ready(struct state *s, const struct generation *g);
/* Compares with what was last told. g may be NULL. */
void state_update(struct state *s, const struct generation *g);
void state_reloading(struct state *s);
/* The old configuration stays. */
void state_reload_failed(struct state *s, const char *why);
void state_stopping(struct state *s);
/* Feeds the service manager's watchdog. */
void state_alive(struct state *s);

#endif
