/* HTTPS binding (TS-0009, spec/wire §5): bytes <-> primitives over evhttp, nothing else. Each listener
 * belongs to one worker's event loop; SO_REUSEPORT lets several workers share an address. The process must
 * ignore SIGPIPE. */
#ifndef OPENMAF_BIND_HTTPS_H
#define OPENMAF_BIND_HTTPS_H

#include "bind/ahead.h"
#include "bind/well_known.h"
#include "maf/maf.h"

#include <event2/event.h>

struct https;

struct https_options {
    const char *host; /* numeric address */
    uint16_t port;    /* 0: any free one, see https_port */
    const int
        *listener; /* not NULL: accept from this socket (listen_tcp), duplicated, instead of the above */
    const char *const *names; /* MAF-FQDN and aliases, NULL-terminated, outliving the binding: another Host is
                                 another MAF (4004, MAF-GEN-4). NULL: Host is not compared */
    SSL_CTX *ctx; /* from omtls_server_ctx; peers are struct maf_peer. Its own reference is taken */
    const struct ahead *ahead;           /* borrowed; NULL: no handshake waits for anything */
    const struct well_known *well_known; /* borrowed; NULL: there is nothing but oneM2M */
    unsigned max_connections; /* beyond it new connections wait in the listen queue, then are dropped */
    unsigned
        max_connections_per_address; /* of those (peer_address.h); further ones are closed. 0: no bound */
    unsigned max_header, max_body;   /* octets; beyond: 431, 413 and close */
    unsigned handshake_timeout, request_timeout, idle_timeout; /* seconds; a slow peer is closed */
};

/* Starts listening. OM_ECONFIG when the address cannot be bound. */
OM_MUST_USE om_rc https_new(struct event_base *base, struct maf *maf, const struct https_options *opt,
                            struct https **out, struct om_error *err);
uint16_t https_port(const struct https *h);

/* Stops accepting; idle connections are closed, busy ones after their response. True once none is left. */
void https_drain(struct https *h);
bool https_drained(const struct https *h);

/* Closes everything, and runs what the event loop still owes these connections; so not from inside the loop.
 * NULL is allowed. */
void https_free(struct https *h);

struct https_stats {
    size_t connections;
    uint64_t accepted, handshakes, handshake_failures, requests, timeouts;
    uint64_t refused_limit;   /* times that max_connections stopped accepting */
    uint64_t refused_address; /* connections closed by max_connections_per_address */
    uint64_t malformed;       /* octets that were not HTTP, or beyond a limit */
};
void https_stats(const struct https *h, struct https_stats *out);

#endif
