/* One request to one address over HTTPS: connect, handshake, request, response, close. */
#ifndef OPENMAF_CLIENT_HTTPS_CALL_H
#define OPENMAF_CLIENT_HTTPS_CALL_H

#include "client/attempt.h"

/* An attempt_call. It has reached the MAF once TCP is connected. */
OM_MUST_USE om_rc https_call(struct attempt *attempt, struct om_error *err);

#endif
