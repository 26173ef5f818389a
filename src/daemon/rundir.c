/* <dir>/run: see rundir.h. */
#include "daemon/rundir.h"
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES    100
#define LOCK_PAUSE_NS 50000000

static om_rc run_path(const char *dir, const char *name, char *out, size_t cap, struct om_error *err)
{
    int n = snprintf(out, cap, "%s/run%s%s", dir, name[0] != '\0' ? "/" : "", name);
    if (n < 0 || (size_t)n >= cap)
        return om_fail(err, OM_ECONFIG, "the path %s/run is too long", dir);
    return OM_OK;
}

om_rc rundir_lock(const struct config *cfg, int *out, struct om_error *err)
{
    char name[32];
    char path[PATH_MAX];
    OM_TRY(run_path(cfg->dir, "", path, sizeof path, err));
    OM_TRY(om_dir_make(path, err));
    (void)snprintf(name, sizeof name, "%s.lock", cfg->kind->program);
    OM_TRY(run_path(cfg->dir, name, path, sizeof path, err));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return om_fail(err, OM_ECONFIG, "cannot open %s: %s", path, strerror(errno));
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (i == LOCK_TRIES || errno != EWOULDBLOCK) {
            (void)close(fd);
            return om_fail(err, OM_ECONFLICT, "another %s serves %s (%s is locked)", cfg->kind->program,
                           cfg->dir, path);
        }
        (void)nanosleep(&pause, NULL);
    }
    *out = fd;
    return OM_OK;
}

om_rc rundir_write(const char *dir, const char *name, const char *text, size_t n, struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(run_path(dir, name, path, sizeof path, err));
    return om_file_write(path, text, n, 0644, err);
}

static om_rc announce_ports(const struct generation *g, enum config_binding binding, struct om_error *err)
{
    char name[32];
    char path[PATH_MAX];
    char text[CONFIG_LISTEN_MAX * 8 + 1];
    size_t at = 0;
    for (size_t i = 0; i < g->cfg.n_addresses; i++)
        if (g->cfg.addresses[i].binding == binding)
            at += (size_t)snprintf(text + at, sizeof text - at, "%u\n", g->ports[i]);
    (void)snprintf(name, sizeof name, "%s.port", config_section(binding));
    if (at > 0)
        return rundir_write(g->cfg.dir, name, text, at, err);
    OM_TRY(run_path(g->cfg.dir, name, path, sizeof path, err));
    (void)unlink(path); /* of a configuration before */
    return OM_OK;
}

om_rc rundir_announce(const struct generation *g, struct om_error *err)
{
    char text[32];
    char name[32];
    for (enum config_binding b = CONFIG_HTTPS; b < CONFIG_BINDINGS; b++)
        OM_TRY(announce_ports(g, b, err));
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    (void)snprintf(name, sizeof name, "%s.pid", g->cfg.kind->program);
    return rundir_write(g->cfg.dir, name, text, (size_t)n, err);
}

void rundir_clear(const struct config_kind *kind, const char *dir)
{
    char pid[32];
    const char *const names[] = {pid, "https.port", "coaps.port", "coaps+tcp.port", "metrics.prom"};
    char path[PATH_MAX];
    (void)snprintf(pid, sizeof pid, "%s.pid", kind->program);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (run_path(dir, names[i], path, sizeof path, NULL) == OM_OK)
            (void)unlink(path);
}
