/* Requests as HTTP messages: see http_message.h. */
#include "client/http_message.h"
#include "client/query.h"

#include <event2/buffer.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bounded text that once overflowed stays failed. */
struct text {
    char *p;
    size_t cap;
    size_t len;
    bool failed;
};

static void add(struct text *t, const char *fmt, ...) OM_PRINTF(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = t->failed ? -1 : vsnprintf(t->p + t->len, t->cap - t->len, fmt, ap);
    va_end(ap);
    t->failed = n < 0 || (size_t)n >= t->cap - t->len;
    if (!t->failed)
        t->len += (size_t)n;
}

/* RFC 3986: everything but unreserved characters, and '/' in a path, is percent-encoded. */
static void add_encoded(struct text *t, const char *s, const char *also)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *s != '\0'; s++) {
        bool plain = strchr(unreserved, *s) != NULL || strchr(also, *s) != NULL;
        add(t, plain ? "%c" : "%%%02X", (unsigned char)*s);
    }
}

/* One parameter of the query. The '+' that joins a list stays as it is. */
static om_rc add_parameter(void *arg, const char *name, const char *value, struct om_error *err)
{
    (void)err;
    struct text *t = arg;
    add(t, "%c%s=", memchr(t->p, '?', t->len) == NULL ? '?' : '&', name);
    add_encoded(t, value, "+");
    return OM_OK;
}

om_rc http_target(const struct m2m_request *rq, char out[HTTP_TARGET_SIZE], struct om_error *err)
{
    struct text t = {.p = out, .cap = HTTP_TARGET_SIZE};
    if (strncmp(rq->to, "//", 2) == 0) { /* absolute */
        add(&t, "/_/");
        add_encoded(&t, rq->to + 2, "/");
    } else if (rq->to[0] == '/') { /* SP-relative */
        add(&t, "/~");
        add_encoded(&t, rq->to, "/");
    } else {
        add(&t, "/");
        add_encoded(&t, rq->to, "/");
    }
    OM_TRY(query_walk(rq, add_parameter, &t, err));
    return t.failed
               ? om_fail(err, OM_EINPUT, "the request does not fit into a URI of %d octets", HTTP_TARGET_SIZE)
               : OM_OK;
}

enum evhttp_cmd_type http_method(const struct m2m_request *rq)
{
    switch (rq->op) {
    case M2M_OP_RETRIEVE:
        return EVHTTP_REQ_GET;
    case M2M_OP_UPDATE:
        return EVHTTP_REQ_PUT;
    case M2M_OP_DELETE:
        return EVHTTP_REQ_DELETE;
    default: /* Create, Notify */
        return EVHTTP_REQ_POST;
    }
}

om_rc http_request_fill(struct evhttp_request *message, const struct m2m_request *rq, const char *host,
                        const struct format *format, const struct om_secret *body, struct om_error *err)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(message);
    char type[64];
    char accept[96];
    (void)snprintf(accept, sizeof accept, "%s, %s", format->media_type, format->media_plain);
    if (rq->op == M2M_OP_CREATE)
        (void)snprintf(type, sizeof type, "%s; ty=%d", format->media_type, rq->ty);
    else
        (void)snprintf(type, sizeof type, "%s", format->media_type);
    bool bad = evhttp_add_header(headers, "Host", host) != 0 ||
               evhttp_add_header(headers, "Connection", "close") != 0 ||
               evhttp_add_header(headers, "Accept", accept) != 0 ||
               evhttp_add_header(headers, "X-M2M-Origin", rq->from) != 0 ||
               evhttp_add_header(headers, "X-M2M-RI", rq->rqi) != 0 ||
               evhttp_add_header(headers, "X-M2M-RVI", rq->rvi) != 0;
    if (!bad && body->len > 0)
        bad = evhttp_add_header(headers, "Content-Type", type) != 0 ||
              evbuffer_add_reference(evhttp_request_get_output_buffer(message), body->octets, body->len, NULL,
                                     NULL) != 0;
    return bad ? om_fail(err, OM_ENOMEM, "no memory for a request") : OM_OK;
}
