/* Listening sockets of a generation: one per worker and address, held by the supervisor, so that neither a
 * crash nor a reload loses the connections that wait in their queues. */
#ifndef OPENMAF_DAEMON_SOCKETS_H
#define OPENMAF_DAEMON_SOCKETS_H

#include "daemon/generation.h"

/* Opens all; those that `before` (or NULL) has open too are shared. OM_ECONFIG, OM_ETRANSIENT. */
OM_MUST_USE om_rc sockets_open(struct generation *g, const struct generation *before, struct om_error *err);
void sockets_close(struct generation *g, struct slot *s);
/* Again for one slot, after sockets_close. */
OM_MUST_USE om_rc sockets_reopen(struct generation *g, struct slot *s, struct om_error *err);

#endif
