/* Rounds of attempts: see rounds.h. */
#include "client/rounds.h"
#include "onem2m/types.h"

#include <sys/random.h>
#include <time.h>

#define ROUNDS       3   /* without `lossy` */
#define FIRST_PAUSE  200 /* milliseconds; then four times as long each */
#define PAUSE_FACTOR 4

/* A half more or less, so that devices that fail together do not come back together. */
static int64_t jitter(int64_t milliseconds)
{
    uint8_t r;
    if (getrandom(&r, sizeof r, GRND_NONBLOCK) != sizeof r)
        return milliseconds;
    return milliseconds / 2 + milliseconds * r / 255;
}

static void pause_for(int64_t milliseconds)
{
    const struct timespec t = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

struct rounds {
    struct attempt *attempt;
    attempt_call *call;
    bool lossy;    /* as in rounds_run */
    bool repeated; /* a former attempt reached the MAF */
    int64_t deadline;
    size_t n;
    struct net_address addresses[NET_ADDRESSES_MAX];
};

/* Every address once, until one is reached. */
static om_rc one_round(struct rounds *r, struct om_error *err)
{
    struct attempt *a = r->attempt;
    om_rc rc = OM_OK;
    a->reached = false;
    for (size_t i = 0; i < r->n && !a->reached; i++) {
        int64_t left = r->deadline - net_milliseconds();
        if (left <= 0)
            return rc != OM_OK
                       ? rc
                       : om_fail(err, OM_ETRANSIENT, "no time left to connect to %s", r->addresses[i].text);
        a->address = &r->addresses[i];
        a->milliseconds = (int)left;
        rc = r->call(a, err);
    }
    return rc;
}

static bool may_repeat(const struct rounds *r)
{
    const struct attempt *a = r->attempt;
    return r->lossy ? a->idempotent || !a->reached : a->idempotent && !a->reached;
}

/* The answer to a DELETE that was lost said "deleted"; its repetition finds nothing. */
static void settle_repeated(struct rounds *r)
{
    struct m2m_response *rs = r->attempt->rs;
    if (!r->repeated || r->attempt->rq->op != M2M_OP_DELETE || rs->rsc != M2M_NOT_FOUND)
        return;
    m2m_response_free(rs);
    rs->rsc = M2M_DELETED;
}

static om_rc run(struct rounds *r, struct om_error *err)
{
    const struct home *home = r->attempt->peer->home;
    r->deadline = net_milliseconds() + (int64_t)home->timeout * 1000;
    OM_TRY(net_resolve(r->attempt->peer->server->host, r->attempt->peer->port, r->addresses, &r->n, err));
    int64_t pause = FIRST_PAUSE;
    om_rc rc = one_round(r, err);
    for (int round = 1; rc == OM_ETRANSIENT && may_repeat(r) && (r->lossy || round < ROUNDS); round++) {
        int64_t now = jitter(pause);
        if (net_milliseconds() + now >= r->deadline)
            break;
        r->repeated = r->repeated || r->attempt->reached;
        pause_for(now);
        pause *= PAUSE_FACTOR;
        m2m_response_free(r->attempt->rs);
        rc = one_round(r, err);
    }
    if (rc == OM_OK)
        settle_repeated(r);
    return rc;
}

om_rc rounds_run(struct attempt *attempt, attempt_call *call, bool lossy, struct om_error *err)
{
    struct rounds r = {.attempt = attempt, .call = call, .lossy = lossy};
    struct net_sigpipe sigpipe;
    net_sigpipe_block(&sigpipe);
    om_rc rc = run(&r, err);
    net_sigpipe_restore(&sigpipe);
    return rc;
}
