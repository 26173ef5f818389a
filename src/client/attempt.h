/* One request on its way to one address of the MAF, and what is said when it does not get through. */
#ifndef OPENMAF_CLIENT_ATTEMPT_H
#define OPENMAF_CLIENT_ATTEMPT_H

#include "client/net.h"
#include "client/transport.h"

struct attempt {
    const struct transport_peer *peer;
    const struct m2m_request *rq;
    struct om_secret body; /* content, or the whole primitive; may hold a Key Value */
    bool idempotent;
    transport_session *session; /* may be NULL */
    void *arg;
    struct m2m_response *rs;
    /* for each attempt */
    const struct net_address *address;
    int milliseconds; /* until the response must be complete */
    bool reached;     /* out: the request may have reached the MAF */
};

/* Makes one attempt. Errors as in struct transport. */
typedef om_rc attempt_call(struct attempt *attempt, struct om_error *err);

/* Calls the session hook, if there is one and it was not called yet: with the handshake done and the MAF
 * beginning to answer. */
OM_MUST_USE om_rc attempt_use_session(struct attempt *attempt, SSL *ssl, struct om_error *err);

/* The peer refused the handshake. alert: its description, or -1 when it fell silent instead, as DTLS does.
 * OM_ETRANSIENT for its own trouble, else OM_EDENIED. */
OM_MUST_USE om_rc attempt_refused(const struct attempt *attempt, int alert, struct om_error *err);

/* There was a session, and no answer. late: time is over; else the peer ended the session. */
OM_MUST_USE om_rc attempt_unanswered(const struct attempt *attempt, bool late, struct om_error *err);

#endif
