/* DTLS: who gets a session, and octets between the socket and the sessions.
 *
 * All datagrams of an address arrive at one socket and are told apart by their source. A ClientHello from an
 * unknown source is answered with HelloVerifyRequest from a cookie that keeps no state (RFC 6347 §4.2.1);
 * only a source that returns the cookie gets a session, and only then anything of it reaches the token. A
 * peer that lost its session and comes back with the same port replaces the old one in the same way (RFC 6347
 * §4.2.8); a ClientHello that was seen before does not. */
#include "bind/coaps_internal.h"
#include "util/buf.h"
#include "util/log.h"

#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define COOKIE_STEP_MS   60000 /* a cookie is good for one to two of these */
#define DATAGRAMS_A_TURN 64    /* then other events have their turn */
#define RANDOM_SIZE      32

/* ---- cookies ---- */

static bool make_cookie(SSL *ssl, int64_t step, uint8_t cookie[32])
{
    const struct coaps_datagram *d = BIO_get_data(SSL_get_rbio(ssl));
    uint8_t text[64];
    unsigned len = 0;
    struct om_writer w;
    const struct coaps_path *p = d->path;
    om_writer_init(&w, text, sizeof text);
    om_write_u64(&w, (uint64_t)step);
    om_write_u16(&w, p->peer.any.sa_family);
    om_write_u16(&w, p->peer.v4.sin_port);
    if (p->peer.any.sa_family == AF_INET6)
        om_write_octets(&w, &p->peer.v6.sin6_addr, sizeof p->peer.v6.sin6_addr);
    else
        om_write_octets(&w, &p->peer.v4.sin_addr, sizeof p->peer.v4.sin_addr);
    return om_writer_ok(&w) && HMAC(EVP_sha256(), d->coaps->cookie_key, sizeof d->coaps->cookie_key, text,
                                    w.len, cookie, &len) != NULL;
}

static int on_cookie_make(SSL *ssl, unsigned char *cookie, unsigned *n)
{
    *n = 32;
    return make_cookie(ssl, coaps_now() / COOKIE_STEP_MS, cookie);
}

static int on_cookie_check(SSL *ssl, const unsigned char *cookie, unsigned n)
{
    uint8_t want[32];
    int64_t step = coaps_now() / COOKIE_STEP_MS;
    if (n != sizeof want)
        return 0;
    for (int64_t i = 0; i < 2; i++)
        if (make_cookie(ssl, step - i, want) && om_equal_ct(want, cookie, sizeof want))
            return 1;
    return 0;
}

/* ---- sessions ---- */

/* The client's random of an unencrypted ClientHello, or NULL when it is none (RFC 6347 §4.1, §4.2.2). */
static const uint8_t *hello_random(const uint8_t *octets, size_t n)
{
    struct om_reader r;
    om_reader_init(&r, octets, n);
    bool handshake = om_read_u8(&r) == SSL3_RT_HANDSHAKE;
    (void)om_read_u16(&r); /* version */
    bool clear = om_read_u16(&r) == 0;
    (void)om_read_octets(&r, 8); /* sequence number, length */
    bool hello = om_read_u8(&r) == SSL3_MT_CLIENT_HELLO;
    (void)om_read_octets(&r, 11 + 2); /* the rest of the message's header, version */
    const uint8_t *random = om_read_octets(&r, RANDOM_SIZE);
    return handshake && clear && hello ? random : NULL;
}

static bool began_with(const struct coaps_session *s, const uint8_t *random)
{
    uint8_t own[RANDOM_SIZE];
    return SSL_get_client_random(s->ssl, own, sizeof own) == sizeof own &&
           memcmp(own, random, sizeof own) == 0;
}

static void arm_retransmission(struct coaps_session *s)
{
    struct timeval tv;
    if (DTLSv1_get_timeout(s->ssl, &tv) == 1)
        (void)evtimer_add(&s->retransmit, &tv);
    else
        (void)evtimer_del(&s->retransmit);
}

static void on_retransmit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct coaps_session *s = arg;
    ERR_clear_error();
    if (DTLSv1_handle_timeout(s->ssl) < 0)
        coaps_session_free(s, false);
    else
        arm_retransmission(s);
}

bool coaps_dtls_feed(struct coaps_session *s, const uint8_t *octets, size_t n)
{
    uint8_t plain[COAPS_DATAGRAM_MAX];
    if (coaps_ahead_holds(s, octets, n))
        return true;
    s->datagram.octets = octets;
    s->datagram.len = n;
    while (!s->dead) {
        ERR_clear_error();
        int got = SSL_read(s->ssl, plain, sizeof plain);
        s->dead = got <= 0 && !coaps_session_alive(s, got);
        coaps_session_progress(s);
        if (got <= 0)
            break;
        coaps_message_receive(s, plain, (size_t)got);
        om_wipe(plain, (size_t)got);
    }
    s->datagram.octets = NULL;
    if (s->dead) {
        coaps_session_free(s, true);
        return false;
    }
    arm_retransmission(s);
    return true;
}

