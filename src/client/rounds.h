/* When and how often a transport tries: all addresses of the MAF in turn, and again after growing pauses
 * while nothing stands against repeating the request. */
#ifndef OPENMAF_CLIENT_ROUNDS_H
#define OPENMAF_CLIENT_ROUNDS_H

#include "client/attempt.h"

/* A request that reached nobody is tried again a few times if it is idempotent. With `lossy` (CoAP over DTLS,
 * where a session may end without notice) any request that reached nobody is, and an idempotent one also when
 * it got no answer, until time is over. No SIGPIPE meanwhile. */
OM_MUST_USE om_rc rounds_run(struct attempt *attempt, attempt_call *call, bool lossy, struct om_error *err);

#endif
