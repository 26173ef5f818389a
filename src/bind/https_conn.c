/* One HTTPS connection: made with its TLS session, watched by one timer, freed with the SSL.
 *
 * evhttp's own time-out counts inactivity only, so a peer that sends an octet now and then would hold a
 * connection for ever. Here each phase has a total time. */
#include "bind/https_internal.h"
#include "bind/wss.h"
#include "tls/ahead.h"
#include "util/log.h"

#include <event2/bufferevent_ssl.h>
#include <event2/bufferevent_struct.h>
#include <openssl/err.h>
#include <stdlib.h>

static void conn_free(struct https_conn *c)
{
    struct https *h = c->https;
    LIST_REMOVE(c, link);
    ahead_leave(&c->ahead);
    (void)event_del(&c->deadline);
    (void)event_del(&c->replace_page);
    (void)event_del(&c->pull);
    https_admit_end(c);
    https_conn_note_handshake(c);
    if (!c->handshaken && c->counted)
        h->stats.handshake_failures++;
    h->stats.connections--;
    wss_free(c->wss);
    free(c);
    https_accept_update(h);
}

static void ex_data_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    if (ptr != NULL)
        conn_free(ptr);
}

/* Connections hang on their SSL, whose end is the one that evhttp, libevent and we all agree on. */
static int ex_index(void)
{
    static int index = -1;
    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, ex_data_free);
    return index;
}

static unsigned seconds(const struct https_conn *c)
{
    const struct https_options *o = &c->https->opt;
    switch (c->phase) {
    case HTTPS_HANDSHAKE:
        return o->handshake_timeout;
    case HTTPS_IDLE:
        return c->https->draining ? o->request_timeout : o->idle_timeout;
    case HTTPS_REQUEST:
    case HTTPS_RESPONSE:
        break;
    }
    return o->request_timeout;
}

void https_conn_phase(struct https_conn *c, enum https_phase phase)
{
    c->phase = phase;
    if (phase == HTTPS_REQUEST)
        c->received = 0;
    struct timeval tv = {.tv_sec = (time_t)seconds(c)};
    (void)event_add(&c->deadline, &tv);
}

void https_conn_note_handshake(struct https_conn *c)
{
    if (c->handshaken || !SSL_is_init_finished(c->ssl))
        return;
    c->handshaken = true;
    c->https->stats.handshakes++;
}