static SSL *listener_new(struct coaps *c)
{
    SSL *ssl = SSL_new(c->opt.ctx);
    BIO *bio = BIO_new(c->bio);
    if (ssl == NULL || bio == NULL) {
        SSL_free(ssl);
        BIO_free(bio);
        return NULL;
    }
    BIO_set_data(bio, &c->datagram);
    SSL_set_bio(ssl, bio, bio);
    (void)SSL_set_options(ssl, SSL_OP_COOKIE_EXCHANGE);
    SSL_set_accept_state(ssl);
    return ssl;
}

/* True when the ClientHello brings a good cookie; else it has been answered, or was not worth an answer. */
static bool proves_address(struct coaps *c, const struct coaps_path *path, const uint8_t *octets, size_t n)
{
    BIO_ADDR *unused = BIO_ADDR_new();
    int r = 0;
    if (c->listener == NULL)
        c->listener = listener_new(c);
    if (c->listener != NULL && unused != NULL) {
        c->datagram = (struct coaps_datagram){.coaps = c, .path = path, .octets = octets, .len = n};
        ERR_clear_error();
        r = DTLSv1_listen(c->listener, unused);
        ERR_clear_error();
        c->datagram = (struct coaps_datagram){.coaps = c};
        if (r < 0)
            c->stats.malformed++;
    }
    BIO_ADDR_free(unused);
    return r == 1;
}

static void begin(struct coaps *c, const struct coaps_path *path, const uint8_t *octets, size_t n)
{
    struct coaps_session *s = coaps_session_new(c, c->listener, -1, path);
    if (s == NULL)
        return;
    c->listener = NULL;
    s->datagram = (struct coaps_datagram){.coaps = c, .path = &s->path};
    BIO_set_data(SSL_get_rbio(s->ssl), &s->datagram);
    (void)evtimer_assign(&s->retransmit, c->base, on_retransmit, s);
    (void)coaps_dtls_feed(s, octets, n);
}

static void dispatch(struct coaps *c, const struct coaps_path *path, const uint8_t *octets, size_t n)
{
    struct coaps_session *s = coaps_session_find(c, path);
    const uint8_t *random = hello_random(octets, n);
    if (n == 0) { /* OpenSSL would take it for the end */
        c->stats.malformed++;
        return;
    }
    if (s != NULL && (random == NULL || began_with(s, random))) {
        (void)coaps_dtls_feed(s, octets, n);
        return;
    }
    if (random == NULL) {
        c->stats.malformed++;
        return;
    }
    if (s == NULL && !coaps_room(c, path))
        return;
    if (!proves_address(c, path, octets, n))
        return;
    if (s != NULL)
        coaps_session_free(s, false); /* the peer has forgotten it, and with it the key of an alert */
    begin(c, path, octets, n);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct coaps *c = arg;
    uint8_t octets[COAPS_DATAGRAM_MAX];
    struct coaps_path path;
    size_t n = 0;
    for (unsigned i = 0; i < DATAGRAMS_A_TURN && !c->draining; i++) {
        if (!coaps_udp_receive(fd, octets, sizeof octets, &n, &path))
            return;
        dispatch(c, &path, octets, n);
    }
}

void coaps_dtls_send(struct coaps_session *s, const struct om_secret *octets)
{
    ERR_clear_error();
    int n = SSL_write(s->ssl, octets->octets, (int)octets->len);
    if (n <= 0 && !coaps_session_alive(s, n))
        s->dead = true;
}

om_rc coaps_dtls_start(struct coaps *c, struct om_error *err)
{
    c->bio = coaps_bio_new();
    if (c->bio == NULL || RAND_priv_bytes(c->cookie_key, sizeof c->cookie_key) != 1)
        return om_fail(err, OM_ENOMEM, "coaps: no memory for a server");
    SSL_CTX_set_cookie_generate_cb(c->opt.ctx, on_cookie_make);
    SSL_CTX_set_cookie_verify_cb(c->opt.ctx, on_cookie_check);
    c->listener = listener_new(c);
    if (c->listener == NULL ||
        event_assign(&c->readable, c->base, c->fd, EV_READ | EV_PERSIST, on_readable, c) != 0 ||
        (!c->opt.wait && event_add(&c->readable, NULL) != 0))
        return om_fail(err, OM_ENOMEM, "coaps: no memory for a server");
    return OM_OK;
}

void coaps_dtls_stop(struct coaps *c)
{
    if (event_initialized(&c->readable))
        (void)event_del(&c->readable);
}
