/* A WebSocket connection: octets between the bufferevent and the stream, requests to the procedures, time
 * limits and the end. The phases of an HTTPS connection serve here too: idle until the first octet of a
 * message, request until its last, response until the peer has taken all that we sent. */
#include "bind/wss.h"
#include "bind/wss_stream.h"
#include "util/log.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>

struct wss {
    struct https_conn *conn;
    struct evhttp_connection *evcon; /* owns the bufferevent, and so the SSL, the conn and this */
    const struct wss_subprotocol *protocol;
    struct wss_stream *stream;
    bool closing;   /* the time limit of the closing handshake runs */
    bool half_shut; /* our direction has ended */
};

static size_t take(void *arg, uint8_t *p, size_t n)
{
    struct wss *w = arg;
    int got = evbuffer_remove(bufferevent_get_input(w->conn->bev), p, n);
    return got > 0 ? (size_t)got : 0;
}

static bool put(void *arg, const uint8_t *p, size_t n)
{
    struct wss *w = arg;
    return evbuffer_add(bufferevent_get_output(w->conn->bev), p, n) == 0;
}

/* One response at a time: a peer that does not read makes its further requests wait in the kernel. */
static bool waiting(void *arg)
{
    struct wss *w = arg;
    return evbuffer_get_length(bufferevent_get_output(w->conn->bev)) > 0;
}

static void handle(void *arg, const struct m2m_request *rq, struct m2m_response *rs)
{
    struct https_conn *c = arg;
    maf_handle(c->https->maf, &c->session, rq, rs);
}

static void on_message(void *arg, const uint8_t *p, size_t n)
{
    struct wss *w = arg;
    struct https_conn *c = w->conn;
    struct om_secret out = OM_SECRET_INIT;
    struct om_error err = {0};
    c->https->stats.requests++;
    https_conn_phase(c, HTTPS_RESPONSE);
    om_rc rc = wss_answer(w->protocol, p, n, handle, c, &out, &err);
    if (rc == OM_OK) {
        wss_stream_send(w->stream, out.octets, out.len);
    } else { /* what was promised is done, but cannot be told */
        om_log(OM_LOG_ERROR, "wss: %s", om_error_text(&err, rc));
        wss_stream_close(w->stream, WSS_INTERNAL_ERROR, "no response can be given");
    }
    om_secret_free(&out);
    if (c->session.close)
        wss_stream_close(w->stream, WSS_POLICY_VIOLATION, "the session has ended");
}

static const struct wss_stream_ops stream_ops = {take, put, waiting, on_message};

/* The peer cannot be understood any more. It learns that we end; its own end, or the time limit, ends all.
 * Closing at once would reset the connection, and the Close frame might be lost with it. */
static void shut_half(struct wss *w)
{
    if (w->half_shut)
        return;
    w->half_shut = true;
    ERR_clear_error();
    (void)SSL_shutdown(w->conn->ssl);
    ERR_clear_error();
    (void)shutdown(bufferevent_getfd(w->conn->bev), SHUT_WR);
}

static void note_close(struct wss *w)
{
    if (w->closing)
        return;
    w->closing = true;
    int code = wss_stream_code(w->stream);
    if (code == WSS_PROTOCOL_ERROR || code == WSS_UNSUPPORTED_DATA || code == WSS_INVALID_DATA ||
        code == WSS_TOO_BIG)
        w->conn->https->stats.malformed++;
    https_conn_phase(w->conn, HTTPS_RESPONSE);
}

/* Starts the time limit of what is now waited for. */
static void choose_phase(struct wss *w)
{
    struct https_conn *c = w->conn;
    if (wss_stream_partial(w->stream)) {
        if (c->phase != HTTPS_REQUEST) /* a message that comes in pieces has one limit for all */
            https_conn_phase(c, HTTPS_REQUEST);
    } else if (!waiting(w)) {
        https_conn_phase(c, HTTPS_IDLE);
    } else if (c->phase != HTTPS_RESPONSE) {
        https_conn_phase(c, HTTPS_RESPONSE);
    }
}

/* After anything happened. w may be gone when the event loop is reached again. */
static void settle(struct wss *w)
{
    if (w->conn->https->draining && !waiting(w) && !wss_stream_partial(w->stream))
        wss_stream_close(w->stream, WSS_GOING_AWAY, "this server is being stopped");
    enum wss_state state = wss_stream_state(w->stream);
    if (state == WSS_OPEN) {
        choose_phase(w);
        return;
    }
    note_close(w);
    if (state == WSS_CLOSED && !waiting(w))
        evhttp_connection_free(w->evcon);
    else if (state == WSS_DEAF && !waiting(w))
        shut_half(w);
}

static void on_io(struct bufferevent *bev, void *arg)
{
    (void)bev;
    struct wss *w = arg;
    wss_stream_run(w->stream);
    settle(w);
}

/* The peer is gone, or its time is over. */
static void on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    struct wss *w = arg;
    bool late = (what & BEV_EVENT_TIMEOUT) != 0;
    if (!late || wss_stream_state(w->stream) != WSS_OPEN) {
        evhttp_connection_free(w->evcon);
        return;
    }
    if (w->conn->https->draining)
        wss_stream_close(w->stream, WSS_GOING_AWAY, "this server is being stopped");
    else if (w->conn->phase == HTTPS_IDLE)
        wss_stream_close(w->stream, WSS_NORMAL, "idle for too long");
    else
        wss_stream_close(w->stream, WSS_POLICY_VIOLATION, "too slow");
    settle(w);
}

om_rc wss_open(struct https_conn *c, struct evhttp_request *req, const struct wss_subprotocol *protocol,
               struct om_error *err)
{
    struct wss *w = calloc(1, sizeof *w);
    if (w == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a WebSocket");
    om_rc rc = wss_stream_new(protocol->binary, c->https->opt.max_body, &stream_ops, w, &w->stream, err);
    if (rc != OM_OK) {
        free(w);
        return rc;
    }
    w->conn = c;
    w->evcon = evhttp_request_get_connection(req);
    w->protocol = protocol;
    c->wss = w;
    c->served = true; /* draining may close it as soon as it is idle */
    bufferevent_setcb(c->bev, on_io, on_io, on_event, w);
    return OM_OK;
}

void wss_free(struct wss *w)
{
    if (w == NULL)
        return;
    wss_stream_free(w->stream);
    free(w);
}
