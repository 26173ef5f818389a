/* The supervisor's loop: see supervisor.h.
 *
 *   SIGTERM, SIGINT  drain and end; a second one does not wait
 *   SIGHUP           read the configuration again; a bad one is reported and the old one stays
 *   SIGUSR1          workers log their counters
 */
#include "daemon/supervisor.h"
#include "daemon/generation.h"
#include "daemon/rundir.h"
#include "daemon/state.h"
#include "util/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS    1000
#define HUNG_MS    (6 * REPORT_SECONDS * 1000) /* a worker that says nothing for so long is stuck */
#define METRICS_MS (REPORT_SECONDS * 1000)
#define START_TRIES                                                                                          \
    2 /* of a worker that says it cannot start: somebody else may have been writing the token */

struct supervisor {
    char dir[PATH_MAX];
    int lock;
    int signals;
    struct generations all;
    bool stopping, reload_again, failed;
    int64_t metrics_at;
    struct state state;
};

static struct generation *serving(const struct supervisor *v, enum generation_state state)
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

static void stop_all(struct supervisor *v)
{
    struct generation *g;
    LIST_FOREACH(g, &v->all, link)
    drain(g);
    v->stopping = true;
    v->reload_again = false;
    state_stopping(&v->state);
}

/* A generation that cannot start: the older one goes on, or, when there is none, mafd ends. */
static void give_up(struct supervisor *v, struct generation *g, const char *why)
{
    if (v->stopping || g->state == GENERATION_DRAINING)
        return;
    if (serving(v, GENERATION_SERVING) != NULL) {
        om_log(OM_LOG_ERROR, "reload failed, the old configuration stays: %s", why);
        drain(g);
        return;
    }
    om_log(OM_LOG_ERROR, "%s", why);
    v->failed = true;
    stop_all(v);
}

/* One at a time: a token that keeps its state in files, as SoftHSM does, is misread while another process
 * logs in. */
static void spawn_missing(struct generation *g)
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

static om_rc begin(struct supervisor *v, const struct config *cfg, struct om_error *err)
{
    struct generation *g;
    OM_TRY(generation_new(cfg, v->lock, serving(v, GENERATION_SERVING), &g, err));
    LIST_INSERT_HEAD(&v->all, g, link);
    om_log_set_level((enum om_log_level)cfg->log_level);
    spawn_missing(g);
    return OM_OK;
}

static void reload(struct supervisor *v)
{
    struct config cfg;
    struct om_error err = {0};
    if (v->stopping)
        return;
    if (serving(v, GENERATION_STARTING) != NULL) {
        v->reload_again = true;
        return;
    }
    v->reload_again = false;
    state_reloading(&v->state);
    om_rc rc = config_load(v->dir, &cfg, &err);
    if (rc == OM_OK)
        rc = begin(v, &cfg, &err);
    if (rc != OM_OK) {
        om_log(OM_LOG_ERROR, "reload failed, the old configuration stays: %s", om_error_text(&err, rc));
        state_update(&v->state, serving(v, GENERATION_SERVING));
    }
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
    om_rc rc = rundir_announce(g, &err);
    if (rc != OM_OK)
        om_log(OM_LOG_WARNING, "%s", om_error_text(&err, rc));
    state_ready(&v->state, g);
}

static void take_report(struct supervisor *v, struct generation *g, struct slot *s, const struct report *r)
{
    s->heard = generation_now();
    s->last = *r;
    s->last.text[sizeof s->last.text - 1] = '\0';
    if (r->kind == REPORT_READY)
        s->ready = true;
    if (g->state == GENERATION_STARTING && generation_all_ready(g))
        take_over(v, g);
    else if (g->state == GENERATION_SERVING)
        state_update(&v->state, g);
}

static void read_reports(struct supervisor *v, struct generation *g, struct slot *s)
{
    struct report r;
    while (s->control >= 0 && recv(s->control, &r, sizeof r, MSG_DONTWAIT) == (ssize_t)sizeof r)
        take_report(v, g, s, &r);
}

/* The reason of a worker's end, from its last words or its status. */
static void explain(const struct slot *s, int status, char *out, size_t cap)
{
    if (s->last.kind == REPORT_FAILED)
        (void)snprintf(out, cap, "%s", s->last.text);
    else if (WIFSIGNALED(status))
        (void)snprintf(out, cap, "killed by signal %d", WTERMSIG(status));
    else
        (void)snprintf(out, cap, "exit status %d", WEXITSTATUS(status));
}

static void ended(struct supervisor *v, struct generation *g, unsigned n, int status)
{
    struct slot *s = &g->slots[n];
    char why[600];
    read_reports(v, g, s);
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
    state_update(&v->state, serving(v, GENERATION_SERVING));
}

