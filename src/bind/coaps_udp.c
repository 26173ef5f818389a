/* Datagrams: a BIO for OpenSSL's DTLS, and the socket with the local address of each datagram. */
#include "bind/coaps_internal.h"

#include <openssl/bio.h>
#include <string.h>

/* Fits a minimal IPv6 path (RFC 8200 §5) with what IP and UDP add. Handshake flights are cut to it. */
#define LINK_MTU   1280
#define IP_AND_UDP 48

static int bio_read(BIO *bio, char *out, int cap)
{
    struct coaps_datagram *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (d == NULL || d->octets == NULL || cap <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = d->len < (size_t)cap ? d->len : (size_t)cap;
    memcpy(out, d->octets, n);
    if (!d->peek)
        d->octets = NULL;
    return (int)n;
}

/* A datagram that the kernel does not take is lost, as any may be. */
static int bio_write(BIO *bio, const char *octets, int n)
{
    struct coaps_datagram *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (d == NULL || n < 0)
        return -1;
    coaps_udp_send(d->coaps->fd, d->path, octets, (size_t)n);
    return n;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)ptr;
    struct coaps_datagram *d = BIO_get_data(bio);
    switch (cmd) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_SET_PEEK_MODE:
        d->peek = num != 0;
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return LINK_MTU - IP_AND_UDP;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
        return IP_AND_UDP;
    default:
        return 0;
    }
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *coaps_bio_new(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams of a CoAP server");
    if (m == NULL)
        return NULL;
    if (BIO_meth_set_read(m, bio_read) == 1 && BIO_meth_set_write(m, bio_write) == 1 &&
        BIO_meth_set_ctrl(m, bio_ctrl) == 1 && BIO_meth_set_create(m, bio_create) == 1)
        return m;
    BIO_meth_free(m);
    return NULL;
}

union control {
    struct cmsghdr align;
    char octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void take_local_address(struct msghdr *h, struct coaps_path *path)
{
    for (struct cmsghdr *m = CMSG_FIRSTHDR(h); m != NULL; m = CMSG_NXTHDR(h, m)) {
        if (m->cmsg_level == IPPROTO_IP && m->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(m), sizeof info);
            path->local4 = info.ipi_addr;
        } else if (m->cmsg_level == IPPROTO_IPV6 && m->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(m), sizeof info);
            path->local6 = info.ipi6_addr;
            /* Elsewhere the routes know better. */
            path->interface6 = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
        }
    }
}

bool coaps_udp_receive(int fd, void *octets, size_t cap, size_t *n, struct coaps_path *path)
{
    union control control;
    struct iovec iov = {.iov_base = octets, .iov_len = cap};
    memset(path, 0, sizeof *path);
    struct msghdr h = {.msg_name = &path->peer,
                       .msg_namelen = sizeof path->peer,
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    ssize_t got = recvmsg(fd, &h, 0);
    if (got < 0)
        return false;
    *n = (size_t)got;
    path->peer_len = h.msg_namelen;
    take_local_address(&h, path);
    return true;
}

static size_t put_local_address(struct msghdr *h, const struct coaps_path *path)
{
    struct cmsghdr *m = CMSG_FIRSTHDR(h);
    if (path->peer.any.sa_family == AF_INET6) {
        struct in6_pktinfo info = {.ipi6_addr = path->local6, .ipi6_ifindex = path->interface6};
        m->cmsg_level = IPPROTO_IPV6;
        m->cmsg_type = IPV6_PKTINFO;
        m->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(m), &info, sizeof info);
        return CMSG_SPACE(sizeof info);
    }
    struct in_pktinfo info = {.ipi_spec_dst = path->local4};
    m->cmsg_level = IPPROTO_IP;
    m->cmsg_type = IP_PKTINFO;
    m->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(m), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}

void coaps_udp_send(int fd, const struct coaps_path *path, const void *octets, size_t n)
{
    union control control;
    struct iovec iov = {.iov_base = (void *)(uintptr_t)octets, .iov_len = n};
    memset(&control, 0, sizeof control);
    struct msghdr h = {.msg_name = (void *)(uintptr_t)&path->peer,
                       .msg_namelen = path->peer_len,
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    h.msg_controllen = put_local_address(&h, path);
    (void)sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool same_address(const struct coaps_path *a, const struct coaps_path *b)
{
    if (a->peer.any.sa_family != b->peer.any.sa_family)
        return false;
    if (a->peer.any.sa_family == AF_INET)
        return a->peer.v4.sin_addr.s_addr == b->peer.v4.sin_addr.s_addr;
    return memcmp(&a->peer.v6.sin6_addr, &b->peer.v6.sin6_addr, sizeof a->peer.v6.sin6_addr) == 0 &&
           a->peer.v6.sin6_scope_id == b->peer.v6.sin6_scope_id;
}

bool coaps_path_same(const struct coaps_path *a, const struct coaps_path *b)
{
    /* The port is at the same place in both. */
    return same_address(a, b) && a->peer.v4.sin_port == b->peer.v4.sin_port;
}
