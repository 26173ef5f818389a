/* A worker process: see worker.h. SIGTERM drains, SIGUSR1 logs counters. Its supervisor's death kills it. */
#include "daemon/worker.h"
#include "daemon/bindings.h"
#include "daemon/harden.h"
#include "daemon/mef_ahead.h"
#include "daemon/program.h"
#include "daemon/report.h"
#include "daemon/sandbox.h"
#include "daemon/service.h"
#include "util/log.h"
#include "util/text.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PURGE_FIRST   1 /* seconds: what expired while nobody served */
#define PURGE_SECONDS 60
/* Between parts of a purge, each of which takes some 20 ms: a tenth of the time for it, for requests the
 * rest. A million records then take ten minutes. */
#define PURGE_PAUSE_US 250000

struct worker {
    const struct worker_start *start;
    struct event_base *base;
    struct service service;
    struct mef_ahead *mefs; /* of a MAF; else NULL */
    struct bindings bindings;
    struct event *control, *sigterm, *sigusr1, *health, *purge, *drain_poll, *drain_end;
    size_t purged; /* of a purge that is not done yet */
};

static void collect(const struct worker *w, struct report *r)
{
    bindings_stats(&w->bindings, r);
    if (w->service.maf != NULL)
        maf_stats(w->service.maf, &r->maf);
    omtls_stats(&r->tls);
    r->certificate_not_after = (size_t)w->service.certificates.not_after;
    if (w->mefs != NULL)
        mef_ahead_stats(w->mefs, &r->mefs);
}

static void tell(const struct worker *w, enum report_kind kind, om_rc rc, const struct om_error *err)
{
    struct report r = {.kind = kind, .rc = rc};
    if (rc != OM_OK)
        (void)snprintf(r.text, sizeof r.text, "%s", om_error_text(err, rc));
    collect(w, &r);
    /* A supervisor that is too busy to read misses a status, not a worker's life. */
    (void)send(w->start->control, &r, sizeof r, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_health(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct worker *w = arg;
    struct om_error err = {0};
    om_rc rc = maf_health(w->service.maf, &err);
    service_watch(&w->service, w->start->slot == 0);
    tell(w, REPORT_STATUS, rc, &err);
}

static void on_purge(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    static const struct timeval later = {.tv_sec = PURGE_SECONDS}, soon = {.tv_usec = PURGE_PAUSE_US};
    struct worker *w = arg;
    struct om_error err = {0};
    size_t deleted = 0;
    bool more = false;
    om_rc rc = maf_purge(w->service.maf, &deleted, &more, &err);
    w->purged += deleted;
    if (rc != OM_OK)
        om_log(OM_LOG_WARNING, "expired records stay for now: %s", om_error_text(&err, rc));
    if (!more && w->purged > 0) {
        om_log(OM_LOG_INFO, "%zu expired records removed", w->purged);
        w->purged = 0;
    }
    (void)evtimer_add(w->purge, more ? &soon : &later);
}

static void on_sigusr1(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct report r = {0};
    collect(arg, &r);
    om_log(
        OM_LOG_NOTICE,
        "https: connections %zu, accepted %llu, handshakes %llu, failed %llu, requests %llu, time-outs %llu; "
        "coaps: sessions %zu, requests %llu; coaps+tcp: sessions %zu, requests %llu; keys loaded %zu",
        r.https.connections, (unsigned long long)r.https.accepted, (unsigned long long)r.https.handshakes,
        (unsigned long long)r.https.handshake_failures, (unsigned long long)r.https.requests,
        (unsigned long long)r.https.timeouts, r.coaps.sessions, (unsigned long long)r.coaps.requests,
        r.coaps_tcp.sessions, (unsigned long long)r.coaps_tcp.requests, r.maf.cache.loaded);
}

static void on_drain_poll(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct worker *w = arg;
    if (bindings_drained(&w->bindings))
        (void)event_base_loopbreak(w->base);
}

static void on_drain_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct worker *w = arg;
    om_log(OM_LOG_WARNING, "open connections are cut: they did not end within %u s",
           w->start->cfg->drain_timeout);
    (void)event_base_loopbreak(w->base);
}

static void on_sigterm(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct worker *w = arg;
    const struct timeval poll = {.tv_usec = 20000};
    const struct timeval end = {.tv_sec = (time_t)w->start->cfg->drain_timeout};
    bindings_drain(&w->bindings);
    (void)event_add(w->drain_poll, &poll);
    (void)event_add(w->drain_end, &end);
}

/* The supervisor says one thing only: the worker before us has let go of the sockets. */
static void on_control(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct worker *w = arg;
    char go;
    ssize_t n = recv(fd, &go, sizeof go, MSG_DONTWAIT);
    if (n == 1)
        bindings_begin(&w->bindings);
    else if (n == 0)
        (void)event_del(w->control);
}

static om_rc make_events(struct worker *w, struct om_error *err)
{
    const struct timeval health = {.tv_sec = REPORT_SECONDS};
    const struct timeval purge = {.tv_sec = PURGE_FIRST};
    w->sigterm = evsignal_new(w->base, SIGTERM, on_sigterm, w);
    w->sigusr1 = evsignal_new(w->base, SIGUSR1, on_sigusr1, w);
    w->health = event_new(w->base, -1, EV_PERSIST, on_health, w);
    w->purge = evtimer_new(w->base, on_purge, w);
    w->drain_poll = event_new(w->base, -1, EV_PERSIST, on_drain_poll, w);
    w->drain_end = event_new(w->base, -1, 0, on_drain_end, w);
    w->control = event_new(w->base, w->start->control, EV_READ | EV_PERSIST, on_control, w);
    bool made =
        w->control && w->sigterm && w->sigusr1 && w->health && w->purge && w->drain_poll && w->drain_end;
    if (!made || event_add(w->sigterm, NULL) != 0 || event_add(w->sigusr1, NULL) != 0 ||
        event_add(w->control, NULL) != 0 || event_add(w->health, &health) != 0 ||
        (w->start->slot == 0 && event_add(w->purge, &purge) != 0))
        return om_fail(err, OM_ENOMEM, "no memory for an event loop");
    sigset_t all; /* blocked since the fork, so that none was lost */
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_UNBLOCK, &all, NULL);
    return OM_OK;
}

