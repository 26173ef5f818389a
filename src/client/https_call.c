/* One attempt over HTTPS: see https_call.h. */
#include "client/https_call.h"
#include "client/http_message.h"

#define HEADERS_MAX 16384 /* octets of a response's headers */
#define BODY_MAX    TRANSPORT_BODY_MAX

struct call {
    struct tls_call tls;
    struct evhttp_connection *connection; /* owns the bufferevent */
    int broken;                           /* enum evhttp_request_error, or -1 */
};

/* The headers are here and the session is still open. */
static int on_headers(struct evhttp_request *message, void *arg)
{
    (void)message;
    struct call *call = arg;
    if (call->tls.decided)
        return 0;
    om_rc rc = attempt_use_session(call->tls.attempt, call->tls.ssl, call->tls.err);
    if (rc == OM_OK)
        return 0;
    tls_call_decide(&call->tls, rc);
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
    const struct attempt *a = call->tls.attempt;
    if (message != NULL && evhttp_request_get_response_code(message) != 0 && call->broken < 0 &&
        !call->tls.decided)
        tls_call_decide(&call->tls, http_response_read(message, a->rq, a->rs, call->tls.err));
    (void)event_base_loopbreak(call->tls.base);
}

static om_rc result(const struct call *call, struct om_error *err)
{
    const char *where = call->tls.attempt->address->text;
    if (call->tls.decided || !call->tls.handshaken)
        return tls_call_result(&call->tls, err);
    if (call->broken == EVREQ_HTTP_DATA_TOO_LONG)
        return om_fail(err, OM_EINTEGRITY, "the response of %s is longer than %d octets", where, BODY_MAX);
    if (call->broken == EVREQ_HTTP_INVALID_HEADER)
        return om_fail(err, OM_EINTEGRITY, "the response of %s is not HTTP", where);
    return tls_call_result(&call->tls, err);
}

om_rc https_connection(struct tls_call *tls, ev_ssize_t body_max, struct evhttp_connection **out,
                       struct om_error *err)
{
    const struct attempt *a = tls->attempt;
    *out = evhttp_connection_base_bufferevent_new(tls->base, NULL, tls->bev, a->address->host, a->peer->port);
    if (*out == NULL) {
        bufferevent_free(tls->bev);
        tls->bev = NULL;
        return om_fail(err, OM_ENOMEM, "no memory for a connection");
    }
    evhttp_connection_set_max_headers_size(*out, HEADERS_MAX);
    evhttp_connection_set_max_body_size(*out, body_max);
    evhttp_connection_set_retries(*out, 0);
    evhttp_connection_set_timeout(*out, (int)a->peer->home->timeout + 1); /* ours is the limit */
    return OM_OK;
}

static om_rc send_request(struct call *call, struct om_error *err)
{
    const struct attempt *a = call->tls.attempt;
    const struct home *home = a->peer->home;
    char target[HTTP_TARGET_SIZE];
    OM_TRY(http_target(a->rq, target, err));
    struct evhttp_request *message = evhttp_request_new(on_done, call);
    if (message == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a request");
    evhttp_request_set_error_cb(message, on_broken);
    evhttp_request_set_header_cb(message, on_headers);
    om_rc rc = http_request_fill(message, a->rq, a->peer->server->fqdn, home->format, &a->body, err);
    if (rc != OM_OK) {
        evhttp_request_free(message);
        return rc;
    }
    if (evhttp_make_request(call->connection, message, http_method(a->rq), target) != 0) /* frees message */
        return om_fail(err, OM_ETRANSIENT, "cannot connect to %s", a->address->text);
    return OM_OK;
}

om_rc https_call(struct attempt *attempt, struct om_error *err)
{
    struct call call = {.broken = -1};
    om_rc rc;
    OM_TRY_GOTO(rc, out, tls_call_begin(&call.tls, attempt, false, err));
    OM_TRY_GOTO(rc, out, tls_call_stream(&call.tls, err));
    OM_TRY_GOTO(rc, out, https_connection(&call.tls, BODY_MAX, &call.connection, err));
    OM_TRY_GOTO(rc, out, send_request(&call, err));
    OM_TRY_GOTO(rc, out, tls_call_run(&call.tls, err));
    rc = result(&call, err);
out:
    if (call.connection != NULL)
        evhttp_connection_free(call.connection);
    tls_call_end(&call.tls);
    return rc;
}
