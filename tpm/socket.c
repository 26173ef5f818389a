/* A connection with swtpm: see socket.h. */
#include "tpm/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

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

static om_rc finish_connect(int fd, int64_t deadline, struct om_error *err)
{
    int failure = 0;
    socklen_t len = sizeof failure;
    OM_TRY(wait_for(fd, POLLOUT, deadline, err));
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
        failure = errno;
    return failure == 0 ? OM_OK
                        : om_fail(err, OM_ETRANSIENT, "no connection with swtpm: %s", strerror(failure));
}

om_rc tpm_socket_connect(const struct tpm_uri *uri, int64_t deadline, int *fd, struct om_error *err)
{
    struct address to;
    OM_TRY(resolve(uri, &to, err));
    int s = socket(to.name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0)
        return om_fail(err, OM_ETRANSIENT, "no socket for swtpm: %s", strerror(errno));
    om_rc rc = OM_OK;
    /* A UNIX socket whose queue is full answers EAGAIN at once; TCP waits by itself. */
    while (connect(s, (const struct sockaddr *)&to.name, to.len) != 0 && rc == OM_OK) {
        if (errno == EINPROGRESS) {
            rc = finish_connect(s, deadline, err);
            break;
        }
        if ((errno != EAGAIN && errno != EINTR) || tpm_now_ms() >= deadline)
            rc = om_fail(err, OM_ETRANSIENT, "no connection with swtpm: %s", strerror(errno));
        else
            (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    if (rc != OM_OK) {
        (void)close(s);
        return rc;
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
