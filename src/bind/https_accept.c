/* The listener of an HTTPS binding: accepts up to the limit, then leaves new connections in the kernel's
 * queue instead of turning them away or spinning. */
#include "bind/https_internal.h"
#include "bind/listen.h"
#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* evhttp keeps the listener's argument for itself, so a listener finds its binding here. */
static LIST_HEAD(, https) instances = LIST_HEAD_INITIALIZER(instances);

static void set_accepting(struct https *h, bool on)
{
    if (h->accepting == on)
        return;
    h->accepting = on;
    if (on)
        (void)evconnlistener_enable(h->listener);
    else
        (void)evconnlistener_disable(h->listener);
}

void https_accept_update(struct https *h)
{
    bool room = h->stats.connections < h->opt.max_connections;
    if (h->listener == NULL || evtimer_pending(&h->retry_accept, NULL))
        return;
    if (!room && h->accepting)
        h->stats.refused_limit++;
    set_accepting(h, room);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    https_accept_update(arg);
}

/* Out of descriptors or memory: the listener stays readable, so wait instead of spinning. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    (void)arg;
    struct timeval second = {.tv_sec = 1};
    struct https *h;
    LIST_FOREACH(h, &instances, link)
    {
        if (h->listener != listener)
            continue;
        om_log(OM_LOG_WARNING, "https: cannot accept connections: %s", strerror(errno));
        set_accepting(h, false);
        (void)evtimer_add(&h->retry_accept, &second);
    }
}

static om_rc take_socket(struct https *h, int *fd, struct om_error *err)
{
    if (h->opt.listener == NULL)
        return listen_tcp(h->opt.host, h->opt.port, fd, err);
    *fd = fcntl(*h->opt.listener, F_DUPFD_CLOEXEC, 0);
    return *fd >= 0 ? OM_OK
                    : om_fail(err, OM_ETRANSIENT, "https: cannot take over the listening socket: %s",
                              strerror(errno));
}

om_rc https_accept_start(struct https *h, struct om_error *err)
{
    (void)evtimer_assign(&h->retry_accept, h->base, on_retry, h);
    int fd = -1;
    OM_TRY(take_socket(h, &fd, err));
    h->port = listen_port(fd);
    h->listener =
        evconnlistener_new(h->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (h->listener == NULL) {
        (void)close(fd);
        return om_fail(err, OM_ENOMEM, "https: no memory for a listener");
    }
    h->bound = evhttp_bind_listener(h->http, h->listener);
    if (h->bound == NULL) {
        evconnlistener_free(h->listener);
        h->listener = NULL;
        return om_fail(err, OM_ENOMEM, "https: no memory for a listener");
    }
    evconnlistener_set_error_cb(h->listener, on_accept_error);
    h->accepting = true;
    LIST_INSERT_HEAD(&instances, h, link);
    return OM_OK;
}

void https_accept_stop(struct https *h)
{
    if (h->listener == NULL)
        return;
    LIST_REMOVE(h, link);
    (void)evtimer_del(&h->retry_accept);
    evhttp_del_accept_socket(h->http, h->bound);
    h->bound = NULL;
    h->listener = NULL;
}
