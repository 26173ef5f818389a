/* maf: one session of connect or listen, from the handshake to the end: octets between an SSL and two local
 * file descriptors, in an event loop.
 *
 * Each direction holds one piece at a time and reads the next when that one is written, so neither end can
 * make this process hold more. With TLS the end of the local input becomes close_notify and the peer's
 * close_notify the end of the local output; the other direction goes on until it ends too. With DTLS
 * close_notify ends the whole session, and is said when nothing has come for a while after the end of the
 * local input. */
#ifndef OPENMAF_CLI_MAF_SESSION_H
#define OPENMAF_CLI_MAF_SESSION_H

#include "cli/maf_address.h"

#include <event2/event.h>
#include <openssl/ssl.h>

#define MAF_PIECE 16384 /* octets: the plaintext of a TLS record */

struct maf_session;

/* Where a session's octets come from and go to: a socket (both the same), or standard input and output. */
struct maf_local {
    int in, out;
    bool keep; /* not closed with the session, nor when one direction ends */
};

struct maf_session_setup {
    struct event_base *base;
    SSL *ssl; /* taken over; client: with its key */
    int fd;   /* taken over; connected, or about to be */
    bool dtls;
    struct maf_address peer;
    unsigned handshake_seconds; /* for connecting and the handshake */
    unsigned idle_seconds;      /* a session in which nothing happens for so long is ended; 0: never */
    /* The handshake is over: tells the local end, or fails (then the session ends with that). */
    int (*opened)(void *arg, struct maf_session *s, struct maf_local *local, struct openmaf_error *error);
    /* The session is over, and freed after this. Without handshake `opened` was not called. */
    void (*ended)(void *arg, struct maf_session *s, const struct openmaf_error *error);
    void *arg;
};

/* Starts a session; NULL: no memory (then fd and ssl are gone too). It lives until `ended`. */
struct maf_session *maf_session_new(const struct maf_session_setup *setup);

/* Ends it from outside, with close_notify where there is a session. */
void maf_session_end(struct maf_session *s, int code, const char *why);

/* Has its handshake behind it; whom it is with. */
bool maf_session_is_open(const struct maf_session *s);
const char *maf_session_peer(const struct maf_session *s); /* address */
const SSL *maf_session_ssl(const struct maf_session *s);
/* Octets that came from the peer, and that went to it. */
uint64_t maf_session_received(const struct maf_session *s);
uint64_t maf_session_sent(const struct maf_session *s);

/* The owner's list. */
struct maf_session *maf_session_next(const struct maf_session *s);
void maf_session_set_next(struct maf_session *s, struct maf_session *next);

#endif
