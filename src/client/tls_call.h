/* What all transports have below them: one TLS or DTLS session in an event loop of its own, its time limits,
 * and what went wrong with it. The loop lives only as long as the attempt. */
#ifndef OPENMAF_CLIENT_TLS_CALL_H
#define OPENMAF_CLIENT_TLS_CALL_H

#include "client/attempt.h"

#include <event2/bufferevent_ssl.h>
#include <event2/event.h>

struct tls_call {
    struct attempt *attempt;
    struct event_base *base;
    SSL *ssl;
    struct bufferevent *bev; /* TLS; freed by whoever uses it, before tls_call_end */
    struct event *connect_timer, *timer;
    int connect_errno; /* why the socket did not connect, or 0 */
    bool connected, handshaken, late;
    int alert;                 /* description of a fatal alert from the peer, or -1 */
    unsigned long error;       /* DTLS: OpenSSL's, or 0; the bufferevent knows its own */
    om_rc judged;              /* what the certificate of the MAF was found to be; OM_OK: good, or not seen */
    struct om_error judgement; /* why, when it is not good */
    bool decided;
    om_rc rc; /* once decided */
    struct om_error *err;
};

/* Makes the loop, the SSL with the client's key or certificate, and the timers. Ended with tls_call_end, also
 * on failure. */
OM_MUST_USE om_rc tls_call_begin(struct tls_call *call, struct attempt *attempt, bool dtls,
                                 struct om_error *err);

/* TLS: makes the bufferevent, without a socket. Connecting is the user's part. The request counts as having
 * reached the MAF once TCP is connected. */
OM_MUST_USE om_rc tls_call_stream(struct tls_call *call, struct om_error *err);

/* TLS: the same, and connects it. Callbacks as for bufferevent_setcb, with `arg`. */
OM_MUST_USE om_rc tls_call_connect(struct tls_call *call, bufferevent_data_cb on_read,
                                   bufferevent_event_cb on_event, void *arg, struct om_error *err);

/* Ends the loop with a result; the first one counts. */
void tls_call_decide(struct tls_call *call, om_rc rc);

/* Runs the loop until it is decided, late, or left in another way. OM_EINTERNAL. */
OM_MUST_USE om_rc tls_call_run(struct tls_call *call, struct om_error *err);

/* Why there is no session; OM_OK when there is one. */
OM_MUST_USE om_rc tls_call_no_session(const struct tls_call *call, struct om_error *err);

/* What remains when the loop has ended: the result decided, or why there is no session, or no answer. */
OM_MUST_USE om_rc tls_call_result(const struct tls_call *call, struct om_error *err);

/* Says goodbye to the peer (close_notify), where there is a session. Before the socket is closed. */
void tls_call_goodbye(struct tls_call *call);

void tls_call_end(struct tls_call *call);

#endif
