/* What the files of the CoAP binding share. From below: coaps_udp.c and coaps_tls.c move octets,
 * coaps_dtls.c decides who gets a DTLS session, coaps_session.c keeps sessions, coaps_message.c is the
 * message layer (duplicates, acknowledgements), coaps_request.c and coaps_response.c translate,
 * coaps_upload.c and coaps_download.c transfer bodies in blocks. */
#ifndef OPENMAF_BIND_COAPS_INTERNAL_H
#define OPENMAF_BIND_COAPS_INTERNAL_H

#include "bind/coaps.h"
#include "bind/media.h"
#include "coap/block.h"
#include "coap/options.h"

#include <event2/event_struct.h>
#include <netinet/in.h>
#include <sys/queue.h>
#include <sys/socket.h>

#define COAPS_BUCKETS  1024
#define COAPS_REPLIES  16 /* answers kept for repetition, per session */
#define COAPS_PENDING  4  /* separate answers on their way, per session */
#define COAPS_KEY_SIZE 32

/* Where a peer is, and to which of our addresses it speaks. */
struct coaps_path {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
    socklen_t peer_len;
    struct in_addr local4;
    struct in6_addr local6;
    unsigned interface6; /* 0: any */
};

/* What a DTLS object reads from and writes to. */
struct coaps_datagram {
    struct coaps *coaps;
    const struct coaps_path *path;
    const uint8_t *octets; /* the one that has arrived; NULL: none */
    size_t len;
    bool peek; /* reading leaves it there */
};

/* An answered request, for the case that it comes again (RFC 7252 §4.5). */
struct coaps_reply {
    bool used;
    uint16_t mid;
    int64_t expires;         /* ms */
    struct om_secret octets; /* the acknowledgement, with its answer if it is piggybacked */
};

/* A separate answer that has not been acknowledged yet (RFC 7252 §4.2). */
struct coaps_pending {
    struct coaps_session *session;
    bool used;
    uint16_t mid;
    unsigned sent;      /* times */
    int64_t timeout;    /* ms, until the next time */
    struct event timer; /* assigned once with the session */
    struct om_secret octets;
};

/* A request body that arrives in blocks. */
struct coaps_upload {
    bool active;
    uint8_t key[COAPS_KEY_SIZE]; /* of the request that it belongs to, see coaps_request_key */
    uint8_t *octets;
    size_t len, cap, last; /* last: where the newest block begins */
};

/* What of a request and its response concerns CoAP alone. */
struct coaps_exchange {
    const struct media *media; /* of the response */
    uint8_t code;              /* of the response; 0: the one of its rsc */
    bool has_block1;
    struct om_coap_block block1;
    struct om_coap_block block2; /* what is wanted of the response */
    uint32_t size1;              /* octets of content that would have been taken; 0: does not matter */
};

/* A response that is fetched in blocks. */
struct coaps_download {
    uint8_t key[COAPS_KEY_SIZE]; /* as above */
    struct m2m_response rs;      /* without content */
    struct coaps_exchange ex;
    struct om_secret body;
};

/* A datagram that waits for a key. */
#define COAPS_HELD 4
struct coaps_held {
    uint8_t *octets;
    size_t len;
};

enum coaps_phase { COAPS_HANDSHAKE, COAPS_READY };

struct coaps_session {
    LIST_ENTRY(coaps_session) link;
    LIST_ENTRY(coaps_session) same_bucket;
    struct coaps *coaps;
    SSL *ssl;
    struct coaps_path path;
    enum coaps_phase phase;
    bool dead;   /* to be freed by whoever is working on it */
    bool served; /* a request was answered */
    struct event deadline;
    struct maf_session maf;
    struct ahead_waiter ahead;

    /* DTLS */
    bool asked_ahead;
    size_t n_held;
    struct coaps_held held[COAPS_HELD];
    struct coaps_datagram datagram;
    struct event retransmit; /* of the handshake's flights */

