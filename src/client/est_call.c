/* One EST session: see est_call.h. */
#include "client/est_call.h"
#include "client/https_call.h"
#include "client/net.h"
#include "client/rounds.h"
#include "util/text.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 32768 /* octets of an answer */

enum step { CACERTS, CSRATTRS, ENROL, STEPS };

struct call {
    struct tls_call tls;
    struct est_session *session;
    struct evhttp_connection *connection; /* owns the bufferevent */
    enum step step;
    char *attributes;
    char *body; /* of the request under way */
    bool broken;
};

void est_session_free(struct est_session *s)
{
    free(s->cacerts);
    free(s->certificate);
    s->cacerts = s->certificate = NULL;
}

static const char *operation(const struct call *call)
{
    return call->step == CACERTS    ? "cacerts"
           : call->step == CSRATTRS ? "csrattrs"
           : call->session->again   ? "simplereenroll"
                                    : "simpleenroll";
}

/* --- answers --- */

static om_rc take_text(struct evhttp_request *message, char **out, struct om_error *err)
{
    struct om_secret body = OM_SECRET_INIT;
    OM_TRY(net_take(evhttp_request_get_input_buffer(message), SIZE_MAX, &body, err));
    *out = body.len > 0 ? strndup((const char *)body.octets, body.len) : strdup("");
    om_secret_free(&body);
    return *out != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for an answer");
}

/* RFC 7030 section 4.2.3: a refusal is a text for people. */
static om_rc refused(const struct call *call, int status, const char *text, struct om_error *err)
{
    char shown[200];
    const char *fqdn = call->tls.attempt->peer->server->fqdn;
    (void)snprintf(shown, sizeof shown, "%.*s", (int)strcspn(text, "\r\n"), text);
    om_printable(shown);
    if (status == 404 || status == 501)
        return om_fail(err, OM_EUNSUPPORTED, "%s has no EST (%s: HTTP status %d)", fqdn, operation(call),
                       status);
    if (status == 202)
        return om_fail(err, OM_ETRANSIENT, "%s wants its operator's consent first: ask again later", fqdn);
    return om_fail(err, status == 429 || status / 100 == 5 ? OM_ETRANSIENT : OM_EDENIED,
                   "%s refused %s: HTTP status %d%s%s", fqdn, operation(call), status,
                   shown[0] != '\0' ? ": " : "", shown);
}

static bool has_type(struct evhttp_request *message, const char *wanted)
{
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(message), "Content-Type");
    size_t n = strlen(wanted);
    return type != NULL && strncasecmp(type, wanted, n) == 0 &&
           (type[n] == '\0' || strchr("; \t", type[n]) != NULL);
}

static om_rc take(struct call *call, struct evhttp_request *message, struct om_error *err)
{
    static const char *const types[STEPS] = {"application/pkcs7-mime", "application/csrattrs",
                                             "application/pkcs7-mime"};
    char **const places[STEPS] = {&call->session->cacerts, &call->attributes, &call->session->certificate};
    int status = evhttp_request_get_response_code(message);
    char *text = NULL;
    OM_TRY(take_text(message, &text, err));
    bool none = call->step == CSRATTRS && (status == 204 || status == 404); /* RFC 7030 section 4.5.2 */
    if (none)
        text[0] = '\0';
    if (!none && status != 200) {
        om_rc rc = refused(call, status, text, err);
        free(text);
        return rc;
    }
    free(*places[call->step]);
    *places[call->step] = text;
    if (!none && !has_type(message, types[call->step]))
        return om_fail(err, OM_EINTEGRITY, "the answer to %s is not %s", operation(call), types[call->step]);
    return OM_OK;
}

/* --- requests --- */

static om_rc make_body(struct call *call, struct om_error *err)
{
    char unique[OMTLS_UNIQUE_SIZE];
    if (call->step != ENROL)
        return OM_OK;
    free(call->body);
    call->body = NULL;
    OM_TRY(omtls_unique(call->tls.ssl, unique, err));
    return call->session->make(call->session->arg, call->attributes, unique, &call->body, err);
}

static om_rc fill(const struct call *call, struct evhttp_request *message, struct om_error *err)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(message);
    bool bad = evhttp_add_header(headers, "Host", call->tls.attempt->peer->server->fqdn) != 0;
    if (!bad && call->step == ENROL)
        bad = (!call->session->again && evhttp_add_header(headers, "Connection", "close") != 0) ||
              evhttp_add_header(headers, "Content-Type", "application/pkcs10") != 0 ||
              evhttp_add_header(headers, "Content-Transfer-Encoding", "base64") != 0 ||
              evbuffer_add(evhttp_request_get_output_buffer(message), call->body, strlen(call->body)) != 0;
    return bad ? om_fail(err, OM_ENOMEM, "no memory for a request") : OM_OK;
}

