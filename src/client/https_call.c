/* One attempt at one address: see https_call.h. The event loop lives only as long as the attempt. */
#include "client/https_call.h"
#include "client/http_message.h"
#include "client/net.h"
#include "tls/tls.h"

#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define HEADERS_MAX 16384 /* octets of a response's headers */
#define BODY_MAX    65536 /* and of its body */

struct call {
    const struct https_attempt *attempt;
    struct event_base *base;
    SSL *ssl;
    struct bufferevent *bev; /* owned by connection */
    struct evhttp_connection *connection;
    struct event *connect_timer, *timer;
    bool session_used;
    int connect_errno; /* why TCP did not connect, or 0 */
    bool connected, handshaken, late;
    int alert;  /* description of a fatal alert from the peer, or -1 */
    int broken; /* enum evhttp_request_error, or -1 */
    bool decided;
    om_rc rc; /* of the answer or of the session hook, once decided */
    struct m2m_response *rs;
    struct om_error *err;
};

static void decide(struct call *call, om_rc rc)
{
    if (!call->decided)
        call->rc = rc;
    call->decided = true;
    (void)event_base_loopbreak(call->base);
}

/* Follows the handshake: evhttp does not tell why a connection failed. */
static void on_tls(const SSL *ssl, int where, int ret)
{
    struct call *call = SSL_get_app_data(ssl);
    if ((where & SSL_CB_HANDSHAKE_START) != 0 && !call->handshaken) {
        call->connect_errno = net_connected(SSL_get_fd(ssl));
        call->connected = call->connect_errno == 0;
    } else if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
        call->handshaken = true;
    } else if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && ret >> 8 == SSL3_AL_FATAL) {
        call->alert = ret & 0xff;
    }
}

/* The headers are here and the session is still open. */
static int on_headers(struct evhttp_request *message, void *arg)
{
    (void)message;
    struct call *call = arg;
    const struct https_attempt *a = call->attempt;
    if (a->session == NULL || call->session_used || call->decided)
        return 0;
    call->session_used = true;
    om_rc rc = a->session(a->arg, call->ssl, call->err);
    if (rc == OM_OK)
        return 0;
    decide(call, rc);
    return -1;
}

static void on_broken(enum evhttp_request_error why, void *arg)
{
    struct call *call = arg;
    call->broken = (int)why;
}

static void on_done(struct evhttp_request *message, void *arg)
{
    struct call *call = arg;
    if (message != NULL && evhttp_request_get_response_code(message) != 0 && call->broken < 0 &&
        !call->decided) {
        decide(call, http_response_read(message, call->attempt->rq, call->rs, call->err));
    }
    (void)event_base_loopbreak(call->base);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct call *call = arg;
    call->late = true;
    (void)event_base_loopbreak(call->base);
}

static void on_connect_late(evutil_socket_t fd, short what, void *arg)
{
    struct call *call = arg;
    if (!call->handshaken)
        on_late(fd, what, arg);
}

