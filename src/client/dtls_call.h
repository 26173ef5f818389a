/* A DTLS session on a connected UDP socket, in the loop of a tls_call: datagrams of plaintext in and out. */
#ifndef OPENMAF_CLIENT_DTLS_CALL_H
#define OPENMAF_CLIENT_DTLS_CALL_H

#include "client/tls_call.h"

struct dtls_call {
    struct tls_call tls;
    int fd;
    struct event *readable, *flight; /* flight: when handshake messages are repeated */
    void (*ready)(void *arg);        /* the handshake is done */
    void (*received)(void *arg, const uint8_t *octets, size_t n);
    void *arg;
};

/* Sends ClientHello. Ended with dtls_call_end, also on failure. */
OM_MUST_USE om_rc dtls_call_begin(struct dtls_call *call, struct attempt *attempt, struct om_error *err);

/* Octets of a datagram that fit into one record and below any path's least MTU. */
size_t dtls_call_room(const struct dtls_call *call);

/* Sends one, or loses it, as the network may; a session that is over ends the loop. */
void dtls_call_send(struct dtls_call *call, const struct om_secret *octets);

void dtls_call_end(struct dtls_call *call);

#endif
