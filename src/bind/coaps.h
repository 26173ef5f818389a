/* CoAP binding (TS-0008, spec/wire §6): over DTLS (coaps) or over TLS on TCP (coaps+tcp). Bytes <->
 * primitives, nothing else. One per address and worker, in the worker's event loop. Over DTLS each worker
 * must keep one and the same socket for its life and that of its successor (docs/adr/0004). The process must
 * ignore SIGPIPE. */
#ifndef OPENMAF_BIND_COAPS_H
#define OPENMAF_BIND_COAPS_H

#include "bind/ahead.h"
#include "maf/maf.h"

#include <event2/event.h>

struct coaps;

enum coaps_transport { COAPS_DTLS, COAPS_TLS };

struct coaps_options {
    enum coaps_transport transport;
    const char *host;         /* numeric address */
    uint16_t port;            /* 0: any free one, see coaps_port */
    const int *listener;      /* not NULL: use this socket (listen_udp, listen_tcp), duplicated, instead */
    const char *const *names; /* MAF-FQDN and aliases, NULL-terminated, outliving the binding: another
                                 Uri-Host is another MAF (4004, MAF-GEN-4). NULL: not compared */
    SSL_CTX *ctx; /* from omtls_server_ctx, with `dtls` for COAPS_DTLS; peers are struct maf_peer. Its own
                     reference is taken, and of a DTLS context the cookie callbacks */
    const struct ahead *ahead;         /* borrowed; NULL: no handshake waits for anything */
    unsigned max_sessions;             /* beyond: new peers are not answered before any work for them */
    unsigned max_sessions_per_address; /* of those from one IP address */
    unsigned max_body;                 /* octets of content, whole or in blocks; beyond: 4.13 */
    unsigned max_buffered; /* octets of unfinished bodies and of answers kept for repetition, of all sessions
                              together; beyond: 5.03 for new blocks */
    unsigned handshake_timeout, idle_timeout; /* seconds */
    unsigned request_timeout; /* COAPS_TLS: seconds in all for a message to arrive, or for an answer to be
                                 taken */
    bool wait;                /* over DTLS: read nothing before coaps_begin, while a predecessor still does */
    unsigned separate_after;  /* ms: when requests lately took longer than this, a Confirmable request is
                                 acknowledged at once and answered separately (RFC 7252 §5.2.2) */
};

/* Starts to serve. OM_ECONFIG when the address cannot be bound. */
OM_MUST_USE om_rc coaps_new(struct event_base *base, struct maf *maf, const struct coaps_options *opt,
                            struct coaps **out, struct om_error *err);
uint16_t coaps_port(const struct coaps *c);
/* Ends the waiting; without it, nothing. */
void coaps_begin(struct coaps *c);

/* Takes no new sessions. Over DTLS all sessions end at once, and the socket is read no more: a successor may
 * be reading it. Over TLS those that wait for nothing end. */
void coaps_drain(struct coaps *c);
bool coaps_drained(const struct coaps *c);

/* Ends all sessions with close_notify; not from inside the event loop. NULL is allowed. */
void coaps_free(struct coaps *c);

struct coaps_stats {
    size_t sessions;
    size_t buffered;   /* octets, see max_buffered */
    uint64_t accepted; /* peers that proved their address (DTLS) or connected (TLS) */
    uint64_t handshakes, handshake_failures, requests, timeouts;
    uint64_t duplicates;    /* requests that were answered from memory */
    uint64_t refused_limit; /* sessions not begun */
    uint64_t malformed;     /* datagrams, messages and records that meant nothing */
};
void coaps_stats(const struct coaps *c, struct coaps_stats *out);

#endif