static void reap(struct supervisor *v)
{
    int status;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        struct generation *g;
        LIST_FOREACH(g, &v->all, link)
        for (unsigned n = 0; n < g->cfg.workers; n++)
            if (g->slots[n].pid == pid)
                ended(v, g, n, status);
    }
}

static void take_signal(struct supervisor *v, int sig)
{
    struct generation *g;
    if (sig == SIGHUP) {
        reload(v);
    } else if (sig == SIGUSR1) {
        LIST_FOREACH(g, &v->all, link)
        generation_kill(g, SIGUSR1);
    } else if (sig != SIGCHLD && v->stopping) {
        LIST_FOREACH(g, &v->all, link)
        generation_kill(g, SIGKILL);
    } else if (sig != SIGCHLD) {
        om_log(OM_LOG_NOTICE, "stopping");
        stop_all(v);
    }
}

static void read_signals(struct supervisor *v)
{
    struct signalfd_siginfo info;
    while (read(v->signals, &info, sizeof info) == (ssize_t)sizeof info)
        take_signal(v, (int)info.ssi_signo);
}

/* Waits for signals and reports, at most one tick. */
static void wait_for_events(struct supervisor *v)
{
    struct pollfd fds[1 + 4 * 256];
    struct slot *slots[1 + 4 * 256];
    struct generation *gens[1 + 4 * 256];
    nfds_t n = 0;
    struct generation *g;
    fds[n++] = (struct pollfd){.fd = v->signals, .events = POLLIN};
    LIST_FOREACH(g, &v->all, link)
    for (unsigned i = 0; i < g->cfg.workers && n < sizeof fds / sizeof fds[0]; i++) {
        if (g->slots[i].control < 0)
            continue;
        slots[n] = &g->slots[i];
        gens[n] = g;
        fds[n++] = (struct pollfd){.fd = g->slots[i].control, .events = POLLIN};
    }
    if (poll(fds, n, TICK_MS) < 0)
        return;
    for (nfds_t i = 1; i < n; i++)
        if ((fds[i].revents & POLLIN) != 0)
            read_reports(v, gens[i], slots[i]);
    read_signals(v);
}

static void kill_hung(struct generation *g)
{
    int64_t now = generation_now();
    for (unsigned n = 0; n < g->cfg.workers; n++) {
        struct slot *s = &g->slots[n];
        if (s->pid <= 0 || !s->ready || now - s->heard < HUNG_MS)
            continue;
        om_log(OM_LOG_ERROR, "worker %u is stuck: nothing heard for %d s; killed", n, HUNG_MS / 1000);
        (void)kill(s->pid, SIGKILL);
        s->heard = now;
    }
}

/* What time brings: restarts, ends that take too long, metrics. */
static void tick(struct supervisor *v)
{
    int64_t now = generation_now();
    struct om_error err = {0};
    struct generation *g = LIST_FIRST(&v->all);
    while (g != NULL) {
        struct generation *next = LIST_NEXT(g, link);
        spawn_missing(g);
        kill_hung(g);
        if (g->state == GENERATION_DRAINING && now >= g->kill_at)
            generation_kill(g, SIGKILL);
        if (g->state == GENERATION_DRAINING && generation_running(g) == 0) {
            LIST_REMOVE(g, link);
            generation_free(g);
        }
        g = next;
    }
    if (v->reload_again)
        reload(v);
    g = serving(v, GENERATION_SERVING);
    if (g != NULL && now >= v->metrics_at) {
        v->metrics_at = now + METRICS_MS;
        if (rundir_metrics(g, &err) != OM_OK)
            om_log(OM_LOG_WARNING, "metrics: %s", err.text);
    }
    state_alive(&v->state);
}

static int open_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    const int ours[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        (void)sigaddset(&set, ours[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int supervisor_run(const struct config *cfg, int lock)
{
    struct supervisor v = {.lock = lock, .all = LIST_HEAD_INITIALIZER(v.all)};
    struct om_error err = {0};
    (void)snprintf(v.dir, sizeof v.dir, "%s", cfg->dir);
    v.signals = open_signals();
    om_rc rc = v.signals >= 0 ? begin(&v, cfg, &err)
                              : om_fail(&err, OM_EINTERNAL, "no signal descriptor: %s", strerror(errno));
    if (rc != OM_OK) {
        om_log(OM_LOG_ERROR, "%s", om_error_text(&err, rc));
        return 1;
    }
    while (!LIST_EMPTY(&v.all)) {
        wait_for_events(&v);
        reap(&v);
        tick(&v);
    }
    rundir_clear(v.dir);
    om_log(OM_LOG_NOTICE, "ended");
    return v.failed ? 1 : 0;
}
