/* See mef_fetch.h. */
#include "daemon/mef_fetch.h"
#include "onem2m/fetch.h"
#include "util/log.h"
#include "util/text.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX   65536
#define HEADER_MAX 16384

struct mef_fetch {
    const struct mef_fetch_setup *setup;
    struct maf_remote what;
    struct mef_session session;
    enum maf_remote_path path;
    struct evhttp_connection *http;
    struct event deadline, end;
    char rqi[24];
    mef_fetch_done *done;
    void *arg;
    bool reused; /* the question is the second of its connection */
    bool again;  /* `end` is due, and the question is put once more */
    bool over;   /* `end` is due */
    om_rc rc;
    struct om_error err;
};

static void release(struct mef_fetch *f)
{
    (void)event_del(&f->deadline);
    (void)event_del(&f->end);
    if (f->http != NULL)
        evhttp_connection_free(f->http);
    maf_remote_free(&f->what);
    free(f);
}

static bool begin_again(struct mef_fetch *f);

/* Not from inside libevent's own callbacks, which still use the connection. */
static void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct mef_fetch *f = arg;
    if (f->again && !f->over && begin_again(f))
        return;
    mef_fetch_done *done = f->done;
    void *done_arg = f->arg;
    om_rc rc = f->rc;
    struct om_error err = f->err;
    release(f);
    done(done_arg, rc, &err);
}

static void finish(struct mef_fetch *f, om_rc rc)
{
    if (f->over)
        return;
    f->over = true;
    f->rc = rc;
    event_active(&f->end, EV_TIMEOUT, 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct mef_fetch *f = arg;
    finish(f, om_fail(&f->err, OM_ETRANSIENT, "no answer within %u s", f->setup->timeout));
}

/* OM_ETRANSIENT is said of the MEF: a token or a database that we lack for now is no fault of its. */
static om_rc ours(struct mef_fetch *f, om_rc rc)
{
    const struct om_error was = f->err;
    return rc == OM_ETRANSIENT ? om_fail(&f->err, OM_EINTERNAL, "%s", om_error_text(&was, rc)) : rc;
}

/* ---- the answer ---- */

static om_rc no_connection(struct mef_fetch *f)
{
    const struct om_error *why = &f->session.why;
    if (!f->session.refused)
        return om_fail(&f->err, OM_ETRANSIENT, "the connection failed");
    return om_fail(&f->err, why->rc == OM_EDENIED ? OM_ETRANSIENT : OM_EINTERNAL, "its certificate: %s",
                   om_error_text(why, why->rc));
}

/* rsc and content; OM_ETRANSIENT for what is no answer of a MEF. */
static om_rc read_answer(struct mef_fetch *f, struct evhttp_request *req, int *rsc, json_t **content)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    const char *rsc_text = evhttp_find_header(headers, "X-M2M-RSC");
    const char *rqi = evhttp_find_header(headers, "X-M2M-RI");
    struct evbuffer *body = evhttp_request_get_input_buffer(req);
    size_t n = evbuffer_get_length(body);
    uint64_t code = 0;
    if (evhttp_request_get_response_code(req) == 0)
        return no_connection(f);
    if (rsc_text == NULL || om_parse_uint(rsc_text, 9999, &code, NULL) != OM_OK || rqi == NULL ||
        strcmp(rqi, f->rqi) != 0)
        return om_fail(&f->err, OM_ETRANSIENT, "HTTP %d without an answer to our request",
                       evhttp_request_get_response_code(req));
    *rsc = (int)code;
    if (n == 0)
        return OM_OK;
    const unsigned char *text = evbuffer_pullup(body, -1);
    om_rc rc = text != NULL ? m2m_json_parse(text, n, content, &f->err)
                            : om_fail(&f->err, OM_ENOMEM, "no memory for an answer");
    return rc == OM_EINPUT ? om_context(&f->err, OM_EINTEGRITY, "the MEF's answer") : rc;
}

static om_rc ask(struct mef_fetch *f);

static void on_response(struct evhttp_request *req, void *arg)
{
    struct mef_fetch *f = arg;
    json_t *content = NULL;
    int rsc = 0;
    if (f->over)
        return;
    om_rc rc = req != NULL ? read_answer(f, req, &rsc, &content) : no_connection(f);
    if (rc == OM_OK)
        rc = ours(f, maf_remote_take(f->setup->maf, &f->what, f->path, rsc, content, &f->err));
    json_decref(content);
    if (rc == OM_ENOTFOUND && f->path == MAF_REMOTE_FETCH) { /* MEF-RP-8 */
        f->path = MAF_REMOTE_RETRIEVAL;
        f->reused = true;
        rc = ask(f);
        if (rc == OM_OK)
            return;
    }
    f->again = rc == OM_ETRANSIENT && f->reused; /* the MEF may have ended the connection with its answer */
    if (f->again)
        event_active(&f->end, EV_TIMEOUT, 0);
    else
        finish(f, rc);
}

/* ---- the question ---- */

static bool add_headers(struct mef_fetch *f, struct evhttp_request *req, const struct m2m_request *rq)
{
    struct evkeyvalq *h = evhttp_request_get_output_headers(req);
    (void)snprintf(f->rqi, sizeof f->rqi, "fetch-%d", (int)f->path);
    return evhttp_add_header(h, "Host", f->what.mef.fqdn) == 0 &&
           evhttp_add_header(h, "X-M2M-Origin", rq->from) == 0 &&
           evhttp_add_header(h, "X-M2M-RI", f->rqi) == 0 && evhttp_add_header(h, "X-M2M-RVI", rq->rvi) == 0 &&
           evhttp_add_header(h, "Accept", "application/json") == 0;
}

