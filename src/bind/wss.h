/* WebSocket binding (TS-0020, spec/wire §7): on the HTTPS listener, a GET of "/" with an Upgrade makes the
 * connection a WebSocket, in which each message is one whole primitive. It stays the same TLS connection with
 * the same session, so MAF-KR-12 holds across the upgrade.
 *
 * evhttp cannot let go of a connection. So it keeps it, with the upgrade as a request that is never answered
 * through it: evhttp then waits and touches the bufferevent no more, whose callbacks become ours. At the end
 * evhttp_connection_free frees all of it, as evhttp itself does. docs/adr/0006 has the details. */
#ifndef OPENMAF_BIND_WSS_H
#define OPENMAF_BIND_WSS_H

#include "bind/https_internal.h"

#include "bind/wss_primitive.h"

/* Does the request ask for a WebSocket, well or badly? */
bool wss_wanted(struct evhttp_request *req);

/* Answers such a request: makes c a WebSocket, or says why not. */
void wss_upgrade(struct https_conn *c, struct evhttp_request *req);

/* The connection's side of the upgrade: what comes from now on is frames. Reading and writing are still
 * disabled. OM_ENOMEM. */
OM_MUST_USE om_rc wss_open(struct https_conn *c, struct evhttp_request *req,
                           const struct wss_subprotocol *protocol, struct om_error *err);

/* NULL is allowed. */
void wss_free(struct wss *w);

#endif
