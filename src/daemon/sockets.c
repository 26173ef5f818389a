/* Listening sockets: see sockets.h. */
#include "daemon/sockets.h"
#include "bind/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void close_socket(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static bool is_udp(const struct config_address *a)
{
    return a->binding == CONFIG_COAPS;
}

void sockets_close(struct generation *g, struct slot *s)
{
    for (size_t i = 0; i < g->cfg.n_addresses; i++)
        close_socket(&s->listeners[i]);
}

void sockets_pause(struct generation *g, struct slot *s)
{
    for (size_t i = 0; i < g->cfg.n_addresses; i++)
        if (!is_udp(&g->cfg.addresses[i]))
            close_socket(&s->listeners[i]);
}

void sockets_hand_over(struct generation *g)
{
    for (unsigned n = 0; n < g->cfg.workers; n++)
        for (size_t i = 0; i < g->cfg.n_addresses; i++)
            if (is_udp(&g->cfg.addresses[i]))
                close_socket(&g->slots[n].listeners[i]);
}

/* The address of `before` that is the same as address i of g, or SIZE_MAX. */
static size_t same_address(const struct generation *g, size_t i, const struct generation *before)
{
    const struct config_address *a = &g->cfg.addresses[i];
    for (size_t j = 0; before != NULL && j < before->cfg.n_addresses; j++) {
        const struct config_address *b = &before->cfg.addresses[j];
        if (a->binding == b->binding && strcmp(a->host, b->host) == 0 && a->port == b->port)
            return j;
    }
    return SIZE_MAX;
}

static om_rc open_alone(const struct config_address *a, int *fd, struct om_error *err)
{
    return is_udp(a) ? listen_udp_alone(a->host, a->port, fd, err)
                     : listen_tcp_alone(a->host, a->port, fd, err);
}

static om_rc open_shared(const struct config_address *a, uint16_t port, int *fd, struct om_error *err)
{
    return is_udp(a) ? listen_udp(a->host, port, fd, err) : listen_tcp(a->host, port, fd, err);
}

/* SO_REUSEPORT would let us share a port with a stranger of the same user; a plain bind tells. Tried for a
 * second: the workers of a mafd that was just killed may not be gone yet. */
static om_rc check_free(const struct config_address *a, struct om_error *err)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    int fd = -1;
    if (a->port == 0)
        return OM_OK;
    om_rc rc = open_alone(a, &fd, err);
    for (unsigned i = 0; rc != OM_OK && i < 20; i++) {
        (void)nanosleep(&pause, NULL);
        rc = open_alone(a, &fd, err);
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
        OM_TRY(open_shared(&g->cfg.addresses[i], g->ports[i], fd, err));
    }
    g->ports[i] = listen_port(*fd);
    return OM_OK;
}

om_rc sockets_open(struct generation *g, const struct generation *before, struct om_error *err)
{
    for (size_t i = 0; i < g->cfg.n_addresses; i++) {
        size_t j = same_address(g, i, before);
        om_rc rc = OM_OK;
        g->ports[i] = j != SIZE_MAX ? before->ports[j] : g->cfg.addresses[i].port;
        if (j == SIZE_MAX)
            rc = check_free(&g->cfg.addresses[i], err);
        for (unsigned n = 0; n < g->cfg.workers && rc == OM_OK; n++)
            rc = open_listener(g, n, i, before, err);
        if (rc != OM_OK)
            return om_context(err, rc, "%s/%s: [%s] listen", g->cfg.dir, g->cfg.kind->file,
                              config_section(g->cfg.addresses[i].binding));
    }
    return OM_OK;
}

om_rc sockets_reopen(struct generation *g, struct slot *s, struct om_error *err)
{
    for (size_t i = 0; i < g->cfg.n_addresses; i++)
        if (s->listeners[i] < 0)
            OM_TRY(open_shared(&g->cfg.addresses[i], g->ports[i], &s->listeners[i], err));
    return OM_OK;
}
