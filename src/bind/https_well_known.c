/* Requests below /.well-known/ over HTTPS: see well_known.h. */
#include "bind/https_reading.h"
#include "bind/target.h"
#include "bind/well_known.h"
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER    ".well-known/"
#define TEXT_SIZE 512 /* octets of a line, with its end */

void well_known_text(struct well_known_answer *out, int status, const char *fmt, ...)
{
    va_list ap;
    char text[TEXT_SIZE];
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text - 1, fmt, ap);
    va_end(ap);
    size_t end = n < 0 ? 0 : (size_t)n < sizeof text - 1 ? (size_t)n : sizeof text - 2;
    text[end] = '\n';
    text[end + 1] = '\0';
    free(out->body);
    out->status = status;
    out->content_type = "text/plain; charset=utf-8";
    out->body = strdup(text);
}

/* The path behind the name, or NULL when the request is for something else. */
static const char *path_of(const struct well_known *w, const struct m2m_request *rq)
{
    size_t n = strlen(w->name);
    const char *at = rq->to;
    if (strncmp(at, FOLDER, sizeof FOLDER - 1) != 0)
        return NULL;
    at += sizeof FOLDER - 1;
    return strncmp(at, w->name, n) == 0 && at[n] == '/' ? at + n + 1 : NULL;
}

static const char *method_of(struct evhttp_request *req)
{
    switch ((int)evhttp_request_get_command(req)) {
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    default:
        return NULL;
    }
}

/* What HTTP itself finds wrong; false when it is answered. */
static bool is_sound(struct reading *r, struct well_known_request *rq, struct media_content_type *type,
                     struct well_known_answer *out)
{
    struct om_error err = {0};
    const char *coding = r->value[H_CONTENT_ENCODING];
    const char *sent = r->value[H_CONTENT_TYPE];
    struct evbuffer *in = evhttp_request_get_input_buffer(r->req);
    rq->method = method_of(r->req);
    rq->n = evbuffer_get_length(in);
    rq->body = rq->n > 0 ? evbuffer_pullup(in, -1) : NULL;
    if (rq->method == NULL) {
        r->ex->close = true; /* evhttp has not read its body */
        well_known_text(out, 405, "the methods are GET and POST");
    } else if (sent != NULL && media_content_type_parse(sent, type, &err) != OM_OK) {
        well_known_text(out, 400, "%s", err.text);
    } else if (coding != NULL && strcasecmp(coding, "identity") != 0) {
        well_known_text(out, 415, "Content-Encoding: not supported");
    } else if (rq->n > 0 && rq->body == NULL) {
        well_known_text(out, 500, "no memory for the body");
    } else if (r->rq->syntax_rsc != 0) {
        well_known_text(out, 400, "%s", r->rq->syntax_text);
    } else if (strchr(evhttp_request_get_uri(r->req), '?') != NULL) {
        well_known_text(out, 400, "there is nothing here that takes a query");
    } else if (strncmp(r->rq->to, "//", 2) == 0) { /* MAF-GEN-4: another Host */
        well_known_text(out, 404, "this is not the host that the request is for");
    }
    return out->status == 0;
}

static void add(struct evhttp_request *req, const char *name, const char *value)
{
    (void)evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
}

static void send_answer(struct evhttp_request *req, const struct well_known_answer *a, bool close)
{
    char number[24];
    struct evbuffer *out = evbuffer_new();
    bool head = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD;
    size_t n = a->body != NULL && out != NULL && !head ? strlen(a->body) : 0;
    bool whole = out != NULL && (n == 0 || evbuffer_add(out, a->body, n) == 0);
    if (n > 0 && whole)
        add(req, "Content-Type", a->content_type);
    if (whole && a->content_transfer != NULL)
        add(req, "Content-Transfer-Encoding", a->content_transfer);
    if (a->allow != NULL)
        add(req, "Allow", a->allow);
    if (a->retry_after != 0) {
        (void)snprintf(number, sizeof number, "%u", a->retry_after);
        add(req, "Retry-After", number);
    }
    add(req, "Cache-Control", "no-store");
    if (close)
        add(req, "Connection", "close");
    (void)snprintf(number, sizeof number, "%zu", whole ? n : 0);
    if (!head)
        add(req, "Content-Length", number);
    if (!whole) /* what was promised is done, but cannot be told: the peer must not take it for a success */
        om_log(OM_LOG_ERROR, "https: no memory for an answer");
    evhttp_send_reply(req, whole ? a->status : 500, "", out);
    if (out != NULL)
        evbuffer_free(out);
}

static void answer(struct https *h, struct maf_session *session, struct reading *r, const char *path)
{
    const struct well_known *w = h->opt.well_known;
    struct media_content_type type = {.name = ""};
    struct well_known_request rq = {.path = path, .content_type = type.name};
    struct well_known_answer out = {0};
    rq.authorization = evhttp_find_header(evhttp_request_get_input_headers(r->req), "Authorization") != NULL;
    if (!maf_session_valid(h->maf, session)) { /* MAF-GEN-1 */
        well_known_text(&out, 403, "this session is not, or no longer, authenticated");
        session->close = true;
    } else if (is_sound(r, &rq, &type, &out)) {
        w->answer(w->arg, session, &rq, &out);
    }
    send_answer(r->req, &out, r->ex->close || session->close || h->draining);
    free(out.body);
}

bool https_well_known(struct https *h, struct maf_session *session, struct evhttp_request *req)
{
    struct m2m_request rq;
    struct https_exchange ex = {.media = media_default()};
    struct reading r = {.req = req, .opt = &h->opt, .rq = &rq, .ex = &ex};
    char path[M2M_TO_SIZE];
    if (h->opt.well_known == NULL)
        return false;
    m2m_request_init(&rq);
    target_parse(evhttp_request_get_uri(req), &rq, r.authority, sizeof r.authority);
    const char *rest = path_of(h->opt.well_known, &rq);
    if (rest != NULL) {
        (void)snprintf(path, sizeof path, "%s", rest);
        https_read_headers(&r);
        https_check_framing(&r);
        https_check_host(&r);
        answer(h, session, &r, path);
    }
    m2m_request_free(&rq);
    return rest != NULL;
}
