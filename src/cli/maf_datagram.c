/* maf: DTLS and its sockets, see maf_datagram.h. */
#include "cli/maf_datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINK_MTU   1280 /* every IPv6 path has it (RFC 8200 section 5), and so have nearly all IPv4 ones */
#define IP_AND_UDP 48

/* --- a BIO: a connected socket, or before that one datagram --- */

struct link {
    int fd;
    bool connected;
    struct maf_datagram first; /* not read yet while len > 0 */
    bool peek;
};

static int link_read(BIO *bio, char *out, int cap)
{
    struct link *l = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (l->first.len > 0) {
        size_t n = l->first.len < (size_t)cap ? l->first.len : (size_t)cap;
        memcpy(out, l->first.octets, n);
        if (!l->peek)
            l->first.len = 0;
        return (int)n;
    }
    ssize_t n = l->connected ? recv(l->fd, out, (size_t)cap, MSG_DONTWAIT) : -1;
    /* An empty datagram is nothing; OpenSSL would take it for the end. */
    if (n == 0 || !l->connected || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        BIO_set_retry_read(bio);
    return n > 0 ? (int)n : -1;
}

union control {
    struct cmsghdr align;
    char octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* Answers from the address that was asked. */
static ssize_t answer(int fd, const struct maf_datagram *d, const char *octets, size_t n)
{
    union control control = {.octets = {0}};
    struct iovec iov = {(void *)octets, n};
    struct msghdr h = {.msg_name = (void *)&d->from.addr,
                       .msg_namelen = d->from.len,
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control};
    bool v6 = d->to.addr.ss_family == AF_INET6;
    const struct in_pktinfo from4 = {.ipi_spec_dst = ((const struct sockaddr_in *)&d->to.addr)->sin_addr};
    const struct in6_pktinfo from6 = {.ipi6_addr = ((const struct sockaddr_in6 *)&d->to.addr)->sin6_addr};
    size_t size = v6 ? sizeof from6 : sizeof from4;
    h.msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *m = CMSG_FIRSTHDR(&h);
    m->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    m->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
    m->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(m), v6 ? (const void *)&from6 : (const void *)&from4, size);
    return sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int link_write(BIO *bio, const char *octets, int n)
{
    struct link *l = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent = l->connected ? send(l->fd, octets, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL)
                                : answer(l->fd, &l->first, octets, (size_t)n);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)sent;
}

/* For the cookie. */
static long get_peer(const struct link *l, BIO_ADDR *out)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&l->first.from.addr;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&l->first.from.addr;
    if (v4->sin_family == AF_INET)
        return BIO_ADDR_rawmake(out, AF_INET, &v4->sin_addr, sizeof v4->sin_addr, v4->sin_port);
    return BIO_ADDR_rawmake(out, AF_INET6, &v6->sin6_addr, sizeof v6->sin6_addr, v6->sin6_port);
}

static long link_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    struct link *l = BIO_get_data(bio);
    switch (cmd) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_SET_PEEK_MODE:
        l->peek = num != 0;
        return 1;
    case BIO_CTRL_DGRAM_GET_PEER:
        return get_peer(l, ptr);
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return LINK_MTU - IP_AND_UDP;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
        return IP_AND_UDP;
    default:
        return 0;
    }
}

static int link_free(BIO *bio)
{
    free(BIO_get_data(bio));
    BIO_set_data(bio, NULL);
    return 1;
}

static BIO_METHOD *method;

static void make_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams of one peer");
    if (m != NULL && BIO_meth_set_read(m, link_read) == 1 && BIO_meth_set_write(m, link_write) == 1 &&
        BIO_meth_set_ctrl(m, link_ctrl) == 1 && BIO_meth_set_destroy(m, link_free) == 1)
        method = m;
}

/* The SSL's link, made and attached. */
static struct link *link_new(SSL *ssl)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_method);
    struct link *l = calloc(1, sizeof *l);
    BIO *bio = method != NULL ? BIO_new(method) : NULL;
    if (l == NULL || bio == NULL) {
        free(l);
        BIO_free(bio);
        return NULL;
    }
    l->fd = -1;
    BIO_set_data(bio, l);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    (void)SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
    (void)DTLS_set_link_mtu(ssl, LINK_MTU);
    return l;
}

