/* One request to one address over HTTPS: connect, handshake, request, response, close. */
#ifndef OPENMAF_CLIENT_HTTPS_CALL_H
#define OPENMAF_CLIENT_HTTPS_CALL_H

#include "client/tls_call.h"

#include <event2/http.h>

/* An attempt_call. It has reached the MAF once TCP is connected. */
OM_MUST_USE om_rc https_call(struct attempt *attempt, struct om_error *err);

/* A connection for requests one after the other on the bufferevent of tls_call_stream, which it owns from now
 * on; responses of at most body_max octets. Freed with evhttp_connection_free, before tls_call_end.
 * OM_ENOMEM. */
OM_MUST_USE om_rc https_connection(struct tls_call *tls, ev_ssize_t body_max, struct evhttp_connection **out,
                                   struct om_error *err);

#endif
