/* The HTTPS transport (TS-0009): all addresses of the MAF in turn, and a few more rounds with growing pauses
 * when none can be connected to and the request may be repeated. */
#include "client/https_call.h"
#include "client/net.h"
#include "client/transport.h"

#include <time.h>

#define ROUNDS       3
#define FIRST_PAUSE  200 /* milliseconds; then four times as long each */
#define PAUSE_FACTOR 4

static int64_t milliseconds_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pause_for(int64_t milliseconds)
{
    const struct timespec t = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* Every address once, until one connects. */
static om_rc one_round(struct https_attempt *attempt, const struct net_address *addresses, size_t n,
                       int64_t deadline, struct m2m_response *rs, bool *connected, struct om_error *err)
{
    om_rc rc = OM_OK;
    *connected = false;
    for (size_t i = 0; i < n && !*connected; i++) {
        int64_t left = deadline - milliseconds_now();
        if (left <= 0)
            return rc != OM_OK
                       ? rc
                       : om_fail(err, OM_ETRANSIENT, "no time left to connect to %s", addresses[i].text);
        attempt->host = addresses[i].host;
        attempt->address = addresses[i].text;
        attempt->milliseconds = (int)left;
        rc = https_call(attempt, rs, connected, err);
    }
    return rc;
}

static om_rc try_rounds(struct https_attempt *attempt, bool idempotent, struct m2m_response *rs,
                        struct om_error *err)
{
    const struct home *home = attempt->peer->home;
    int64_t deadline = milliseconds_now() + (int64_t)home->timeout * 1000;
    struct net_address addresses[NET_ADDRESSES_MAX];
    size_t n = 0;
    OM_TRY(net_resolve(home->host, home->port, addresses, &n, err));
    attempt->port = home->port;
    int64_t pause = FIRST_PAUSE;
    bool connected = false;
    om_rc rc = one_round(attempt, addresses, n, deadline, rs, &connected, err);
    for (int round = 1; idempotent && rc == OM_ETRANSIENT && !connected && round < ROUNDS; round++) {
        if (milliseconds_now() + pause >= deadline)
            break;
        pause_for(pause);
        pause *= PAUSE_FACTOR;
        rc = one_round(attempt, addresses, n, deadline, rs, &connected, err);
    }
    return rc;
}

static om_rc exchange(const struct transport_peer *peer, const struct m2m_request *rq, bool idempotent,
                      transport_session *session, void *arg, struct m2m_response *rs, struct om_error *err)
{
    struct om_secret body = OM_SECRET_INIT; /* may hold a Key Value */
    if (rq->pc != NULL)
        OM_TRY(m2m_json_print(rq->pc, &body, err));
    struct https_attempt attempt = {.peer = peer, .rq = rq, .body = &body, .session = session, .arg = arg};
    struct net_sigpipe sigpipe;
    net_sigpipe_block(&sigpipe);
    om_rc rc = try_rounds(&attempt, idempotent, rs, err);
    net_sigpipe_restore(&sigpipe);
    om_secret_free(&body);
    return rc;
}

const struct transport transport_https = {.name = "https", .default_port = 443, .exchange = exchange};