/* TS-0009: "//fqdn/x" is /_/fqdn/x. */
static om_rc send_request(struct mef_fetch *f, const struct m2m_request *rq)
{
    char path[M2M_TO_SIZE + 4];
    bool absolute = strncmp(rq->to, "//", 2) == 0;
    (void)snprintf(path, sizeof path, "/%s%s", absolute ? "_/" : "", absolute ? rq->to + 2 : rq->to);
    struct evhttp_request *req = evhttp_request_new(on_response, f);
    if (req == NULL || !add_headers(f, req, rq)) {
        if (req != NULL)
            evhttp_request_free(req);
        return om_fail(&f->err, OM_ENOMEM, "no memory for a request to a MEF");
    }
    if (evhttp_make_request(f->http, req, EVHTTP_REQ_GET, path) != 0) /* it has freed req */
        return om_fail(&f->err, OM_ETRANSIENT, "cannot connect");
    return OM_OK;
}

static om_rc ask(struct mef_fetch *f)
{
    struct m2m_request rq;
    m2m_request_init(&rq);
    om_rc rc = maf_remote_request(f->setup->maf, &f->what, f->path, &rq, &f->err);
    if (rc == OM_OK)
        rc = send_request(f, &rq);
    m2m_request_free(&rq);
    return rc;
}

/* ---- the connection ---- */

/* "192.0.2.1:443" or "[::1]:443", checked when it was stored. */
static om_rc split_address(const struct store_mef *mef, char host[STORE_ADDRESS_SIZE], uint16_t *port,
                           struct om_error *err)
{
    const char *colon = strrchr(mef->address, ':');
    uint64_t n = 0;
    if (colon == NULL || om_parse_uint(colon + 1, 65535, &n, NULL) != OM_OK)
        return om_fail(err, OM_EINTERNAL, "the address of %s is malformed", mef->fqdn);
    bool v6 = mef->address[0] == '[';
    size_t len = (size_t)(colon - mef->address) - (v6 ? 2 : 0);
    if (len >= STORE_ADDRESS_SIZE)
        return om_fail(err, OM_EINTERNAL, "the address of %s is malformed", mef->fqdn);
    memcpy(host, mef->address + (v6 ? 1 : 0), len);
    host[len] = '\0';
    *port = (uint16_t)n;
    return OM_OK;
}

static om_rc open_connection(struct mef_fetch *f)
{
    char host[STORE_ADDRESS_SIZE];
    uint16_t port = 0;
    SSL *ssl = NULL;
    OM_TRY(split_address(&f->what.mef, host, &port, &f->err));
    OM_TRY(mef_session_new(&f->session, &ssl, &f->err));
    struct bufferevent *bev = bufferevent_openssl_socket_new(
        f->setup->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL) /* it has freed the SSL */
        return om_fail(&f->err, OM_ENOMEM, "no memory for a connection");
    f->http = evhttp_connection_base_bufferevent_new(f->setup->base, NULL, bev, host, port);
    if (f->http == NULL) {
        bufferevent_free(bev);
        return om_fail(&f->err, OM_ENOMEM, "no memory for a connection");
    }
    evhttp_connection_set_max_body_size(f->http, BODY_MAX);
    evhttp_connection_set_max_headers_size(f->http, HEADER_MAX);
    evhttp_connection_set_timeout(f->http, (int)f->setup->timeout);
    return OM_OK;
}

/* On a new connection. False: it is over. */
static bool begin_again(struct mef_fetch *f)
{
    f->again = f->reused = false;
    evhttp_connection_free(f->http);
    f->http = NULL;
    f->rc = ours(f, open_connection(f));
    if (f->rc == OM_OK)
        f->rc = ask(f);
    return f->rc == OM_OK;
}

om_rc mef_fetch_start(const struct mef_fetch_setup *setup, struct maf_remote *what, mef_fetch_done *done,
                      void *arg, struct mef_fetch **out, struct om_error *err)
{
    const struct timeval limit = {.tv_sec = (time_t)setup->timeout};
    struct mef_fetch *f = calloc(1, sizeof *f);
    if (f == NULL) {
        maf_remote_free(what);
        return om_fail(err, OM_ENOMEM, "no memory for a fetch");
    }
    f->setup = setup;
    f->what = *what;
    f->session = (struct mef_session){.all = setup->sessions, .what = &f->what};
    f->done = done;
    f->arg = arg;
    (void)evtimer_assign(&f->deadline, setup->base, on_deadline, f);
    (void)evtimer_assign(&f->end, setup->base, on_end, f);
    om_rc rc = ours(f, open_connection(f));
    if (rc == OM_OK && evtimer_add(&f->deadline, &limit) != 0)
        rc = om_fail(&f->err, OM_ENOMEM, "no memory for a time limit");
    if (rc == OM_OK)
        rc = ask(f);
    if (rc != OM_OK) {
        rc = om_fail(err, rc, "%s", f->err.text);
        release(f);
        return rc;
    }
    *out = f;
    return OM_OK;
}

void mef_fetch_cancel(struct mef_fetch *f)
{
    release(f);
}
