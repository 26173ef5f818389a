/* Listening sockets: see listen.h. */
#include "bind/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static om_rc parse(const char *host, uint16_t port, union address *a, socklen_t *len, struct om_error *err)
{
    memset(a, 0, sizeof *a);
    if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons(port);
        *len = sizeof a->v4;
        return OM_OK;
    }
    if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons(port);
        *len = sizeof a->v6;
        return OM_OK;
    }
    return om_fail(err, OM_ECONFIG, "'%s' is not a numeric IPv4 or IPv6 address", host);
}

static bool set(int fd, int level, int option)
{
    int on = 1;
    return setsockopt(fd, level, option, &on, sizeof on) == 0;
}

/* Without SO_REUSEADDR a restart would have to wait for connections of the process before. */
static bool prepare_tcp(int fd)
{
    return set(fd, SOL_SOCKET, SO_REUSEADDR) && set(fd, SOL_SOCKET, SO_KEEPALIVE) &&
           set(fd, IPPROTO_TCP, TCP_NODELAY);
}

/* Many devices may come back at the same moment: a long queue, as far as the system allows. */
#define UDP_QUEUE (4 * 1024 * 1024)

static bool prepare_udp(int fd, bool v6)
{
    int queue = UDP_QUEUE;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue, sizeof queue);
    return v6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) : set(fd, IPPROTO_IP, IP_PKTINFO);
}

static om_rc open_socket(int type, const char *host, uint16_t port, bool shared, int *out,
                         struct om_error *err)
{
    union address a;
    socklen_t len = 0;
    OM_TRY(parse(host, port, &a, &len, err));
    bool v6 = a.any.sa_family == AF_INET6;
    int fd = socket(a.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && (type == SOCK_STREAM ? prepare_tcp(fd) : prepare_udp(fd, v6)) &&
                (!shared || set(fd, SOL_SOCKET, SO_REUSEPORT)) &&
                (!v6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY)) && bind(fd, &a.any, len) == 0 &&
                (type != SOCK_STREAM || listen(fd, SOMAXCONN) == 0);
    if (!good) {
        int e = errno;
        if (fd >= 0)
            (void)close(fd);
        return om_fail(err, OM_ECONFIG, "cannot listen on %s port %u: %s", host, port, strerror(e));
    }
    *out = fd;
    return OM_OK;
}

om_rc listen_tcp(const char *host, uint16_t port, int *fd, struct om_error *err)
{
    return open_socket(SOCK_STREAM, host, port, true, fd, err);
}

om_rc listen_tcp_alone(const char *host, uint16_t port, int *fd, struct om_error *err)
{
    return open_socket(SOCK_STREAM, host, port, false, fd, err);
}

om_rc listen_udp(const char *host, uint16_t port, int *fd, struct om_error *err)
{
    return open_socket(SOCK_DGRAM, host, port, true, fd, err);
}

om_rc listen_udp_alone(const char *host, uint16_t port, int *fd, struct om_error *err)
{
    return open_socket(SOCK_DGRAM, host, port, false, fd, err);
}

uint16_t listen_port(int fd)
{
    union address a;
    socklen_t len = sizeof a;
    memset(&a, 0, sizeof a);
    if (getsockname(fd, &a.any, &len) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}
