/* Generations of workers: see generation.h. */
#include "daemon/generation.h"
#include "daemon/sockets.h"
#include "daemon/worker.h"
#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RESPAWN_MAX_MS  30000
#define RESPAWN_SOON_MS 3000 /* after a transient failure */
#define STABLE_MS       1000 /* a worker that lived this long did not fail at its start */
#define KILL_GRACE_MS   5000

int64_t generation_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

om_rc generation_new(const struct config *cfg, int lock, const struct generation *before,
                     struct generation **out, struct om_error *err)
{
    struct generation *g = calloc(1, sizeof *g);
    struct slot *slots = calloc(cfg->workers, sizeof *slots);
    if (g == NULL || slots == NULL) {
        free(g);
        free(slots);
        return om_fail(err, OM_ENOMEM, "no memory for %u workers", cfg->workers);
    }
    g->cfg = *cfg;
    g->lock = lock;
    g->slots = slots;
    for (unsigned n = 0; n < cfg->workers; n++) {
        slots[n].control = -1;
        for (size_t i = 0; i < CONFIG_ADDRESSES_MAX; i++)
            slots[n].listeners[i] = -1;
    }
    om_rc rc = sockets_open(g, before, err);
    if (rc != OM_OK) {
        generation_free(g);
        return rc;
    }
    *out = g;
    return OM_OK;
}

void generation_free(struct generation *g)
{
    for (unsigned n = 0; n < g->cfg.workers; n++)
        sockets_close(g, &g->slots[n]);
    free(g->slots);
    free(g);
}

static int compare_fd(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Closes what belongs to other workers: a copy here would keep their sockets alive. */
static void close_others(const struct generation *g, unsigned n, int control)
{
    int keep[3 + CONFIG_ADDRESSES_MAX];
    size_t count = 0;
    keep[count++] = STDERR_FILENO;
    keep[count++] = g->lock;
    keep[count++] = control;
    for (size_t i = 0; i < g->cfg.n_addresses; i++)
        keep[count++] = g->slots[n].listeners[i];
    qsort(keep, count, sizeof keep[0], compare_fd);
    for (size_t i = 0; i < count; i++) {
        unsigned first = (unsigned)keep[i] + 1;
        unsigned last = i + 1 < count ? (unsigned)keep[i + 1] - 1 : ~0u;
        if (first <= last)
            (void)close_range(first, last, 0);
    }
}

/* The child's part of a fork. PKCS#11 has not been touched yet: it must not cross a fork. */
static void run_child(const struct generation *g, unsigned n, int control, pid_t parent)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%s[worker %u]", g->cfg.kind->program, n);
    om_log_set_name(name);
    om_log_set_level((enum om_log_level)g->cfg.log_level);
    (void)signal(SIGHUP, SIG_IGN); /* the supervisor's, even when a terminal sends them to all */
    (void)signal(SIGINT, SIG_IGN);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
        exit(1);
    close_others(g, n, control);
    struct worker_start start = {
        .cfg = &g->cfg, .slot = n, .listeners = g->slots[n].listeners, .control = control};
    exit(worker_run(&start));
}

om_rc generation_spawn(struct generation *g, unsigned n, struct om_error *err)
{
    struct slot *s = &g->slots[n];
    pid_t parent = getpid();
    int pair[2];
    s->respawn_at = 0;
    OM_TRY(sockets_reopen(g, s, err));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return om_fail(err, OM_ETRANSIENT, "cannot make a socket pair: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        run_child(g, n, pair[1], parent);
    }
    (void)close(pair[1]);
    if (pid < 0) {
        (void)close(pair[0]);
        return om_fail(err, OM_ETRANSIENT, "cannot fork: %s", strerror(errno));
    }
    s->pid = pid;
    s->control = pair[0];
    s->ready = s->overdue = false;
    s->started = s->heard = generation_now();
    return OM_OK;
}

/* 0, then 0.2 s, 0.4 s, ... up to the bound. What a worker lacked for now, a token say, may be back at any
 * moment, and devices wait for it. */
static int64_t pause_ms(const struct slot *s)
{
    bool transient = s->last.kind == REPORT_FAILED && s->last.rc == OM_ETRANSIENT;
    int64_t most = transient ? RESPAWN_SOON_MS : RESPAWN_MAX_MS;
    if (s->failures == 0)
        return 0;
    int64_t ms = s->failures < 12 ? (int64_t)100 << s->failures : most;
    return ms < most ? ms : most;
}

static bool any_ready(const struct generation *g)
{
    for (unsigned n = 0; n < g->cfg.workers; n++)
        if (g->slots[n].ready)
            return true;
    return false;
}

void generation_ended(struct generation *g, struct slot *s)
{
    int64_t now = generation_now();
    s->failures = s->ready && now - s->started >= STABLE_MS ? 0 : s->failures + 1;
    int64_t wait = pause_ms(s);
    (void)close(s->control);
    s->control = -1;
    s->pid = 0;
    s->ready = false;
    s->restarts++;
    s->respawn_at = now + wait;
    /* New connections go to the other workers meanwhile; without a pause they wait in the queue. */
    if (wait > 0 && any_ready(g))
        sockets_pause(g, s);
}

void generation_kill(struct generation *g, int sig)
{
    for (unsigned n = 0; n < g->cfg.workers; n++)
        if (g->slots[n].pid > 0)
            (void)kill(g->slots[n].pid, sig);
}

void generation_drain(struct generation *g)
{
    g->state = GENERATION_DRAINING;
    g->kill_at = generation_now() + (int64_t)g->cfg.drain_timeout * 1000 + KILL_GRACE_MS;
    for (unsigned n = 0; n < g->cfg.workers; n++)
        g->slots[n].respawn_at = 0;
    generation_kill(g, SIGTERM);
    sockets_hand_over(g);
}

void generation_begin(const struct slot *s)
{
    const char go = 1;
    if (s->pid > 0)
        (void)send(s->control, &go, sizeof go, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool generation_starting_one(const struct generation *g)
{
    for (unsigned n = 0; n < g->cfg.workers; n++)
        if (g->slots[n].pid > 0 && !g->slots[n].ready)
            return true;
    return false;
}

bool generation_all_ready(const struct generation *g)
{
    for (unsigned n = 0; n < g->cfg.workers; n++)
        if (!g->slots[n].ready)
            return false;
    return true;
}

unsigned generation_running(const struct generation *g)
{
    unsigned running = 0;
    for (unsigned n = 0; n < g->cfg.workers; n++)
        running += g->slots[n].pid > 0;
    return running;
}