void https_conn_abort(struct https_conn *c)
{
    /* evhttp frees the connection, whatever it was doing. */
    bufferevent_trigger_event(c->bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct https_conn *c = arg;
    https_conn_note_handshake(c);
    if (c->phase == HTTPS_HANDSHAKE && c->handshaken) { /* and no request yet */
        https_conn_phase(c, HTTPS_IDLE);
        return;
    }
    c->https->stats.timeouts++;
    https_conn_abort(c);
}

/* A peer that sends on while we answer waits in the kernel, not in our memory. */
static size_t input_max(const struct https_conn *c)
{
    return (size_t)c->https->opt.max_header + c->https->opt.max_body + 16384;
}

/* Whether the input has room for what OpenSSL has decrypted already. Reading stops at the watermark, which
 * may be in the middle of a record; when it goes on, libevent waits for the socket, and what remains of that
 * record would lie there until the peer sends more. */
static bool has_leftover(const struct https_conn *c)
{
    return evbuffer_get_length(bufferevent_get_input(c->bev)) < input_max(c) && SSL_pending(c->ssl) > 0;
}

/* Reads it. */
static void on_pull(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct https_conn *c = arg;
    struct evbuffer *in = bufferevent_get_input(c->bev);
    struct evbuffer_iovec room;
    if (!has_leftover(c))
        return;
    if (evbuffer_reserve_space(in, SSL_pending(c->ssl), &room, 1) == 1) {
        size_t n = 0;
        ERR_clear_error();
        room.iov_len = SSL_read_ex(c->ssl, room.iov_base, (size_t)SSL_pending(c->ssl), &n) == 1 ? n : 0;
        ERR_clear_error();
        (void)evbuffer_commit_space(in, &room, 1);
    }
    bufferevent_trigger(c->bev, EV_READ, 0);
}

/* Octets that arrived while nothing was expected begin a request. */
static void on_input(struct evbuffer *buf, const struct evbuffer_cb_info *info, void *arg)
{
    (void)buf;
    struct https_conn *c = arg;
    if (info->n_deleted > 0 && has_leftover(c))
        event_active(&c->pull, EV_TIMEOUT, 0);
    if (info->n_added == 0)
        return;
    https_conn_note_handshake(c);
    if (c->phase == HTTPS_HANDSHAKE || c->phase == HTTPS_IDLE)
        https_conn_phase(c, HTTPS_REQUEST);
    c->received += info->n_added;
}

static om_rc watch(struct https_conn *c, struct om_error *err)
{
    bufferevent_setwatermark(c->bev, EV_READ, 0, input_max(c));
    (void)bufferevent_set_max_single_read(c->bev, 4096);
    if (evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c) == NULL ||
        evbuffer_add_cb(bufferevent_get_output(c->bev), https_page_on_output, c) == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a connection");
    https_conn_phase(c, HTTPS_HANDSHAKE);
    return OM_OK;
}

static bool ask_ahead(void *arg, const char *identity)
{
    struct https_conn *c = arg;
    const struct ahead *ahead = c->https->opt.ahead;
    return ahead->ask(ahead->arg, identity, &c->ahead);
}

/* What libevent does when the socket becomes readable; nothing may come any more. */
static void go_on(struct ahead_waiter *w)
{
    struct https_conn *c = (struct https_conn *)((char *)w - offsetof(struct https_conn, ahead));
    omtls_ahead_go(c->ssl);
    event_active(&c->bev->ev_read, EV_READ, 0);
}

/* From here on the SSL owns c. */
static struct https_conn *conn_new(struct https *h, SSL *ssl)
{
    struct https_conn *c = calloc(1, sizeof *c);
    if (c == NULL || ex_index() < 0 || SSL_set_ex_data(ssl, ex_index(), c) != 1) {
        free(c);
        return NULL;
    }
    c->https = h;
    c->ssl = ssl;
    (void)evtimer_assign(&c->deadline, h->base, on_deadline, c);
    (void)evtimer_assign(&c->replace_page, h->base, https_page_replace, c);
    (void)evtimer_assign(&c->pull, h->base, on_pull, c);
    LIST_INSERT_HEAD(&h->conns, c, link);
    h->stats.connections++;
    h->stats.accepted++;
    return c;
}

struct bufferevent *https_conn_new(struct event_base *base, void *arg)
{
    struct https *h = arg;
    struct om_error err = {0};
    SSL *ssl = SSL_new(h->opt.ctx);
    struct https_conn *c = ssl != NULL ? conn_new(h, ssl) : NULL;
    if (c == NULL) {
        SSL_free(ssl);
        om_log(OM_LOG_ERROR, "https: no memory for a connection");
        return NULL; /* evhttp goes on without TLS; https_conn_of then finds nothing, and it is refused */
    }
    c->bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (c->bev == NULL) /* it has freed the SSL */
        return NULL;
    c->ahead.go = go_on;
    c->ahead.peer = &c->peer.any;
    om_rc rc = h->opt.ahead != NULL ? omtls_ahead_watch(ssl, ask_ahead, c, &err) : OM_OK;
    if (rc == OM_OK)
        rc = watch(c, &err);
    if (rc != OM_OK) {
        om_log(OM_LOG_ERROR, "https: %s", om_error_text(&err, OM_ENOMEM));
        bufferevent_free(c->bev);
        return NULL;
    }
    https_admit_soon(c);
    https_accept_update(h);
    return c->bev;
}

struct https_conn *https_conn_of(struct evhttp_request *req)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(evhttp_request_get_connection(req));
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    return ssl != NULL ? SSL_get_ex_data(ssl, ex_index()) : NULL;
}
