/* Name resolution, socket state, SIGPIPE: see net.h. */
#include "client/net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
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
