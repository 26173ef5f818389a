/* Listening sockets of a generation: one per worker and address, held by the supervisor, so that neither a
 * crash nor a reload loses the connections that wait in their queues; and so that the kernel, which spreads
 * datagrams over the UDP sockets of an address, always finds the same ones in the same order: a DTLS session
 * stays with its worker, whatever becomes of the others (docs/adr/0004). */
#ifndef OPENMAF_DAEMON_SOCKETS_H
#define OPENMAF_DAEMON_SOCKETS_H

#include "daemon/generation.h"

/* Opens all; those that `before` (or NULL) has open too are shared. OM_ECONFIG, OM_ETRANSIENT. */
OM_MUST_USE om_rc sockets_open(struct generation *g, const struct generation *before, struct om_error *err);
void sockets_close(struct generation *g, struct slot *s);
/* While a worker cannot run: closes what takes connections, which then go to others; datagrams wait. */
void sockets_pause(struct generation *g, struct slot *s);
/* Once g serves no more: closes its UDP sockets, of which its successor has those that it uses. */
void sockets_hand_over(struct generation *g);
/* Again for one slot, after sockets_pause. */
OM_MUST_USE om_rc sockets_reopen(struct generation *g, struct slot *s, struct om_error *err);

#endif