    /* TLS */
    int fd;
    struct event readable, writable;
    struct event unfinished; /* time limit of a message under way, in or out */
    struct om_secret in;     /* octets of an unfinished message */
    struct om_secret out;    /* octets that the peer does not take yet */
    size_t peer_max;         /* octets of a message that the peer takes */
    bool peer_ready;         /* its CSM has come */

    /* messages */
    uint16_t next_mid;
    size_t next_reply;
    struct coaps_reply replies[COAPS_REPLIES];
    struct coaps_pending pending[COAPS_PENDING];
    struct coaps_upload upload;
    struct coaps_download *download; /* NULL: none; it is big */
};
LIST_HEAD(coaps_sessions, coaps_session);

struct coaps {
    struct event_base *base;
    struct maf *maf;
    struct coaps_options opt;
    int fd;
    uint16_t port;
    bool draining;
    struct event readable; /* datagrams, or connections to accept */
    struct event retry;    /* of accepting */
    struct coaps_sessions sessions;
    struct coaps_sessions buckets[COAPS_BUCKETS];
    uint8_t bucket_key[16];
    struct coaps_stats stats;
    int64_t handling; /* ms that a request took lately, smoothed, times 8 */

    /* DTLS */
    BIO_METHOD *bio;
    SSL *listener; /* for those who have not proved their address */
    struct coaps_datagram datagram;
    uint8_t cookie_key[32];
};

int64_t coaps_now(void); /* ms, monotonic */

/* ---- coaps_ahead.c ---- */

OM_MUST_USE om_rc coaps_ahead_watch(struct coaps_session *s, struct om_error *err); /* TLS */
/* DTLS: true when the datagram waits, of which a copy is kept. */
bool coaps_ahead_holds(struct coaps_session *s, const uint8_t *octets, size_t n);
void coaps_ahead_free(struct coaps_session *s);

/* ---- coaps_dtls.c ---- */

/* Gives a datagram to its session; false when that has ended it. */
bool coaps_dtls_feed(struct coaps_session *s, const uint8_t *octets, size_t n);

/* ---- coaps_udp.c ---- */

#define COAPS_DATAGRAM_MAX 4096 /* longer ones are cut, and then do not verify */
BIO_METHOD *coaps_bio_new(void);
/* One datagram. False: none is there. */
bool coaps_udp_receive(int fd, void *octets, size_t cap, size_t *n, struct coaps_path *path);
void coaps_udp_send(int fd, const struct coaps_path *path, const void *octets, size_t n);
bool coaps_path_same(const struct coaps_path *a, const struct coaps_path *b); /* address and port */

/* ---- coaps_dtls.c, coaps_tls.c: a transport each ---- */

OM_MUST_USE om_rc coaps_dtls_start(struct coaps *c, struct om_error *err);
void coaps_dtls_stop(struct coaps *c); /* reads no more; idempotent */
void coaps_dtls_send(struct coaps_session *s, const struct om_secret *octets);

OM_MUST_USE om_rc coaps_tls_start(struct coaps *c, struct om_error *err);
void coaps_tls_stop(struct coaps *c);
void coaps_tls_send(struct coaps_session *s, const struct om_secret *octets);
/* Accepts or not, as the limit demands. */
void coaps_tls_update(struct coaps *c);

/* ---- coaps_session.c ---- */

/* Whether one more from there may come; counts a refusal. */
bool coaps_room(struct coaps *c, const struct coaps_path *path);
struct coaps_session *coaps_session_find(struct coaps *c, const struct coaps_path *path);
/* Takes ssl over, and fd (or -1) of TLS. NULL: no memory, and both stay the caller's. */
struct coaps_session *coaps_session_new(struct coaps *c, SSL *ssl, int fd, const struct coaps_path *path);
/* With close_notify when it is of use to the peer. */
void coaps_session_free(struct coaps_session *s, bool notify);
void coaps_session_active(struct coaps_session *s); /* restarts the idle time */
/* To be called after SSL_read: notices the end of the handshake. */
void coaps_session_progress(struct coaps_session *s);
/* After an SSL call that returned n: false when the session has come to its end. */
bool coaps_session_alive(const struct coaps_session *s, int n);

