/* The supervisor's loop: see supervisor.h.
 *
 *   SIGTERM, SIGINT  drain and end; a second one does not wait
 *   SIGHUP           read the configuration again; a bad one is reported and the old one stays
 *   SIGUSR1          workers log their counters
 */
#include "daemon/supervisor.h"
#include "daemon/rundir.h"
#include "daemon/supervisor_internal.h"
#include "util/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUNG_MS    (6 * REPORT_SECONDS * 1000) /* a worker that says nothing for so long is stuck */
#define METRICS_MS (REPORT_SECONDS * 1000)

static void read_reports(struct supervisor *v, struct generation *g, struct slot *s)
{
    struct report r;
    while (s->control >= 0 && recv(s->control, &r, sizeof r, MSG_DONTWAIT) == (ssize_t)sizeof r)
        lifecycle_report(v, g, s, &r);
}

static void reap(struct supervisor *v)
{
    int status;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        struct generation *g;
        LIST_FOREACH(g, &v->all, link)
        for (unsigned n = 0; n < g->cfg.workers; n++)
            if (g->slots[n].pid == pid) {
                read_reports(v, g, &g->slots[n]); /* its last words */
                lifecycle_ended(v, g, n, status);
            }
    }
}

static void take_signal(struct supervisor *v, int sig)
{
    struct generation *g;
    if (sig == SIGHUP) {
        lifecycle_reload(v);
    } else if (sig == SIGUSR1) {
        LIST_FOREACH(g, &v->all, link)
        generation_kill(g, SIGUSR1);
    } else if (sig != SIGCHLD && v->stopping) {
        LIST_FOREACH(g, &v->all, link)
        generation_kill(g, SIGKILL);
    } else if (sig != SIGCHLD) {
        om_log(OM_LOG_NOTICE, "stopping");
        lifecycle_stop(v);
    }
}

static void read_signals(struct supervisor *v)
{
    struct signalfd_siginfo info;
    while (read(v->signals, &info, sizeof info) == (ssize_t)sizeof info)
        take_signal(v, (int)info.ssi_signo);
}

static int64_t sooner(int64_t due, int64_t other)
{
    return other > 0 && other < due ? other : due;
}

/* Milliseconds until time brings something. */
static int time_left(const struct supervisor *v)
{
    int64_t now = generation_now();
    int64_t due = now + TICK_MS;
    struct generation *g;
    LIST_FOREACH(g, &v->all, link)
    {
        due = sooner(due, g->kill_at);
        if (generation_starting_one(g))
            continue; /* the next one waits for it, not for time; its own time is looked at each tick */
        for (unsigned n = 0; n < g->cfg.workers; n++)
            due = sooner(due, g->slots[n].respawn_at);
    }
    return due > now ? (int)(due - now) : 0;
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
    if (poll(fds, n, time_left(v)) < 0)
        return;
    for (nfds_t i = 1; i < n; i++)
        if ((fds[i].revents & POLLIN) != 0)
            read_reports(v, gens[i], slots[i]);
    read_signals(v);
}

/* A token that does not answer while a worker starts: the others wait for it, and a reload too. */
static void kill_overdue(const struct generation *g, unsigned n, struct slot *s, int64_t now)
{
    if (s->overdue || now - s->started < (int64_t)g->cfg.start_timeout * 1000)
        return;
    om_log(OM_LOG_ERROR, "worker %u did not start within %u s; killed", n, g->cfg.start_timeout);
    (void)kill(s->pid, SIGKILL);
    s->overdue = true;
}

static void kill_hung(struct generation *g)
{
    int64_t now = generation_now();
    for (unsigned n = 0; n < g->cfg.workers; n++) {
        struct slot *s = &g->slots[n];
        if (s->pid > 0 && !s->ready)
            kill_overdue(g, n, s, now);
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
        lifecycle_spawn(g);
        kill_hung(g);
        if (g->state == GENERATION_DRAINING && now >= g->kill_at)
            generation_kill(g, SIGKILL);
        if (g->state == GENERATION_DRAINING && generation_running(g) == 0) {
            LIST_REMOVE(g, link);
            generation_free(g);
        }
        g = next;
    }
    g = lifecycle_find(v, GENERATION_SERVING);
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
    struct supervisor v = {.kind = cfg->kind, .lock = lock, .all = LIST_HEAD_INITIALIZER(v.all)};
    struct om_error err = {0};
    (void)snprintf(v.dir, sizeof v.dir, "%s", cfg->dir);
    v.signals = open_signals();
    om_rc rc = v.signals >= 0 ? lifecycle_begin(&v, cfg, &err)
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
    rundir_clear(v.kind, v.dir);
    om_log(OM_LOG_NOTICE, "ended");
    return v.failed ? 1 : 0;
}
