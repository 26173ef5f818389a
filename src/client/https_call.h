/* One request to one address over HTTPS: connect, handshake, request, response, close. */
#ifndef OPENMAF_CLIENT_HTTPS_CALL_H
#define OPENMAF_CLIENT_HTTPS_CALL_H

#include "client/transport.h"

struct https_attempt {
    const struct transport_peer *peer;
    const struct m2m_request *rq;
    const struct om_secret *body;
    transport_session *session; /* may be NULL */
    void *arg;
    const char *host; /* numeric */
    uint16_t port;
    const char *address; /* for messages */
    int milliseconds;    /* until the response must be complete */
};

/* *connected tells, also on failure, whether TCP connected; if not, nothing was sent. Errors as in struct
 * transport. */
OM_MUST_USE om_rc https_call(const struct https_attempt *attempt, struct m2m_response *rs, bool *connected,
                             struct om_error *err);

#endif