static void on_done(struct evhttp_request *message, void *arg);

static void on_broken(enum evhttp_request_error why, void *arg)
{
    struct call *call = arg;
    (void)why;
    call->broken = true;
}

static om_rc send_request(struct call *call, struct om_error *err)
{
    char target[sizeof call->session->path + 32];
    OM_TRY(make_body(call, err));
    (void)snprintf(target, sizeof target, "%s/%s", call->session->path, operation(call));
    struct evhttp_request *message = evhttp_request_new(on_done, call);
    if (message == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a request");
    evhttp_request_set_error_cb(message, on_broken);
    om_rc rc = fill(call, message, err);
    if (rc != OM_OK) {
        evhttp_request_free(message);
        return rc;
    }
    enum evhttp_cmd_type method = call->step == ENROL ? EVHTTP_REQ_POST : EVHTTP_REQ_GET;
    if (evhttp_make_request(call->connection, message, method, target) != 0) /* frees message */
        return om_fail(err, OM_ETRANSIENT, "cannot connect to %s", call->tls.attempt->address->text);
    return OM_OK;
}

/* The session must be the same throughout: a server that ends it in between has to be asked again. */
static bool ends_here(struct evhttp_request *message)
{
    const char *connection = evhttp_find_header(evhttp_request_get_input_headers(message), "Connection");
    return connection != NULL && strcasecmp(connection, "close") == 0;
}

/* What this home has may be unknown to the MEF: it came in a bundle, or the MEF's records are new. */
static bool renews_nothing(const struct call *call, struct evhttp_request *message)
{
    return call->step == ENROL && call->session->again && evhttp_request_get_response_code(message) == 400 &&
           !ends_here(message);
}

static om_rc go_on(struct call *call, struct evhttp_request *message, struct om_error *err)
{
    if (renews_nothing(call, message)) {
        call->session->again = false;
        return send_request(call, err);
    }
    OM_TRY(take(call, message, err));
    if (call->step == ENROL) {
        tls_call_decide(&call->tls, OM_OK);
        return OM_OK;
    }
    if (ends_here(message))
        return om_fail(err, OM_ETRANSIENT, "%s ended the session before the request was made",
                       call->tls.attempt->peer->server->fqdn);
    call->step++;
    return send_request(call, err);
}

static void on_done(struct evhttp_request *message, void *arg)
{
    struct call *call = arg;
    if (call->tls.decided)
        return;
    if (message == NULL || call->broken || evhttp_request_get_response_code(message) == 0) {
        (void)event_base_loopbreak(call->tls.base);
        return;
    }
    om_rc rc = go_on(call, message, call->tls.err);
    if (rc != OM_OK)
        tls_call_decide(&call->tls, rc);
}

/* --- the session --- */

static om_rc est_call(struct attempt *attempt, struct om_error *err)
{
    struct call call = {.session = attempt->arg};
    om_rc rc;
    est_session_free(call.session);
    OM_TRY_GOTO(rc, out, tls_call_begin(&call.tls, attempt, false, err));
    OM_TRY_GOTO(rc, out, tls_call_stream(&call.tls, err));
    OM_TRY_GOTO(rc, out, https_connection(&call.tls, BODY_MAX, &call.connection, err));
    OM_TRY_GOTO(rc, out, send_request(&call, err));
    OM_TRY_GOTO(rc, out, tls_call_run(&call.tls, err));
    rc = tls_call_result(&call.tls, err);
out:
    if (call.connection != NULL)
        evhttp_connection_free(call.connection);
    tls_call_end(&call.tls);
    free(call.attributes);
    free(call.body);
    return rc;
}

om_rc est_session_run(const struct transport_peer *peer, struct est_session *s, struct om_error *err)
{
    struct m2m_request rq;
    struct m2m_response rs;
    m2m_request_init(&rq);
    m2m_response_init(&rs);
    /* All of it can be repeated: the MEF gives the same certificate for the same key. */
    struct attempt attempt = {.peer = peer, .rq = &rq, .idempotent = true, .arg = s, .rs = &rs};
    om_rc rc = rounds_run(&attempt, est_call, false, err);
    m2m_request_free(&rq);
    m2m_response_free(&rs);
    return rc;
}
