/* maf: what the files of a session share (maf_session.h). */
#ifndef OPENMAF_CLI_MAF_SESSION_INTERNAL_H
#define OPENMAF_CLI_MAF_SESSION_INTERNAL_H

#include "cli/maf_pipe.h"

struct maf_watch {
    struct event *event;
    short now; /* what it waits for */
};

struct maf_session {
    struct maf_session_setup setup;
    struct maf_session *next;
    char peer[MAF_ADDRESS_TEXT];
    bool open, freed;
    struct maf_local local;
    bool in_is_socket, out_is_socket;
    bool local_ended, said_close, peer_closed, out_closed;
    struct maf_piece up, down; /* to the peer, from the peer */
    uint64_t sent, received;
    struct maf_watch net, in, out;
    struct event *limit;      /* of the handshake, then idling, then lingering */
    struct event *expiry;     /* of the key */
    struct event *retransmit; /* DTLS */
};

/* maf_session.c: ends the session, which is then gone. */
void maf_session_finish(struct maf_session *s, const struct openmaf_error *error);
void maf_session_fail(struct maf_session *s, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The reason that OpenSSL's queue or errno gives for a broken connection. */
const char *maf_session_reason(void);

/* Waits for `what` of fd, and for nothing else; then maf_session_on_event. false: no memory. */
bool maf_session_watch(struct maf_session *s, struct maf_watch *w, int fd, short what);
/* Seconds until on_limit; 0: none. */
void maf_session_set_limit(struct maf_session *s, unsigned seconds);
void maf_session_arm_retransmit(struct maf_session *s);

/* maf_session_carry.c: something may be moved. */
void maf_session_on_event(evutil_socket_t fd, short what, void *arg);

#define MAF_LINGER_SECONDS 3 /* DTLS: for answers, once the local input has ended */

#endif
