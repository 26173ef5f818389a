/* A DTLS session: see dtls_call.h. */
#include "client/dtls_call.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#define LINK_MTU     1280 /* every IPv6 link has it, and so have nearly all IPv4 paths */
#define DATAGRAM_MAX 16384

/* After an SSL call that returned r: true when it only waits for the network. */
static bool waits(struct dtls_call *d, int r)
{
    int e = SSL_get_error(d->tls.ssl, r);
    if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
        return true;
    if (e == SSL_ERROR_SYSCALL)
        d->tls.connect_errno = errno;
    if (e == SSL_ERROR_SSL)
        d->tls.error = ERR_peek_error();
    ERR_clear_error();
    (void)event_base_loopbreak(d->tls.base);
    return false;
}

static bool handshake(struct dtls_call *d)
{
    struct timeval again;
    ERR_clear_error();
    int r = SSL_connect(d->tls.ssl);
    if (r == 1) {
        (void)event_del(d->flight);
        d->ready(d->arg);
        return true;
    }
    if (waits(d, r) && DTLSv1_get_timeout(d->tls.ssl, &again) == 1)
        (void)event_add(d->flight, &again);
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct dtls_call *d = arg;
    uint8_t octets[DATAGRAM_MAX];
    if (!d->tls.handshaken && !handshake(d))
        return;
    while (!d->tls.decided) {
        ERR_clear_error();
        int n = SSL_read(d->tls.ssl, octets, sizeof octets);
        if (n <= 0) {
            (void)waits(d, n);
            return;
        }
        d->received(d->arg, octets, (size_t)n);
        om_wipe(octets, (size_t)n);
    }
}

static void on_flight(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct dtls_call *d = arg;
    struct timeval again;
    ERR_clear_error();
    int r = (int)DTLSv1_handle_timeout(d->tls.ssl);
    if ((r >= 0 || waits(d, r)) && DTLSv1_get_timeout(d->tls.ssl, &again) == 1)
        (void)event_add(d->flight, &again);
}

static om_rc open_socket(struct dtls_call *d, struct om_error *err)
{
    const struct net_address *to = d->tls.attempt->address;
    d->fd = socket(to->addr.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0 || connect(d->fd, (const struct sockaddr *)&to->addr, to->len) != 0)
        return om_fail(err, OM_ETRANSIENT, "cannot connect to %s: %s", to->text, strerror(errno));
    d->tls.connected = true;
    return OM_OK;
}

/* The BIO has to be told that its socket is connected, and to whom. */
static om_rc attach_socket(struct dtls_call *d, struct om_error *err)
{
    const struct sockaddr_storage *to = &d->tls.attempt->address->addr;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)to;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)to;
    BIO_ADDR *address = BIO_ADDR_new();
    BIO *bio = BIO_new_dgram(d->fd, BIO_NOCLOSE);
    bool good =
        address != NULL && bio != NULL &&
        (to->ss_family == AF_INET6
             ? BIO_ADDR_rawmake(address, AF_INET6, &v6->sin6_addr, sizeof v6->sin6_addr, v6->sin6_port)
             : BIO_ADDR_rawmake(address, AF_INET, &v4->sin_addr, sizeof v4->sin_addr, v4->sin_port)) == 1 &&
        BIO_ctrl_set_connected(bio, address) == 1;
    BIO_ADDR_free(address);
    if (!good) {
        BIO_free(bio);
        return om_fail(err, OM_ENOMEM, "no memory for a connection");
    }
    SSL_set_bio(d->tls.ssl, bio, bio);
    (void)SSL_set_options(d->tls.ssl, SSL_OP_NO_QUERY_MTU);
    (void)DTLS_set_link_mtu(d->tls.ssl, LINK_MTU);
    return OM_OK;
}

om_rc dtls_call_begin(struct dtls_call *call, struct attempt *attempt, struct om_error *err)
{
    call->fd = -1;
    OM_TRY(tls_call_begin(&call->tls, attempt, true, err));
    OM_TRY(open_socket(call, err));
    OM_TRY(attach_socket(call, err));
    call->readable = event_new(call->tls.base, call->fd, EV_READ | EV_PERSIST, on_readable, call);
    call->flight = evtimer_new(call->tls.base, on_flight, call);
    if (call->readable == NULL || call->flight == NULL || event_add(call->readable, NULL) != 0)
        return om_fail(err, OM_ENOMEM, "no memory for a connection");
    event_active(call->readable, 0, 0); /* begins as soon as the loop runs */
    return OM_OK;
}

size_t dtls_call_room(const struct dtls_call *call)
{
    return DTLS_get_data_mtu(call->tls.ssl);
}

void dtls_call_send(struct dtls_call *call, const struct om_secret *octets)
{
    ERR_clear_error();
    int n = SSL_write(call->tls.ssl, octets->octets, (int)octets->len);
    if (n <= 0)
        (void)waits(call, n);
}

void dtls_call_end(struct dtls_call *call)
{
    if (call->readable != NULL)
        event_free(call->readable);
    if (call->flight != NULL)
        event_free(call->flight);
    tls_call_goodbye(&call->tls);
    tls_call_end(&call->tls);
    if (call->fd >= 0)
        (void)close(call->fd);
}
