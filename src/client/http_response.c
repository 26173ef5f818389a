/* Responses from HTTP messages: see http_message.h. */
#include "client/http_message.h"
#include "util/text.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The body into a secret; the octets in evhttp's buffer are wiped where they are. */
static om_rc take_body(struct evbuffer *buffer, struct om_secret *out, struct om_error *err)
{
    OM_TRY(om_secret_alloc(out, evbuffer_get_length(buffer), err));
    size_t at = 0;
    while (at < out->len) {
        struct evbuffer_iovec piece;
        if (evbuffer_peek(buffer, -1, NULL, &piece, 1) < 1 || piece.iov_len == 0 ||
            piece.iov_len > out->len - at)
            return om_fail(err, OM_EINTERNAL, "the body cannot be read");
        memcpy(out->octets + at, piece.iov_base, piece.iov_len);
        om_wipe(piece.iov_base, piece.iov_len);
        at += piece.iov_len;
        (void)evbuffer_drain(buffer, piece.iov_len);
    }
    return OM_OK;
}

/* "application/json; charset=utf-8" and the oneM2M form of it. */
static bool is_json(const char *type)
{
    static const char *const accepted[] = {"application/vnd.onem2m-res+json", "application/json"};
    size_t n = type != NULL ? strcspn(type, "; \t") : 0;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
        if (n == strlen(accepted[i]) && strncasecmp(type, accepted[i], n) == 0)
            return true;
    return false;
}

static om_rc read_status(const struct evkeyvalq *headers, int status, int *rsc, struct om_error *err)
{
    const char *text = evhttp_find_header(headers, "X-M2M-RSC");
    uint64_t v = 0;
    if (text == NULL &&
        (status == 429 || status / 100 == 5)) /* an overloaded server, or a gateway before it */
        return om_fail(err, OM_ETRANSIENT, "the server answered with HTTP status %d only", status);
    if (text == NULL)
        return om_fail(err, OM_EINTEGRITY, "HTTP status %d without X-M2M-RSC: this is no oneM2M server",
                       status);
    if (om_parse_uint(text, 9999, &v, NULL) != OM_OK || v < 1000)
        return om_fail(err, OM_EINTEGRITY, "X-M2M-RSC is not a Response Status Code");
    if ((v / 1000 == 2) != (status / 100 == 2))
        return om_fail(err, OM_EINTEGRITY, "X-M2M-RSC %d contradicts HTTP status %d", (int)v, status);
    *rsc = (int)v;
    return OM_OK;
}

om_rc http_response_read(struct evhttp_request *message, const struct m2m_request *rq,
                         struct m2m_response *rs, struct om_error *err)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(message);
    OM_TRY(read_status(headers, evhttp_request_get_response_code(message), &rs->rsc, err));
    bool good = rs->rsc / 1000 == 2;
    const char *rqi = evhttp_find_header(headers, "X-M2M-RI");
    if (rqi == NULL ? good : strcmp(rqi, rq->rqi) != 0)
        return om_fail(err, OM_EINTEGRITY, "X-M2M-RI is not that of the request");
    struct om_secret body = OM_SECRET_INIT;
    om_rc rc = take_body(evhttp_request_get_input_buffer(message), &body, err);
    bool json = is_json(evhttp_find_header(headers, "Content-Type"));
    if (rc == OM_OK && body.len > 0 && json) {
        rc = m2m_json_parse(body.octets, body.len, &rs->pc, err);
        if (rc == OM_EINPUT) /* the peer's fault, not the caller's; an error needs no readable body */
            rc = good ? om_context(err, OM_EINTEGRITY, "body of the response") : OM_OK;
    } else if (rc == OM_OK && body.len > 0 && good) {
        rc = om_fail(err, OM_EINTEGRITY, "the body of the response is not JSON");
    }
    om_secret_free(&body);
    return rc;
}
