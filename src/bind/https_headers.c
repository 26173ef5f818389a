/* The headers of an HTTP request (TS-0009, spec/wire §5), each checked once for all that follows. */
#include "bind/https_reading.h"
#include "bind/target.h"
#include "util/text.h"

#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct header_row {
    const char *name;
    enum https_header id;
    const char *param; /* request parameter that it carries */
};

/* Those with id H_OTHERS carry parameters that a MAF has no use for (5001). */
static const struct header_row header_rows[] = {
    {"Host", H_HOST, NULL},
    {"Content-Type", H_CONTENT_TYPE, NULL},
    {"Content-Length", H_CONTENT_LENGTH, NULL},
    {"Transfer-Encoding", H_TRANSFER_ENCODING, NULL},
    {"Content-Encoding", H_CONTENT_ENCODING, NULL},
    {"Expect", H_EXPECT, NULL},
    {"X-M2M-Origin", H_ORIGIN, WIRE_FR},
    {"X-M2M-RI", H_RI, WIRE_RQI},
    {"X-M2M-RVI", H_RVI, WIRE_RVI},
    {"X-M2M-OT", H_OT, WIRE_OT},
    {"X-M2M-RET", H_RET, WIRE_RQET},
    {"X-M2M-RST", H_RST, WIRE_RSET},
    {"X-M2M-OET", H_OTHERS, NULL},
    {"X-M2M-EC", H_OTHERS, NULL},
    {"X-M2M-GID", H_OTHERS, NULL},
    {"X-M2M-VSI", H_OTHERS, NULL},
    {"X-M2M-RTU", H_OTHERS, NULL},
    {"X-M2M-CTS", H_OTHERS, NULL},
    {"X-M2M-CTO", H_OTHERS, NULL},
    {"X-M2M-ATI", H_OTHERS, NULL},
    {"X-M2M-AS", H_OTHERS, NULL},
    {"X-M2M-ASRI", H_OTHERS, NULL},
};

void https_bad(struct reading *r, const char *what, const char *why)
{
    m2m_request_bad(r->rq, M2M_BAD_REQUEST, false, "%.40s: %s", what, why);
}

static const struct header_row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof header_rows / sizeof header_rows[0]; i++)
        if (strcasecmp(header_rows[i].name, name) == 0)
            return &header_rows[i];
    return NULL;
}

static void take_header(struct reading *r, const char *name, const char *value)
{
    const struct header_row *row = find_row(name);
    struct om_error err = {0};
    if (strcasecmp(name, "Accept") == 0) {
        if (media_accept(&r->accept, value, &err) != OM_OK)
            m2m_request_bad(r->rq, M2M_BAD_REQUEST, false, "%s", err.text);
        return;
    }
    if (row == NULL)
        return;
    if (row->id == H_OTHERS) {
        m2m_request_bad(r->rq, M2M_NOT_IMPLEMENTED, false, "%s: not supported", row->name);
        return;
    }
    if (r->value[row->id] != NULL) {
        https_bad(r, row->name, "given twice");
        r->ex->close |= row->id == H_CONTENT_LENGTH || row->id == H_TRANSFER_ENCODING;
        return;
    }
    r->value[row->id] = value;
    if (row->param != NULL)
        m2m_request_param(r->rq, row->param, value);
}

static bool has_control(const char *s)
{
    for (; *s != '\0'; s++)
        if (((uint8_t)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return true;
    return false;
}

/* A name with a space before the colon would be another header to the next reader (RFC 9112 §5.1). */
static bool is_token(const char *s)
{
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++)
        if (*s <= 0x20 || *s >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", *s) != NULL)
            return false;
    return true;
}

void https_read_headers(struct reading *r)
{
    struct evkeyval *h;
    TAILQ_FOREACH(h, evhttp_request_get_input_headers(r->req), next)
    {
        if (!is_token(h->key))
            https_bad(r, "header", "a name that is no token");
        else if (has_control(h->value))
            https_bad(r, h->key, "control characters are not allowed");
        else
            take_header(r, h->key, h->value);
    }
}

void https_check_framing(struct reading *r)
{
    const char *coding = r->value[H_TRANSFER_ENCODING];
    const char *length = r->value[H_CONTENT_LENGTH];
    const char *why = NULL;
    if (r->req->major != 1 || r->req->minor > 1 || r->req->minor < 0)
        why = "only HTTP/1.1 and HTTP/1.0 are spoken";
    else if (coding != NULL && (strcasecmp(coding, "chunked") != 0 || r->req->minor == 0))
        why = "Transfer-Encoding: only chunked is supported, in HTTP/1.1";
    else if (coding != NULL && length != NULL)
        why = "Content-Length and Transfer-Encoding exclude each other";
    else if (length != NULL && length[strspn(length, "0123456789")] != '\0')
        why = "Content-Length: not a decimal number";
    if (why == NULL)
        return;
    https_bad(r, "HTTP", why);
    r->ex->close = true;
}

#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

/* "host", "host:port", "[v6]:port" -> host, folded. False when malformed. */
static bool split_host(const char *value, char host[M2M_FQDN_SIZE])
{
    bool v6 = value[0] == '[';
    size_t n = v6 ? 1 + strspn(value + 1, "0123456789abcdefABCDEF:.%") : strcspn(value, ":");
    if (v6 && value[n++] != ']')
        return false;
    if (n == 0 || n >= M2M_FQDN_SIZE || (!v6 && strspn(value, HOST_CHARACTERS) < n))
        return false;
    const char *port = value + n;
    uint64_t v;
    if (*port != '\0' && (*port != ':' || om_parse_uint(port + 1, 65535, &v, NULL) != OM_OK))
        return false;
    char text[M2M_FQDN_SIZE];
    memcpy(text, value, n);
    text[n] = '\0';
    return m2m_fold(host, M2M_FQDN_SIZE, text, NULL) == OM_OK;
}

void https_check_host(struct reading *r)
{
    const char *value = r->authority[0] != '\0' ? r->authority : r->value[H_HOST];
    char host[M2M_FQDN_SIZE];
    if (value == NULL) {
        if (r->req->minor == 1)
            https_bad(r, "Host", "missing");
        return;
    }
    if (!split_host(value, host)) {
        https_bad(r, "Host", "host or host:port is expected");
        return;
    }
    target_check_host(r->opt->names, host, r->rq);
}