/* ---- coaps_message.c ---- */

/* One message, or what claims to be one. */
void coaps_message_receive(struct coaps_session *s, const uint8_t *octets, size_t n);
void coaps_message_init(struct coaps_session *s);
void coaps_message_free(struct coaps_session *s); /* what the session remembers of messages */
/* Encodes, and hands to the transport; a failure ends the session. */
void coaps_message_send(struct coaps_session *s, const struct om_coap_message *m, struct om_secret *octets);

/* ---- coaps_reply.c ---- */

/* What was said to a request with this Message-ID, or NULL. */
const struct coaps_reply *coaps_reply_find(const struct coaps_session *s, uint16_t mid);
/* Takes the octets over. */
void coaps_reply_keep(struct coaps_session *s, uint16_t mid, struct om_secret *octets);
void coaps_reply_free(struct coaps_session *s);
/* A separate answer: room for one, or NULL; sends it until it is acknowledged. Takes the octets over. */
struct coaps_pending *coaps_pending_new(struct coaps_session *s);
void coaps_pending_begin(struct coaps_pending *p, uint16_t mid, struct om_secret *octets);
void coaps_pending_end(struct coaps_session *s, uint16_t mid);
void coaps_pending_init(struct coaps_session *s);

/* ---- coaps_signal.c ---- */

/* CSM, Ping, Pong, Release, Abort (RFC 8323 §5). */
void coaps_signal_begin(struct coaps_session *s);
void coaps_signal_receive(struct coaps_session *s, const struct om_coap_message *m);

/* ---- coaps_request.c ---- */

/* What is the same in all blocks of one exchange: method and options, without blocks and sizes. */
void coaps_request_key(const struct om_coap_message *m, uint8_t key[COAPS_KEY_SIZE]);
/* Reads a request whose body is complete; what is wrong with it goes to m2m_request_bad. */
void coaps_request_read(const struct coaps *c, const struct om_coap_message *m, const void *body, size_t n,
                        struct m2m_request *rq, struct coaps_exchange *ex);
/* Answers a request into out: everything but type and Message-ID. */
void coaps_request_answer(struct coaps_session *s, const struct om_coap_message *m,
                          struct om_coap_message *out, struct om_secret *body);

/* ---- coaps_response.c ---- */

/* Writes options, and content into body; out's payload points there. rsc 0 stands for no oneM2M response. */
void coaps_response_write(struct coaps_session *s, const struct om_coap_message *request,
                          const struct m2m_response *rs, const struct coaps_exchange *ex,
                          struct om_coap_message *out, struct om_secret *body);
/* Code and options without those that describe content. */
void coaps_response_head(const struct om_coap_message *request, const struct m2m_response *rs,
                         const struct coaps_exchange *ex, struct om_coap_message *out);

/* ---- coaps_upload.c ---- */

enum coaps_upload_state {
    COAPS_BODY_WHOLE,   /* *body is complete */
    COAPS_BODY_GOES_ON, /* more is to come: 2.31 */
    COAPS_BODY_REFUSED, /* rs and ex say why */
};
/* Looks at Block1. *body points into m or into the session's upload. */
enum coaps_upload_state coaps_upload_take(struct coaps_session *s, const struct om_coap_message *m,
                                          struct coaps_exchange *ex, struct m2m_response *rs,
                                          const uint8_t **body, size_t *n);
void coaps_upload_free(struct coaps_session *s);

/* ---- coaps_download.c ---- */

/* Puts content into out: whole, or the wanted block of it, and then keeps all if more will be fetched. False:
 * there is no such block. */
bool coaps_download_begin(struct coaps_session *s, const struct om_coap_message *request,
                          const struct m2m_response *rs, const struct coaps_exchange *ex,
                          struct om_coap_message *out, struct om_secret *body);
/* A later block of what is kept. False: this is no such request. */
bool coaps_download_continue(struct coaps_session *s, const struct om_coap_message *request,
                             const struct om_coap_block *wanted, struct om_coap_message *out,
                             struct om_secret *body);
void coaps_download_free(struct coaps_session *s);

#endif
