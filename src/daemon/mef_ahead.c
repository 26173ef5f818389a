/* See mef_ahead.h.
 *
 * Handshakes with the same KeID share one fetch. A KeID that the MEF does not know is not asked for again for
 * some seconds; a MEF that does not answer is left alone for some. Unknown KeIDs cost a MEF at most
 * `unknown-keids` questions a second from this worker, however many are made up, and one address can make it
 * use `unknown-keids-per-address` of these, so that it cannot keep others out: a question that ends well
 * gives its share back, so that many devices at once are no flood. */
#include "daemon/mef_ahead.h"
#include "bind/peer_address.h"
#include "daemon/mef_fetch.h"
#include "daemon/share.h"
#include "util/log.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FETCHES_MAX     16   /* of one MEF: a silent one takes no room from others */
#define WAITERS_MAX     16   /* handshakes of one fetch */
#define TIMEOUT_SECONDS 5    /* MEF-RP-6 */
#define NEGATIVE_MS     5000 /* MEF-RP-6: at most 10 s */
#define NEGATIVE_SLOTS  256
#define SILENT_MS       2000
#define UNKNOWN_BURST   4 /* seconds' worth of them at once */
#define ADDRESS_BURST   16
#define ADDRESSES       1024 /* of which some share a share */
#define MEFS_MAX        16   /* that are asked at once, and whose silence and share are remembered */

struct fetch {
    LIST_ENTRY(fetch) link;
    struct mef_ahead *owner;
    struct mef_fetch *work;
    struct ahead_waiters waiters;
    char keid[M2M_KEY_ID_SIZE];
    struct mef *mef;
    struct share *address; /* of the handshake that began it */
};

/* What is remembered of a MEF. */
struct mef {
    char fqdn[M2M_FQDN_SIZE];
    size_t fetching;
    int64_t silent_until; /* ms */
    struct share unknown; /* questions that may end with "unknown" */
};

struct negative {
    char keid[M2M_KEY_ID_SIZE];
    int64_t until; /* ms */
};

struct mef_ahead {
    struct ahead interface;
    struct mef_fetch_setup setup;
    struct mef_sessions sessions;
    LIST_HEAD(, fetch) fetches;
    size_t n_fetches;
    struct mef mefs[MEFS_MAX];
    struct negative negatives[NEGATIVE_SLOTS];
    unsigned unknown_rate, address_rate; /* a second */
    struct share addresses[ADDRESSES];
    uint8_t address_key[PEER_ADDRESS_KEY];
    struct mef_ahead_stats stats;
};

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- KeIDs that are not known ---- */

