/* A connection with swtpm: see socket.h. */
#include "tpm/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SYN_MS 10 /* on one machine the answer to a SYN takes microseconds, or does not come */

int64_t tpm_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static om_rc wait_for(int fd, short events, int64_t deadline, struct om_error *err)
{
    for (;;) {
        int64_t left = deadline - tpm_now_ms();
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);
        if (n > 0)
            return OM_OK;
        if (n == 0)
            return om_fail(err, OM_ETRANSIENT, "the TPM does not answer in time");
        if (errno != EINTR)
            return om_fail(err, OM_ETRANSIENT, "waiting for the TPM: %s", strerror(errno));
    }
}

om_rc tpm_socket_wait(int fd, int64_t deadline, struct om_error *err)
{
    return wait_for(fd, POLLIN, deadline, err);
}

struct address {
    struct sockaddr_storage name;
    socklen_t len;
};

static om_rc resolve(const struct tpm_uri *uri, struct address *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    if (uri->path[0] != '\0') {
        struct sockaddr_un *un = (struct sockaddr_un *)&out->name;
        un->sun_family = AF_UNIX;
        (void)snprintf(un->sun_path, sizeof un->sun_path, "%s", uri->path);
        out->len = sizeof *un;
        return OM_OK;
    }
    /* Numeric only: names would need resolvers, which a worker's sandbox has no place for. */
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)uri->port);
    if (getaddrinfo(uri->address, port, &hints, &found) != 0)
        return om_fail(err, OM_ECONFIG, "host=%s of tcti=swtpm is no numeric address", uri->address);
    memcpy(&out->name, found->ai_addr, found->ai_addrlen);
    out->len = found->ai_addrlen;
    freeaddrinfo(found);
    return OM_OK;
}

static bool is_loopback(const struct address *to)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&to->name;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&to->name;
    if (v4->sin_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return v4->sin_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) != 0;
}

/* errno, or 0. EAGAIN: not connected yet, and a new attempt may be. */
static int finish_connect(int fd, const struct address *to, int64_t deadline)
{
    struct om_error err;
    int failure = 0;
    socklen_t len = sizeof failure;
    int64_t patience = is_loopback(to) ? tpm_now_ms() + SYN_MS : deadline;
    if (wait_for(fd, POLLOUT, patience < deadline ? patience : deadline, &err) != OM_OK)
        return EAGAIN;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 ? failure : errno;
}

static int connect_once(const struct address *to, int64_t deadline, int *fd)
{
    *fd = socket(to->name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return errno;
    int failure = 0;
    if (connect(*fd, (const struct sockaddr *)&to->name, to->len) != 0)
        failure = errno == EINPROGRESS ? finish_connect(*fd, to, deadline) : errno;
    if (failure != 0)
        (void)close(*fd);
    return failure;
}

/* swtpm's queue has room for two that wait; whoever comes when it is full has to come again. A UNIX socket
 * says so at once. TCP would come again by itself, but only after 1, 2, 4, ... seconds, so that under many
 * processes some would never have their turn. */
om_rc tpm_socket_connect(const struct tpm_uri *uri, int64_t deadline, int *fd, struct om_error *err)
{
    struct address to;
    int s = -1;
    OM_TRY(resolve(uri, &to, err));
    for (int failure; (failure = connect_once(&to, deadline, &s)) != 0;) {
        if ((failure != EAGAIN && failure != EINTR) || tpm_now_ms() >= deadline)
            return om_fail(err, OM_ETRANSIENT, "no connection with swtpm: %s",
                           failure == EAGAIN ? "it is busy with others" : strerror(failure));
        if (to.name.ss_family == AF_UNIX)
            (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    if (to.name.ss_family != AF_UNIX)
        (void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    *fd = s;
    return OM_OK;
}

om_rc tpm_socket_send(int fd, const uint8_t *octets, size_t n, int64_t deadline, struct om_error *err)
{
    while (n > 0) {
        ssize_t sent = send(fd, octets, n, MSG_NOSIGNAL);
        if (sent >= 0) {
            octets += sent;
            n -= (size_t)sent;
        } else if (errno == EAGAIN) {
            OM_TRY(wait_for(fd, POLLOUT, deadline, err));
        } else if (errno != EINTR) {
            return om_fail(err, OM_ETRANSIENT, "the connection with swtpm broke: %s", strerror(errno));
        }
    }
    return OM_OK;
}

om_rc tpm_socket_receive(int fd, uint8_t *octets, size_t n, int64_t deadline, struct om_error *err)
{
    while (n > 0) {
        ssize_t got = recv(fd, octets, n, 0);
        if (got == 0)
            return om_fail(err, OM_ETRANSIENT, "swtpm closed the connection");
        if (got > 0) {
            octets += got;
            n -= (size_t)got;
        } else if (errno == EAGAIN) {
            OM_TRY(tpm_socket_wait(fd, deadline, err));
        } else if (errno != EINTR) {
            return om_fail(err, OM_ETRANSIENT, "the connection with swtpm broke: %s", strerror(errno));
        }
    }
    return OM_OK;
}
