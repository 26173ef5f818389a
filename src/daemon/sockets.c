/* Listening sockets: see sockets.h. */
#include "daemon/sockets.h"
#include "bind/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void sockets_close(struct generation *g, struct slot *s)
{
    for (size_t i = 0; i < g->cfg.n_https; i++) {
        if (s->listeners[i] >= 0)
            (void)close(s->listeners[i]);
        s->listeners[i] = -1;
    }
}

/* The address of `before` that is the same as address i of g, or SIZE_MAX. */
static size_t same_address(const struct generation *g, size_t i, const struct generation *before)
{
    const struct config_address *a = &g->cfg.https[i];
    for (size_t j = 0; before != NULL && j < before->cfg.n_https; j++) {
        const struct config_address *b = &before->cfg.https[j];
        if (strcmp(a->host, b->host) == 0 && a->port == b->port)
            return j;
    }
    return SIZE_MAX;
}

/* SO_REUSEPORT would let us share a port with a stranger of the same user; a plain bind tells. Tried for a
 * second: the workers of a mafd that was just killed may not be gone yet. */
static om_rc check_free(const struct config_address *a, struct om_error *err)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    int fd = -1;
    if (a->port == 0)
        return OM_OK;
    om_rc rc = listen_tcp_alone(a->host, a->port, &fd, err);
    for (unsigned i = 0; rc != OM_OK && i < 20; i++) {
        (void)nanosleep(&pause, NULL);
        rc = listen_tcp_alone(a->host, a->port, &fd, err);
    }
    if (rc == OM_OK)
        (void)close(fd);
    return rc;
}

static om_rc open_listener(struct generation *g, unsigned n, size_t i, const struct generation *before,
                           struct om_error *err)
{
    size_t j = same_address(g, i, before);
    int *fd = &g->slots[n].listeners[i];
    if (j != SIZE_MAX && n < before->cfg.workers && before->slots[n].listeners[j] >= 0) {
        *fd = fcntl(before->slots[n].listeners[j], F_DUPFD_CLOEXEC, 0);
        if (*fd < 0)
            return om_fail(err, OM_ETRANSIENT, "cannot share a socket: %s", strerror(errno));
    } else {
        OM_TRY(listen_tcp(g->cfg.https[i].host, g->ports[i], fd, err));
    }
    g->ports[i] = listen_port(*fd);
    return OM_OK;
}

om_rc sockets_open(struct generation *g, const struct generation *before, struct om_error *err)
{
    for (size_t i = 0; i < g->cfg.n_https; i++) {
        size_t j = same_address(g, i, before);
        om_rc rc = OM_OK;
        g->ports[i] = j != SIZE_MAX ? before->ports[j] : g->cfg.https[i].port;
        if (j == SIZE_MAX)
            rc = check_free(&g->cfg.https[i], err);
        for (unsigned n = 0; n < g->cfg.workers && rc == OM_OK; n++)
            rc = open_listener(g, n, i, before, err);
        if (rc != OM_OK)
            return om_context(err, rc, "%s/" CONFIG_FILE_NAME ": [https] listen", g->cfg.dir);
    }
    return OM_OK;
}

om_rc sockets_reopen(struct generation *g, struct slot *s, struct om_error *err)
{
    for (size_t i = 0; i < g->cfg.n_https; i++)
        if (s->listeners[i] < 0)
            OM_TRY(listen_tcp(g->cfg.https[i].host, g->ports[i], &s->listeners[i], err));
    return OM_OK;
}
