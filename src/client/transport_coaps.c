/* The CoAP transports (TS-0008, spec/wire §6): coaps over DTLS, coaps+tcp over TLS. */
#include "client/coap_call.h"
#include "client/rounds.h"

#include <coap3/coap.h>
#include <pthread.h>

/* libcoap's log level is a variable of the process, which may use libcoap too: it is changed only while
 * something is parsed, and put back. */
om_rc coap_parse_quietly(enum om_coap_transport transport, const void *octets, size_t n,
                         struct om_coap_message *out, struct om_error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    (void)pthread_mutex_lock(&lock);
    coap_log_t before = coap_get_log_level();
    coap_set_log_level(LOG_EMERG);
    om_rc rc = om_coap_parse(transport, octets, n, out, err);
    coap_set_log_level(before);
    (void)pthread_mutex_unlock(&lock);
    return rc;
}

static om_rc exchange(attempt_call *call, bool lossy, struct attempt *attempt, struct om_error *err)
{
    if (attempt->rq->pc != NULL)
        OM_TRY(attempt->peer->home->format->print(attempt->rq->pc, &attempt->body, err));
    om_rc rc = rounds_run(attempt, call, lossy, err);
    om_secret_free(&attempt->body);
    return rc;
}

static om_rc exchange_dtls(const struct transport_peer *peer, const struct m2m_request *rq, bool idempotent,
                           transport_session *session, void *arg, struct m2m_response *rs,
                           struct om_error *err)
{
    struct attempt attempt = {
        .peer = peer, .rq = rq, .idempotent = idempotent, .session = session, .arg = arg, .rs = rs};
    return exchange(coap_dtls_call, true, &attempt, err);
}

static om_rc exchange_tls(const struct transport_peer *peer, const struct m2m_request *rq, bool idempotent,
                          transport_session *session, void *arg, struct m2m_response *rs,
                          struct om_error *err)
{
    struct attempt attempt = {
        .peer = peer, .rq = rq, .idempotent = idempotent, .session = session, .arg = arg, .rs = rs};
    return exchange(coap_tls_call, false, &attempt, err);
}

const struct transport transport_coaps = {.name = "coaps", .default_port = 5684, .exchange = exchange_dtls};
const struct transport transport_coaps_tcp = {
    .name = "coaps+tcp", .default_port = 5684, .exchange = exchange_tls};
