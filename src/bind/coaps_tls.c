/* CoAP over TLS: connections, and messages cut out of their streams (RFC 8323 §3). */
#include "bind/coaps_internal.h"
#include "util/log.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#define ACCEPTED_A_TURN 16
#define READ_SIZE       16384 /* a TLS record */
#define HEAD_ROOM       4096  /* for what surrounds a body in a message */

/* ---- out ---- */

/* False when the connection is broken. */
static bool flush(struct coaps_session *s)
{
    size_t done = 0;
    while (done < s->out.len) {
        ERR_clear_error();
        int n = SSL_write(s->ssl, s->out.octets + done, (int)(s->out.len - done));
        if (n <= 0 && !coaps_session_alive(s, n))
            return false;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (done == s->out.len) {
        om_secret_free(&s->out);
        (void)event_del(&s->unfinished);
        return true;
    }
    memmove(s->out.octets, s->out.octets + done, s->out.len - done);
    om_wipe(s->out.octets + s->out.len - done, done);
    s->out.len -= done;
    return event_add(&s->writable, NULL) == 0;
}

static om_rc append(struct om_secret *to, const void *octets, size_t n)
{
    struct om_secret longer = OM_SECRET_INIT;
    OM_TRY(om_secret_alloc(&longer, to->len + n, NULL));
    if (to->len > 0)
        memcpy(longer.octets, to->octets, to->len);
    memcpy(longer.octets + to->len, octets, n);
    om_secret_free(to);
    *to = longer;
    return OM_OK;
}

void coaps_tls_send(struct coaps_session *s, const struct om_secret *octets)
{
    bool waiting = s->out.len > 0; /* then an event will flush it */
    if (append(&s->out, octets->octets, octets->len) != OM_OK || (!waiting && !flush(s)))
        s->dead = true;
}

/* ---- in ---- */

/* Until an answer has to wait: then the further requests do, too, or their answers would pile up. */
static void take_messages(struct coaps_session *s)
{
    size_t at = 0;
    const size_t max = (size_t)s->coaps->opt.max_body + HEAD_ROOM;
    while (!s->dead && s->out.len == 0 && at < s->in.len) {
        size_t n = om_coap_frame_size(s->in.octets + at, s->in.len - at);
        if (n > max) {
            s->coaps->stats.malformed++;
            s->dead = true;
        }
        if (n == 0 || n > s->in.len - at)
            break;
        coaps_message_receive(s, s->in.octets + at, n);
        at += n;
    }
    size_t left = s->in.len - at;
    if (at == 0)
        return;
    (void)event_del(&s->unfinished); /* what is left belongs to another message */
    memmove(s->in.octets, s->in.octets + at, left);
    om_wipe(s->in.octets + left, at);
    s->in.len = left;
    if (left == 0)
        om_secret_free(&s->in);
}

/* Reads while the peer also takes what it gets: one that does not waits in the kernel, not in our memory. */
static void pump(struct coaps_session *s)
{
    uint8_t plain[READ_SIZE];
    take_messages(s); /* those that waited */
    for (unsigned i = 0; i < 8 && !s->dead && s->out.len == 0; i++) {
        ERR_clear_error();
        int n = SSL_read(s->ssl, plain, sizeof plain);
        bool over = n <= 0 && !coaps_session_alive(s, n);
        coaps_session_progress(s); /* it may write, and then the reason above is gone */
        s->dead |= over;
        if (n <= 0)
            break;
        s->dead |= append(&s->in, plain, (size_t)n) != OM_OK;
        om_wipe(plain, (size_t)n);
        take_messages(s);
    }
}

static bool quiet(const struct coaps_session *s)
{
    return s->served && s->in.len == 0 && s->out.len == 0 && !s->upload.active && s->download == NULL;
}

/* However often an octet comes or goes: without it a peer could hold a session and its memory for ever. */
static void limit_time(struct coaps_session *s)
{
    const struct timeval tv = {.tv_sec = (time_t)s->coaps->opt.request_timeout};
    if ((s->in.len > 0 || s->out.len > 0) && !evtimer_pending(&s->unfinished, NULL))
        (void)evtimer_add(&s->unfinished, &tv);
}

static void on_unfinished(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct coaps_session *s = arg;
    s->coaps->stats.timeouts++;
    coaps_session_free(s, true);
}

static void settle(struct coaps_session *s)
{
    if (s->dead || (s->coaps->draining && quiet(s))) {
        coaps_session_free(s, true);
        return;
    }
    limit_time(s);
    if (s->out.len > 0)
        (void)event_del(&s->readable);
    else
        (void)event_add(&s->readable, NULL);
    if (s->out.len == 0 && SSL_pending(s->ssl) > 0) /* decrypted already: the socket will not tell */
        event_active(&s->readable, EV_READ, 0);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct coaps_session *s = arg;
    pump(s);
    settle(s);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct coaps_session *s = arg;
    s->dead |= !flush(s);
    pump(s);
    settle(s);
}

/* ---- connections ---- */

static void begin(struct coaps *c, int fd, const struct coaps_path *path)
{
    SSL *ssl = SSL_new(c->opt.ctx);
    struct coaps_session *s = NULL;
    if (ssl != NULL && SSL_set_fd(ssl, fd) == 1)
        s = coaps_session_new(c, ssl, fd, path);
    if (s == NULL) {
        SSL_free(ssl);
        (void)close(fd);
        return;
    }
    SSL_set_accept_state(ssl);
    (void)SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)event_assign(&s->readable, c->base, fd, EV_READ | EV_PERSIST, on_readable, s);
    (void)event_assign(&s->writable, c->base, fd, EV_WRITE, on_writable, s);
    (void)evtimer_assign(&s->unfinished, c->base, on_unfinished, s);
    if (coaps_ahead_watch(s, NULL) != OM_OK || event_add(&s->readable, NULL) != 0)
        coaps_session_free(s, false);
}