static om_rc start(struct worker *w, struct om_error *err)
{
    w->base = event_base_new();
    if (w->base == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for an event loop");
    OM_TRY(service_open(w->start->cfg, &w->service, err));
    OM_TRY(make_events(w, err));
    if (daemon_program.role == &maf_role_maf)
        OM_TRY(mef_ahead_new(w->base, &w->service, w->start->cfg, &w->mefs, err));
    OM_TRY(bindings_start(&w->bindings, w->base, &w->service, mef_ahead_interface(w->mefs), w->start, err));
    return w->start->cfg->sandbox ? sandbox_enter(err) : OM_OK;
}

static void stop(struct worker *w)
{
    struct event *events[] = {w->control, w->sigterm,    w->sigusr1,  w->health,
                              w->purge,   w->drain_poll, w->drain_end};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i] != NULL)
            event_free(events[i]);
    bindings_free(&w->bindings);
    mef_ahead_free(w->mefs);
    service_close(&w->service);
    if (w->base != NULL)
        event_base_free(w->base);
}

static void log_event(int severity, const char *text)
{
    om_log(severity >= EVENT_LOG_ERR ? OM_LOG_ERROR : OM_LOG_DEBUG, "libevent: %s", text);
}

int worker_run(const struct worker_start *begin)
{
    struct worker w = {.start = begin};
    struct om_error err = {0};
    event_set_log_callback(log_event);
    harden_memory(begin->slot == 0);
    om_rc rc = start(&w, &err);
    if (rc == OM_OK) {
        tell(&w, REPORT_READY, OM_OK, NULL);
        (void)event_base_dispatch(w.base);
    } else {
        tell(&w, REPORT_FAILED, rc, &err);
    }
    stop(&w);
    return rc == OM_OK ? 0 : 1;
}
