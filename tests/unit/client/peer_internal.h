/* What the bindings of the scripted MAF share. */
#ifndef OPENMAF_TESTS_CLIENT_PEER_INTERNAL_H
#define OPENMAF_TESTS_CLIENT_PEER_INTERNAL_H

#include "peer.h"

#include <jansson.h>
#include <openssl/ssl.h>
#include <pthread.h>

struct peer {
    pthread_t thread;
    enum peer_binding binding;
    bool cbor;
    int fd;          /* listens, or gets datagrams */
    int stopping[2]; /* a pipe whose writing end is closed to end the thread */
    uint16_t port;
    SSL_CTX *ctx;
    struct {
        char identity[256];
        uint8_t km[32];
    } psks[PEER_PSKS_MAX];
    size_t n_psks;
    peer_script *script;
    void *arg;
    struct peer_ways ways;
    size_t n;
    struct peer_request requests[PEER_REQUESTS_MAX];
    struct peer_reply reply; /* big */
};

/* Fails the test program unless `good`. */
#define peer_need(good, what)                                                                                \
    do {                                                                                                     \
        if (!(good))                                                                                         \
            peer_fail(what);                                                                                 \
    } while (0)
_Noreturn void peer_fail(const char *what);

/* Room for the next request, with what the session tells; NULL: there were too many. */
struct peer_request *peer_begin(struct peer *peer, SSL *ssl);

/* Has the script answer it into peer->reply. */
void peer_ask(struct peer *peer, const struct peer_request *rq);

/* Octets of the peer's format to compact JSON text, and back. False: they are not of that format (JSON to be
 * sent: not JSON, so it is to be sent as it is). */
bool peer_to_json(const struct peer *peer, const void *octets, size_t n, char *out, size_t cap);
bool peer_from_json(const struct peer *peer, const void *text, size_t n, uint8_t *out, size_t cap,
                    size_t *len);

/* One connection each, after the handshake. */
void peer_serve_http(struct peer *peer, SSL *ssl);
void peer_serve_wss(struct peer *peer, SSL *ssl);
void peer_serve_coap(struct peer *peer, SSL *ssl);

/* All sessions on peer->fd, until peer->stopping is closed. */
void peer_run_datagrams(struct peer *peer);

#endif
