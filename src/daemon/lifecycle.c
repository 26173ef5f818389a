/* What becomes of generations and their workers: start, take-over, restart, reload, end. */
#include "daemon/rundir.h"
#include "daemon/supervisor_internal.h"
#include "util/log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* Of a worker that says it cannot start: somebody else may have been writing the token. */
#define START_TRIES 2

struct generation *lifecycle_find(const struct supervisor *v, enum generation_state state)
{
    struct generation *g;
    LIST_FOREACH(g, &v->all, link)
    if (g->state == state)
        return g;
    return NULL;
}

static void drain(struct generation *g)
{
    if (g->state != GENERATION_DRAINING)
        generation_drain(g);
}

void lifecycle_stop(struct supervisor *v)
{
    struct generation *g;
    LIST_FOREACH(g, &v->all, link)
    drain(g);
    v->stopping = true;
    state_stopping(&v->state);
}

/* A generation that cannot start: the older one goes on, or, when there is none, mafd ends. */
static void give_up(struct supervisor *v, struct generation *g, const char *why)
{
    if (v->stopping || g->state == GENERATION_DRAINING)
        return;
    if (lifecycle_find(v, GENERATION_SERVING) != NULL) {
        state_reload_failed(&v->state, why);
        drain(g);
        return;
    }
    om_log(OM_LOG_ERROR, "%s", why);
    v->failed = true;
    lifecycle_stop(v);
}

/* One at a time: a token that keeps its state in files, as SoftHSM does, is misread while another process
 * logs in. */
void lifecycle_spawn(struct generation *g)
{
    struct om_error err = {0};
    int64_t now = generation_now();
    for (unsigned n = 0; n < g->cfg.workers; n++) {
        struct slot *s = &g->slots[n];
        if (g->state == GENERATION_DRAINING || generation_starting_one(g))
            return;
        if (s->pid > 0 || now < s->respawn_at)
            continue;
        om_rc rc = generation_spawn(g, n, &err);
        if (rc == OM_OK)
            continue;
        om_log(OM_LOG_ERROR, "worker %u: %s", n, om_error_text(&err, rc));
        s->respawn_at = now + TICK_MS;
    }
}

om_rc lifecycle_begin(struct supervisor *v, const struct config *cfg, struct om_error *err)
{
    struct generation *g;
    OM_TRY(generation_new(cfg, v->lock, lifecycle_find(v, GENERATION_SERVING), &g, err));
    LIST_INSERT_HEAD(&v->all, g, link);
    om_log_set_level((enum om_log_level)cfg->log_level);
    lifecycle_spawn(g);
    return OM_OK;
}

void lifecycle_reload(struct supervisor *v)
{
    struct config cfg;
    struct om_error err = {0};
    if (v->stopping)
        return;
    struct generation *unfinished = lifecycle_find(v, GENERATION_STARTING);
    state_reloading(&v->state);
    om_rc rc = config_load(v->kind, v->dir, &cfg, &err);
    if (rc == OM_OK)
        rc = lifecycle_begin(v, &cfg, &err);
    if (rc == OM_OK && unfinished != NULL)
        drain(unfinished); /* overtaken by this one */
    if (rc != OM_OK)
        state_reload_failed(&v->state, om_error_text(&err, rc));
}

/* All of g's workers are ready: it takes over. */
static void take_over(struct supervisor *v, struct generation *g)
{
    struct om_error err = {0};
    struct generation *old;
    g->state = GENERATION_SERVING;
    LIST_FOREACH(old, &v->all, link)
    if (old != g)
        drain(old);
    for (unsigned n = 0; n < g->cfg.workers; n++)
        generation_begin(&g->slots[n]);
    om_rc rc = rundir_announce(g, &err);
    if (rc != OM_OK)
        om_log(OM_LOG_WARNING, "%s", om_error_text(&err, rc));
    state_ready(&v->state, g);
}

void lifecycle_report(struct supervisor *v, struct generation *g, struct slot *s, const struct report *r)
{
    s->heard = generation_now();
    s->last = *r;
    s->last.text[sizeof s->last.text - 1] = '\0';
    if (r->kind == REPORT_READY)
        s->ready = true;
    if (g->state == GENERATION_STARTING && generation_all_ready(g))
        take_over(v, g);
    else if (g->state == GENERATION_SERVING) {
        if (r->kind == REPORT_READY)
            generation_begin(s);
        state_update(&v->state, g);
    }
}

/* The reason of a worker's end, from its last words or its status. */
static void explain(const struct slot *s, int status, char *out, size_t cap)
{
    if (s->overdue)
        (void)snprintf(out, cap, "it did not start in time: the token or the database does not answer");
    else if (s->last.kind == REPORT_FAILED)
        (void)snprintf(out, cap, "%s", s->last.text);
    else if (WIFSIGNALED(status))
        (void)snprintf(out, cap, "killed by signal %d", WTERMSIG(status));
    else
        (void)snprintf(out, cap, "exit status %d", WEXITSTATUS(status));
}

void lifecycle_ended(struct supervisor *v, struct generation *g, unsigned n, int status)
{
    struct slot *s = &g->slots[n];
    char why[600];
    explain(s, status, why, sizeof why);
    bool permanent = s->last.kind != REPORT_FAILED || s->last.rc != OM_ETRANSIENT;
    generation_ended(g, s);
    memset(&s->last, 0, sizeof s->last);
    if (g->state == GENERATION_DRAINING)
        return;
    if (g->state == GENERATION_STARTING && permanent && s->failures >= START_TRIES) {
        give_up(v, g, why);
        return;
    }
    om_log(OM_LOG_WARNING, "worker %u ended: %s; started again in %lld ms", n, why,
           (long long)(s->respawn_at - generation_now()));
    state_update(&v->state, lifecycle_find(v, GENERATION_SERVING));
}