bool maf_datagram_attach(SSL *ssl, int fd)
{
    struct link *l = link_new(ssl);
    if (l == NULL)
        return false;
    l->fd = fd;
    l->connected = true;
    return true;
}

/* --- the listening socket --- */

int maf_datagram_prepare(int fd, struct openmaf_error *error)
{
    const int on = 1;
    struct maf_address own;
    maf_address_of(fd, &own);
    int r = own.addr.ss_family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on)
                                           : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    return r == 0 ? OPENMAF_OK
                  : maf_fail(error, OPENMAF_ETEMPORARY, "cannot prepare a UDP socket: %s", strerror(errno));
}

static void take_local_address(struct msghdr *h, struct maf_address *to)
{
    for (struct cmsghdr *m = CMSG_FIRSTHDR(h); m != NULL; m = CMSG_NXTHDR(h, m)) {
        if (m->cmsg_level == IPPROTO_IP && m->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(m), sizeof info);
            ((struct sockaddr_in *)&to->addr)->sin_addr = info.ipi_addr;
        } else if (m->cmsg_level == IPPROTO_IPV6 && m->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(m), sizeof info);
            ((struct sockaddr_in6 *)&to->addr)->sin6_addr = info.ipi6_addr;
            if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
                ((struct sockaddr_in6 *)&to->addr)->sin6_scope_id = info.ipi6_ifindex;
        }
    }
}

bool maf_datagram_receive(int fd, struct maf_datagram *d)
{
    union control control;
    struct iovec iov = {d->octets, sizeof d->octets};
    struct msghdr h = {.msg_name = &d->from.addr,
                       .msg_namelen = sizeof d->from.addr,
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &h, MSG_DONTWAIT);
    if (n < 0)
        return false;
    d->len = (h.msg_flags & MSG_TRUNC) == 0 ? (size_t)n : 0;
    d->from.len = h.msg_namelen;
    maf_address_of(fd, &d->to);
    take_local_address(&h, &d->to);
    return true;
}

/* --- who is there --- */

static int connect_back(const struct maf_datagram *d, int *fd, struct openmaf_error *error)
{
    int code = maf_bind_datagram(&d->to, false, fd, error);
    if (code != OPENMAF_OK)
        return code;
    if (connect(*fd, (const struct sockaddr *)&d->from.addr, d->from.len) == 0)
        return OPENMAF_OK;
    code = maf_fail(error, OPENMAF_ETEMPORARY, "cannot answer a peer: %s", strerror(errno));
    (void)close(*fd);
    return code;
}

int maf_datagram_hello(SSL_CTX *ctx, int fd, const struct maf_datagram *d, SSL **spare, SSL **out,
                       int *peer_fd, struct openmaf_error *error)
{
    *out = NULL;
    if (*spare == NULL) {
        *spare = SSL_new(ctx);
        if (*spare == NULL || link_new(*spare) == NULL)
            return maf_fail(error, OPENMAF_ENOMEM, "no memory for a DTLS session");
        SSL_set_accept_state(*spare);
    }
    struct link *l = BIO_get_data(SSL_get_rbio(*spare));
    BIO_ADDR *unused = BIO_ADDR_new();
    if (unused == NULL)
        return maf_fail(error, OPENMAF_ENOMEM, "no memory for a DTLS session");
    l->fd = fd;
    l->first = *d;
    ERR_clear_error();
    int r = DTLSv1_listen(*spare, unused);
    ERR_clear_error();
    BIO_ADDR_free(unused);
    if (r != 1) {
        l->first.len = 0;
        return OPENMAF_OK;
    }
    int code = connect_back(d, peer_fd, error);
    if (code == OPENMAF_OK) {
        l->fd = *peer_fd;
        l->connected = true;
        *out = *spare;
    } else {
        SSL_free(*spare);
    }
    *spare = NULL;
    return code;
}
