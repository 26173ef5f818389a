/* The HTTPS binding: set-up, requests to the procedures, end. See https.h. */
#include "bind/https_internal.h"
#include "bind/wss.h"

#include <openssl/err.h>
#include <stdlib.h>

static void on_complete(struct evhttp_request *req, void *arg)
{
    (void)req;
    struct https_conn *c = arg;
    c->replying = false;
    c->served = true;
    /* A pipelined request may be waiting in the buffer already. */
    bool more = evbuffer_get_length(bufferevent_get_input(c->bev)) > 0;
    https_conn_phase(c, more ? HTTPS_REQUEST : HTTPS_IDLE);
}

/* Says goodbye to a peer that we close, so that it can tell the end from a cut. */
static void on_close(struct evhttp_connection *evcon, void *arg)
{
    (void)evcon;
    struct https_conn *c = arg;
    ERR_clear_error();
    if (c->handshaken && SSL_is_init_finished(c->ssl))
        (void)SSL_shutdown(c->ssl);
    ERR_clear_error();
}

/* MAF-GEN-1: the session's peer is whom the handshake authenticated. */
static void bind_session(struct https_conn *c)
{
    if (c->session.ssl != NULL)
        return;
    https_conn_note_handshake(c);
    if (!c->handshaken)
        return;
    c->session.peer = omtls_peer(c->ssl);
    c->session.ssl = c->ssl;
}

static void answer(struct https *h, struct maf_session *session, struct evhttp_request *req)
{
    struct m2m_request rq;
    struct m2m_response rs;
    struct https_exchange ex;
    m2m_request_init(&rq);
    m2m_response_init(&rs);
    https_request_read(req, &h->opt, &rq, &ex);
    if (ex.method_allowed)
        maf_handle(h->maf, session, &rq, &rs);
    else
        m2m_response_error(&rs, M2M_OPERATION_NOT_ALLOWED, "the methods are GET, POST, PUT and DELETE");
    ex.close |= session->close || h->draining;
    https_response_send(req, &rs, &ex);
    m2m_response_free(&rs);
    m2m_request_free(&rq);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    struct https *h = arg;
    struct https_conn *c = https_conn_of(req);
    h->stats.requests++;
    if (c == NULL) { /* memory was short when it was accepted, so it has no TLS: 4107 */
        struct maf_session nobody = {.close = true};
        answer(h, &nobody, req);
        return;
    }
    bind_session(c);
    c->replying = true;
    https_conn_phase(c, HTTPS_RESPONSE);
    evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_close, c);
    evhttp_request_set_on_complete_cb(req, on_complete, c);
    if (wss_wanted(req))
        wss_upgrade(c, req);
    else if (!https_well_known(h, &c->session, req))
        answer(h, &c->session, req);
}

static om_rc http_new(struct https *h, struct om_error *err)
{
    h->http = evhttp_new(h->base);
    if (h->http == NULL)
        return om_fail(err, OM_ENOMEM, "https: no memory for a server");
    evhttp_set_bevcb(h->http, https_conn_new, h);
    evhttp_set_gencb(h->http, on_request, h);
    evhttp_set_allowed_methods(h->http, UINT16_MAX); /* others are answered here, not by a page of evhttp's */
    evhttp_set_max_headers_size(h->http, (ev_ssize_t)h->opt.max_header);
    evhttp_set_max_body_size(h->http, (ev_ssize_t)h->opt.max_body);
    evhttp_set_default_content_type(h->http, NULL);
    /* A request target in absolute form with another host would be taken for a proxy's business. */
    for (size_t i = 0; h->opt.names != NULL && h->opt.names[i] != NULL; i++)
        if (evhttp_add_server_alias(h->http, h->opt.names[i]) != 0)
            return om_fail(err, OM_ENOMEM, "https: no memory for a server");
    (void)evhttp_set_flags(h->http, EVHTTP_SERVER_LINGERING_CLOSE); /* so that a 413 is not lost in a reset */
    return https_accept_start(h, err);
}

om_rc https_new(struct event_base *base, struct maf *maf, const struct https_options *opt, struct https **out,
                struct om_error *err)
{
    struct https *h = calloc(1, sizeof *h);
    if (h == NULL || SSL_CTX_up_ref(opt->ctx) != 1) {
        free(h);
        return om_fail(err, OM_ENOMEM, "https: no memory for a server");
    }
    h->base = base;
    h->maf = maf;
    h->opt = *opt;
    LIST_INIT(&h->conns);
    om_rc rc = https_admit_init(h, err);
    if (rc == OM_OK)
        rc = http_new(h, err);
    if (rc != OM_OK) {
        https_free(h);
        return rc;
    }
    h->opt.listener = NULL;
    *out = h;
    return OM_OK;
}

uint16_t https_port(const struct https *h)
{
    return h->port;
}

void https_drain(struct https *h)
{
    if (h->draining)
        return;
    h->draining = true;
    https_accept_stop(h);
    struct https_conn *c = LIST_FIRST(&h->conns);
    while (c != NULL) {
        struct https_conn *next = LIST_NEXT(c, link);
        /* A peer that has just connected may be about to send: it has its first request. */
        if (c->phase == HTTPS_IDLE && c->served)
            https_conn_abort(c);
        else if (c->phase == HTTPS_IDLE)
            https_conn_phase(c, HTTPS_IDLE);
        c = next;
    }
}

bool https_drained(const struct https *h)
{
    return h->draining && LIST_EMPTY(&h->conns);
}

void https_free(struct https *h)
{
    if (h == NULL)
        return;
    h->draining = true;
    https_accept_stop(h);
    if (h->http != NULL)
        evhttp_free(h->http);
    /* libevent frees bufferevents, and with them the SSLs and their keys, from its loop. */
    for (size_t i = 0; i < 1000 && !LIST_EMPTY(&h->conns); i++)
        (void)event_base_loop(h->base, EVLOOP_NONBLOCK);
    SSL_CTX_free(h->opt.ctx);
    free(h);
}

void https_stats(const struct https *h, struct https_stats *out)
{
    *out = h->stats;
}