static void wait_for_descriptors(struct coaps *c)
{
    const struct timeval second = {.tv_sec = 1};
    om_log(OM_LOG_WARNING, "coaps+tcp: cannot accept connections: %s", strerror(errno));
    (void)event_del(&c->readable);
    (void)evtimer_add(&c->retry, &second);
}

static void on_connection(evutil_socket_t listener, short what, void *arg)
{
    (void)what;
    struct coaps *c = arg;
    for (unsigned i = 0; i < ACCEPTED_A_TURN && c->stats.sessions < c->opt.max_sessions; i++) {
        struct coaps_path path;
        memset(&path, 0, sizeof path);
        path.peer_len = sizeof path.peer;
        int fd = accept4(listener, &path.peer.any, &path.peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                wait_for_descriptors(c);
            break;
        }
        if (coaps_room(c, &path))
            begin(c, fd, &path);
        else
            (void)close(fd);
    }
    coaps_tls_update(c);
}

void coaps_tls_update(struct coaps *c)
{
    bool waiting = event_initialized(&c->readable) && event_pending(&c->readable, EV_READ, NULL) != 0;
    bool wanted = !c->draining && c->stats.sessions < c->opt.max_sessions;
    if (!event_initialized(&c->readable) || evtimer_pending(&c->retry, NULL) || waiting == wanted)
        return;
    if (wanted) {
        (void)event_add(&c->readable, NULL);
    } else {
        (void)event_del(&c->readable);
        c->stats.refused_limit += !c->draining;
    }
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    coaps_tls_update(arg);
}

om_rc coaps_tls_start(struct coaps *c, struct om_error *err)
{
    (void)evtimer_assign(&c->retry, c->base, on_retry, c);
    if (event_assign(&c->readable, c->base, c->fd, EV_READ | EV_PERSIST, on_connection, c) != 0 ||
        event_add(&c->readable, NULL) != 0)
        return om_fail(err, OM_ENOMEM, "coaps: no memory for a server");
    return OM_OK;
}

void coaps_tls_stop(struct coaps *c)
{
    if (!event_initialized(&c->readable))
        return;
    (void)evtimer_del(&c->retry);
    (void)event_del(&c->readable);
    struct coaps_session *s = LIST_FIRST(&c->sessions);
    while (s != NULL) {
        struct coaps_session *next = LIST_NEXT(s, link);
        if (s->phase == COAPS_READY && quiet(s))
            coaps_session_free(s, true);
        s = next;
    }
}
