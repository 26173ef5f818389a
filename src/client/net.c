/* Name resolution, socket state, buffers, SIGPIPE: see net.h. */
#include "client/net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

om_rc net_resolve(const char *host, uint16_t port, struct net_address out[NET_ADDRESSES_MAX], size_t *n,
                  struct om_error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    struct addrinfo *list = NULL;
    int e = getaddrinfo(host, service, &hints, &list);
    if (e != 0)
        return om_fail(err, e == EAI_NONAME ? OM_ECONFIG : OM_ETRANSIENT, "cannot resolve %s: %s", host,
                       gai_strerror(e));
    *n = 0;
    for (const struct addrinfo *a = list; a != NULL && *n < NET_ADDRESSES_MAX; a = a->ai_next) {
        struct net_address *address = &out[*n];
        if (a->ai_addrlen > sizeof address->addr)
            continue;
        memcpy(&address->addr, a->ai_addr, a->ai_addrlen);
        address->len = a->ai_addrlen;
        if (getnameinfo(a->ai_addr, a->ai_addrlen, address->host, sizeof address->host, NULL, 0,
                        NI_NUMERICHOST) != 0)
            continue;
        bool v6 = a->ai_family == AF_INET6;
        (void)snprintf(address->text, sizeof address->text, v6 ? "[%s]:%u" : "%s:%u", address->host, port);
        (*n)++;
    }
    freeaddrinfo(list);
    return *n > 0 ? OM_OK : om_fail(err, OM_ECONFIG, "%s has no usable address", host);
}

int net_connected(int fd)
{
    int e = 0;
    socklen_t len = sizeof e;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) != 0)
        return errno;
    struct sockaddr_storage peer;
    len = sizeof peer;
    if (e == 0 && getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
        e = errno;
    const int on = 1;
    if (e == 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return e;
}

om_rc net_take(struct evbuffer *buffer, size_t n, struct om_secret *out, struct om_error *err)
{
    size_t have = evbuffer_get_length(buffer);
    OM_TRY(om_secret_alloc(out, n < have ? n : have, err));
    for (size_t at = 0; at < out->len;) {
        struct evbuffer_iovec piece;
        if (evbuffer_peek(buffer, -1, NULL, &piece, 1) < 1 || piece.iov_len == 0)
            return om_fail(err, OM_EINTERNAL, "a buffer cannot be read");
        size_t part = piece.iov_len < out->len - at ? piece.iov_len : out->len - at;
        memcpy(out->octets + at, piece.iov_base, part);
        om_wipe(piece.iov_base, part);
        at += part;
        (void)evbuffer_drain(buffer, part);
    }
    return OM_OK;
}

static void wipe_sent(const void *octets, size_t n, void *copy)
{
    (void)octets;
    om_wipe(copy, n);
    free(copy);
}

om_rc net_put(struct evbuffer *buffer, const void *octets, size_t n, struct om_error *err)
{
    void *copy = malloc(n > 0 ? n : 1);
    if (copy == NULL)
        return om_fail(err, OM_ENOMEM, "no memory to send");
    memcpy(copy, octets, n);
    if (evbuffer_add_reference(buffer, copy, n, wipe_sent, copy) == 0)
        return OM_OK;
    wipe_sent(NULL, n, copy);
    return om_fail(err, OM_ENOMEM, "no memory to send");
}

int64_t net_milliseconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool sigpipe_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void net_sigpipe_block(struct net_sigpipe *state)
{
    sigset_t pipe;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    state->pending_before = sigpipe_pending();
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &state->before);
}

void net_sigpipe_restore(const struct net_sigpipe *state)
{
    sigset_t pipe;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    const struct timespec now = {0};
    if (!state->pending_before && sigpipe_pending())
        (void)sigtimedwait(&pipe, NULL, &now);
    (void)pthread_sigmask(SIG_SETMASK, &state->before, NULL);
}