static struct negative *negative_of(struct mef_ahead *m, const char *keid)
{
    uint32_t h = 2166136261u; /* FNV-1a; a collision only forgets one early */
    for (const char *c = keid; *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * 16777619u;
    return &m->negatives[h % NEGATIVE_SLOTS];
}

static bool is_negative(struct mef_ahead *m, const char *keid)
{
    const struct negative *n = negative_of(m, keid);
    return n->until > now_ms() && strcmp(n->keid, keid) == 0;
}

static void remember(struct mef_ahead *m, const char *keid)
{
    struct negative *n = negative_of(m, keid);
    (void)stpcpy(n->keid, keid);
    n->until = now_ms() + NEGATIVE_MS;
}

/* ---- MEFs ---- */

/* What is remembered of a MEF; of more than there is room for, one that is not asked now is forgotten. NULL:
 * all of them are. */
static struct mef *mef_of(struct mef_ahead *m, const char *fqdn)
{
    struct mef *idle = NULL;
    for (size_t i = 0; i < MEFS_MAX; i++) {
        if (strcmp(m->mefs[i].fqdn, fqdn) == 0)
            return &m->mefs[i];
        if (m->mefs[i].fetching == 0 && (idle == NULL || idle->fqdn[0] != '\0'))
            idle = &m->mefs[i];
    }
    if (idle == NULL)
        return NULL;
    memset(idle, 0, sizeof *idle);
    (void)stpcpy(idle->fqdn, fqdn);
    return idle;
}

/* Takes one question of both shares; false when the MEF is to be left alone. */
static bool may_ask(const struct mef_ahead *m, struct mef *mef, struct share *address)
{
    int64_t now = now_ms();
    if (now < mef->silent_until || mef->fetching >= FETCHES_MAX ||
        !share_has(address, now, m->address_rate, ADDRESS_BURST * m->address_rate) ||
        !share_has(&mef->unknown, now, m->unknown_rate, UNKNOWN_BURST * m->unknown_rate))
        return false;
    share_take(address);
    share_take(&mef->unknown);
    return true;
}

/* ---- fetches ---- */

static struct fetch *find(struct mef_ahead *m, const char *keid)
{
    struct fetch *f;
    LIST_FOREACH(f, &m->fetches, link)
    if (strcmp(f->keid, keid) == 0)
        return f;
    return NULL;
}

static bool wait_for(struct fetch *f, struct ahead_waiter *w)
{
    size_t n = 0;
    const struct ahead_waiter *other;
    LIST_FOREACH(other, &f->waiters, link)
    n++;
    if (n >= WAITERS_MAX) {
        f->owner->stats.suppressed++;
        return false;
    }
    LIST_INSERT_HEAD(&f->waiters, w, link);
    w->waiting = true;
    return true;
}

static void wake(struct fetch *f)
{
    struct ahead_waiter *w;
    while ((w = LIST_FIRST(&f->waiters)) != NULL) {
        ahead_leave(w);
        w->go(w); /* the connection may end, and others with it leave the list */
    }
}

static void judge(struct mef_ahead *m, const struct fetch *f, om_rc rc, const struct om_error *err)
{
    struct mef *mef = f->mef;
    switch (rc) {
    case OM_OK:
        m->stats.fetched++;
        share_give(&mef->unknown);
        share_give(f->address);
        return;
    case OM_ETRANSIENT:
        m->stats.unanswered++;
        share_give(f->address);
        mef->silent_until = now_ms() + SILENT_MS;
        om_log(OM_LOG_WARNING, "MEF %s: %s", mef->fqdn, om_error_text(err, rc));
        return; /* nothing was said about the KeID: a device that comes back may be lucky */
    case OM_ENOTFOUND:
    case OM_EDENIED:
    case OM_ECONFLICT:
    case OM_EINTEGRITY:
        m->stats.refused++;
        om_audit("fetch-refused", "keid=%s mef=%s why=\"%s\"", f->keid, mef->fqdn, om_error_text(err, rc));
        break;
    default:
        om_log(OM_LOG_ERROR, "fetch of %s: %s", f->keid, om_error_text(err, rc));
        return; /* ours: nothing is said about the KeID */
    }
    remember(m, f->keid);
}

static void on_done(void *arg, om_rc rc, const struct om_error *err)
{
    struct fetch *f = arg;
    struct mef_ahead *m = f->owner;
    LIST_REMOVE(f, link);
    m->n_fetches--;
    f->mef->fetching--;
    judge(m, f, rc, err);
    wake(f);
    free(f);
}

/* NULL: the handshake goes on and is refused. */
static struct fetch *begin(struct mef_ahead *m, struct maf_remote *what, const struct sockaddr *peer)
{
    struct om_error err = {0};
    struct mef *mef = mef_of(m, what->mef.fqdn);
    struct share *address = &m->addresses[peer_address_hash(m->address_key, peer) % ADDRESSES];
    struct fetch *f = mef != NULL && may_ask(m, mef, address) ? calloc(1, sizeof *f) : NULL;
    if (f == NULL) {
        m->stats.suppressed++;
        maf_remote_free(what);
        return NULL;
    }
    f->owner = m;
    f->mef = mef;
    f->address = address;
    LIST_INIT(&f->waiters);
    memcpy(f->keid, what->keid, sizeof f->keid);
    om_rc rc = mef_fetch_start(&m->setup, what, on_done, f, &f->work, &err);
    if (rc != OM_OK) {
        judge(m, f, rc, &err);
        free(f);
        return NULL;
    }
    LIST_INSERT_HEAD(&m->fetches, f, link);
    m->n_fetches++;
    mef->fetching++;
    return f;
}

static bool ask(void *arg, const char *identity, struct ahead_waiter *w)
{
    struct mef_ahead *m = arg;
    struct maf_remote what;
    struct om_error err = {0};
    bool wanted = false;
    om_rc rc = maf_remote_wanted(m->setup.maf, identity, &what, &wanted, &err);
    if (rc != OM_OK)
        om_log(OM_LOG_WARNING, "looking for a KeID: %s", om_error_text(&err, rc));
    if (!wanted)
        return true;
    struct fetch *f = find(m, what.keid);
    if (f == NULL && is_negative(m, what.keid)) {
        m->stats.suppressed++;
        maf_remote_free(&what);
        return true;
    }
    if (f == NULL)
        f = begin(m, &what, w->peer);
    else
        maf_remote_free(&what);
    return f == NULL || !wait_for(f, w);
}

/* ---- life ---- */

om_rc mef_ahead_new(struct event_base *base, const struct service *service, const struct config *cfg,
                    struct mef_ahead **out, struct om_error *err)
{
    struct mef_ahead *m = calloc(1, sizeof *m);
    if (m == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for fetches");
    LIST_INIT(&m->fetches);
    om_rc rc = RAND_bytes(m->address_key, sizeof m->address_key) == 1
                   ? mef_sessions_open(service, cfg->custody, &m->sessions, err)
                   : om_fail(err, OM_EINTERNAL, "the random generator failed");
    if (rc != OM_OK) {
        free(m);
        return rc;
    }
    m->setup = (struct mef_fetch_setup){
        .base = base, .maf = service->maf, .sessions = &m->sessions, .timeout = TIMEOUT_SECONDS};
    m->unknown_rate = cfg->unknown_keids;
    m->address_rate = cfg->unknown_keids_per_address;
    m->interface = (struct ahead){ask, m};
    *out = m;
    return OM_OK;
}

void mef_ahead_free(struct mef_ahead *m)
{
    if (m == NULL)
        return;
    struct fetch *f;
    while ((f = LIST_FIRST(&m->fetches)) != NULL) {
        LIST_REMOVE(f, link);
        mef_fetch_cancel(f->work);
        while (!LIST_EMPTY(&f->waiters))
            ahead_leave(LIST_FIRST(&f->waiters));
        free(f);
    }
    mef_sessions_close(&m->sessions);
    free(m);
}

const struct ahead *mef_ahead_interface(const struct mef_ahead *m)
{
    return m != NULL ? &m->interface : NULL;
}

void mef_ahead_stats(const struct mef_ahead *m, struct mef_ahead_stats *out)
{
    *out = m->stats;
    out->fetching = m->n_fetches;
}
