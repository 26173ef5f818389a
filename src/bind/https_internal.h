/* What the files of the HTTPS binding share. */
#ifndef OPENMAF_BIND_HTTPS_INTERNAL_H
#define OPENMAF_BIND_HTTPS_INTERNAL_H

#include "bind/https.h"
#include "bind/media.h"
#include "bind/peer_address.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/queue.h>

/* What a connection is waiting for; each has its own time limit. */
enum https_phase {
    HTTPS_HANDSHAKE,
    HTTPS_IDLE,     /* for the first octet of a request */
    HTTPS_REQUEST,  /* for the rest of it */
    HTTPS_RESPONSE, /* for the peer to take the response */
};

LIST_HEAD(https_conns, https_conn);
#define HTTPS_BUCKETS 1024

struct https_conn {
    LIST_ENTRY(https_conn) link;
    LIST_ENTRY(https_conn) same_bucket; /* once its peer's address is known */
    bool counted;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
    struct https *https;
    struct bufferevent *bev;
    SSL *ssl; /* owns this struct: it is freed with it */
    enum https_phase phase;
    struct event deadline;
    struct event replace_page; /* see https_page.c */
    struct event pull;         /* see https_conn.c */
    struct event admit;        /* see https_admit.c */
    size_t received;           /* octets since the request began */
    bool handshaken;
    bool served;   /* at least one request was answered */
    bool replying; /* what is being written is ours, not a page of evhttp's */
    struct maf_session session;
    struct ahead_waiter ahead;
    struct wss *wss; /* after an upgrade; see wss.h */
};

struct https {
    LIST_ENTRY(https) link; /* all of this process */
    struct event_base *base;
    struct maf *maf;
    struct https_options opt;
    struct evhttp *http;
    struct evhttp_bound_socket *bound;
    struct evconnlistener *listener; /* owned by bound */
    struct event retry_accept;
    bool accepting; /* false at the limit and while descriptors are short */
    bool draining;
    uint16_t port;
    struct https_conns conns;
    struct https_conns buckets[HTTPS_BUCKETS]; /* by address */
    uint8_t bucket_key[PEER_ADDRESS_KEY];
    struct https_stats stats;
};

/* ---- https_conn.c: life and time limits of a connection ---- */

/* evhttp's bevcb: the bufferevent of a new connection, with TLS. */
struct bufferevent *https_conn_new(struct event_base *base, void *https);
struct https_conn *https_conn_of(struct evhttp_request *req); /* NULL: no TLS on it */
/* Enters a phase and starts its time limit. */
void https_conn_phase(struct https_conn *c, enum https_phase phase);
/* Closes it as evhttp does on a time-out. */
void https_conn_abort(struct https_conn *c);
/* Marks the session as authenticated once the handshake is over. */
void https_conn_note_handshake(struct https_conn *c);

/* ---- https_accept.c: the listener ---- */

OM_MUST_USE om_rc https_accept_start(struct https *h, struct om_error *err);
/* Accepts or not, as the limit demands. */
void https_accept_update(struct https *h);
/* Closes the listener for good. Idempotent. */
void https_accept_stop(struct https *h);

/* ---- https_admit.c: connections of one address ---- */

OM_MUST_USE om_rc https_admit_init(struct https *h, struct om_error *err);
/* Looks at the peer's address as soon as evhttp has given the connection its socket. */
void https_admit_soon(struct https_conn *c);
void https_admit_end(struct https_conn *c);

/* ---- https_request.c ---- */

/* What of a request concerns HTTP alone. */
struct https_exchange {
    const struct media *media; /* of the response */
    bool method_allowed;
    bool close; /* the end of the request is not certain: end the connection after the response */
    int status; /* of HTTP, where the response status code does not tell; else 0 */
};
/* Reads a request; what is wrong with it goes to m2m_request_bad. */
void https_request_read(struct evhttp_request *req, const struct https_options *opt, struct m2m_request *rq,
                        struct https_exchange *ex);

/* ---- https_well_known.c ---- */

/* Answers a request that is not oneM2M's; false when it is. */
bool https_well_known(struct https *h, struct maf_session *session, struct evhttp_request *req);

/* ---- https_response.c ---- */

void https_response_send(struct evhttp_request *req, const struct m2m_response *rs,
                         const struct https_exchange *ex);

/* ---- https_page.c ---- */

/* Callbacks that replace the pages that evhttp writes by itself. */
void https_page_on_output(struct evbuffer *buf, const struct evbuffer_cb_info *info, void *conn);
void https_page_replace(evutil_socket_t fd, short what, void *conn);

#endif