static om_rc failed_handshake(const struct call *call, struct om_error *err)
{
    const char *where = call->attempt->address;
    if (call->alert == SSL_AD_UNRECOGNIZED_NAME)
        return om_fail(err, OM_EDENIED, "the server at %s is not %s (TLS alert: unrecognized name)", where,
                       call->attempt->peer->home->fqdn);
    if (call->alert >= 0)
        return om_fail(err, OM_EDENIED,
                       "%s at %s refused the handshake (TLS alert: %s): KmID %s is unknown to it, expired or "
                       "revoked, or "
                       "its Km is another one",
                       call->attempt->peer->home->fqdn, where, SSL_alert_desc_string_long(call->alert),
                       call->attempt->peer->kmid);
    if (call->late)
        return om_fail(err, OM_ETRANSIENT, "%s did not finish the TLS handshake in time", where);
    unsigned long e = call->bev != NULL ? bufferevent_get_openssl_error(call->bev) : 0;
    const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;
    if (reason != NULL && ERR_GET_REASON(e) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return om_fail(err, OM_EDENIED, "TLS handshake with %s failed: %s", where, reason);
    return om_fail(err, OM_ETRANSIENT, "%s closed the connection during the TLS handshake", where);
}

/* What to say when the loop ended without an answer. */
static om_rc diagnose(const struct call *call, struct om_error *err)
{
    const char *where = call->attempt->address;
    if (!call->connected && call->connect_errno != 0)
        return om_fail(err, OM_ETRANSIENT, "cannot connect to %s: %s", where, strerror(call->connect_errno));
    if (!call->connected)
        return om_fail(err, OM_ETRANSIENT, "cannot connect to %s%s", where, call->late ? " in time" : "");
    if (!call->handshaken)
        return failed_handshake(call, err);
    if (call->broken == EVREQ_HTTP_DATA_TOO_LONG)
        return om_fail(err, OM_EINTEGRITY, "the response of %s is longer than %d octets", where, BODY_MAX);
    if (call->broken == EVREQ_HTTP_INVALID_HEADER)
        return om_fail(err, OM_EINTEGRITY, "the response of %s is not HTTP", where);
    if (call->late || call->broken == EVREQ_HTTP_TIMEOUT)
        return om_fail(err, OM_ETRANSIENT,
                       "%s did not answer in %u seconds; whether it did what was asked is unknown", where,
                       call->attempt->peer->home->timeout);
    return om_fail(
        err, OM_ETRANSIENT,
        "%s closed the connection before its response was complete; whether it did what was asked is unknown",
        where);
}

static om_rc make_ssl(struct call *call, struct om_error *err)
{
    const struct transport_peer *peer = call->attempt->peer;
    const struct home *home = peer->home;
    SSL_CTX *ctx = NULL;
    OM_TRY(omtls_client_ctx(peer->libctx, !home->require_extended_master_secret, &ctx, err));
    call->ssl = SSL_new(ctx);
    SSL_CTX_free(ctx); /* the SSL keeps its own reference */
    if (call->ssl == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a TLS connection");
    /* MAF-HS-1, MAF-HS-8: identity KmID, SNI MAF-FQDN. */
    OM_TRY(omtls_client_psk(call->ssl, home->fqdn, peer->kmid, peer->km, home->custody, err));
    (void)SSL_set_app_data(call->ssl, call);
    SSL_set_info_callback(call->ssl, on_tls);
    return OM_OK;
}

static om_rc make_connection(struct call *call, struct om_error *err)
{
    struct event_config *config = event_config_new();
    if (config != NULL) {
        (void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
        call->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (call->base == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for an event loop");
    OM_TRY(make_ssl(call, err));
    (void)SSL_up_ref(call->ssl); /* one reference for the bufferevent, one to look at it afterwards */
    call->bev = bufferevent_openssl_socket_new(call->base, -1, call->ssl, BUFFEREVENT_SSL_CONNECTING,
                                               BEV_OPT_CLOSE_ON_FREE);
    if (call->bev == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a connection");
    const struct https_attempt *a = call->attempt;
    call->connection = evhttp_connection_base_bufferevent_new(call->base, NULL, call->bev, a->host, a->port);
    if (call->connection == NULL) {
        bufferevent_free(call->bev);
        call->bev = NULL;
        return om_fail(err, OM_ENOMEM, "no memory for a connection");
    }
    evhttp_connection_set_max_headers_size(call->connection, HEADERS_MAX);
    evhttp_connection_set_max_body_size(call->connection, BODY_MAX);
    evhttp_connection_set_retries(call->connection, 0);
    evhttp_connection_set_timeout(call->connection, (int)a->peer->home->timeout);
    return OM_OK;
}

static om_rc start_timers(struct call *call, struct om_error *err)
{
    const struct https_attempt *a = call->attempt;
    const struct timeval whole = {.tv_sec = a->milliseconds / 1000, .tv_usec = a->milliseconds % 1000 * 1000};
    const struct timeval connect = {.tv_sec = a->peer->home->connect_timeout};
    call->timer = evtimer_new(call->base, on_late, call);
    call->connect_timer = evtimer_new(call->base, on_connect_late, call);
    if (call->timer == NULL || call->connect_timer == NULL || evtimer_add(call->timer, &whole) != 0 ||
        evtimer_add(call->connect_timer, &connect) != 0)
        return om_fail(err, OM_ENOMEM, "no memory for a timer");
    return OM_OK;
}

static om_rc send_request(struct call *call, struct om_error *err)
{
    const struct https_attempt *a = call->attempt;
    char target[HTTP_TARGET_SIZE];
    OM_TRY(http_target(a->rq, target, err));
    struct evhttp_request *message = evhttp_request_new(on_done, call);
    if (message == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a request");
    evhttp_request_set_error_cb(message, on_broken);
    evhttp_request_set_header_cb(message, on_headers);
    om_rc rc = http_request_fill(message, a->rq, a->peer->home->fqdn, a->body, err);
    if (rc != OM_OK) {
        evhttp_request_free(message);
        return rc;
    }
    if (evhttp_make_request(call->connection, message, http_method(a->rq), target) != 0) /* frees message */
        return om_fail(err, OM_ETRANSIENT, "cannot connect to %s", a->address);
    return OM_OK;
}

static void clean_up(struct call *call)
{
    if (call->timer != NULL)
        event_free(call->timer);
    if (call->connect_timer != NULL)
        event_free(call->connect_timer);
    if (call->connection != NULL)
        evhttp_connection_free(call->connection);
    if (call->ssl != NULL) {
        SSL_set_info_callback(call->ssl, NULL);
        SSL_free(call->ssl);
    }
    if (call->base != NULL)
        event_base_free(call->base);
}

om_rc https_call(const struct https_attempt *attempt, struct m2m_response *rs, bool *connected,
                 struct om_error *err)
{
    struct call call = {.attempt = attempt, .alert = -1, .broken = -1, .rs = rs, .err = err};
    om_rc rc;
    OM_TRY_GOTO(rc, out, make_connection(&call, err));
    OM_TRY_GOTO(rc, out, start_timers(&call, err));
    OM_TRY_GOTO(rc, out, send_request(&call, err));
    if (event_base_dispatch(call.base) < 0)
        rc = om_fail(err, OM_EINTERNAL, "the event loop failed");
    else
        rc = call.decided ? call.rc : diagnose(&call, err);
out:
    *connected = call.connected;
    clean_up(&call);
    return rc;
}
