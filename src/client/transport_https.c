/* The HTTPS transport (TS-0009). */
#include "client/https_call.h"
#include "client/rounds.h"

static om_rc exchange(const struct transport_peer *peer, const struct m2m_request *rq, bool idempotent,
                      transport_session *session, void *arg, struct m2m_response *rs, struct om_error *err)
{
    struct attempt attempt = {
        .peer = peer, .rq = rq, .idempotent = idempotent, .session = session, .arg = arg, .rs = rs};
    if (rq->pc != NULL)
        OM_TRY(peer->home->format->print(rq->pc, &attempt.body, err));
    om_rc rc = rounds_run(&attempt, https_call, false, err);
    om_secret_free(&attempt.body);
    return rc;
}

const struct transport transport_https = {.name = "https", .default_port = 443, .exchange = exchange};
