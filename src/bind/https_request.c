/* From an HTTP request to a primitive (TS-0009, spec/wire §5). Nothing here decides what a request means;
 * what cannot be read is recorded, and the procedures report it in their order (MAF-GEN-12). */
#include "bind/https_reading.h"
#include "bind/target.h"

#include <string.h>
#include <strings.h>

/* POST is Create when it has a ty; the other use of POST, Notify, has no meaning at a MAF. */
static bool read_method(struct reading *r)
{
    switch ((int)evhttp_request_get_command(r->req)) {
    case EVHTTP_REQ_POST:
        r->rq->op = M2M_OP_CREATE;
        return true;
    case EVHTTP_REQ_GET:
        r->rq->op = M2M_OP_RETRIEVE;
        return true;
    case EVHTTP_REQ_PUT:
        r->rq->op = M2M_OP_UPDATE;
        return true;
    case EVHTTP_REQ_DELETE:
        r->rq->op = M2M_OP_DELETE;
        return true;
    default:
        return false;
    }
}

/* Reads Content-Type; the media type of the body, or NULL when it cannot be read. */
static const struct media *read_content_type(struct reading *r, bool has_body)
{
    struct media_content_type type;
    struct om_error err = {0};
    const char *value = r->value[H_CONTENT_TYPE];
    bool takes_body = r->rq->op == M2M_OP_CREATE || r->rq->op == M2M_OP_UPDATE;
    if (value == NULL && has_body)
        m2m_request_bad(r->rq, M2M_UNSUPPORTED_MEDIA_TYPE, false, "Content-Type: missing");
    if (value == NULL || (!has_body && !takes_body))
        return NULL;
    if (media_content_type_parse(value, &type, &err) != OM_OK) {
        m2m_request_bad(r->rq, M2M_BAD_REQUEST, false, "%s", err.text);
        return NULL;
    }
    if (type.ty[0] != '\0' && r->rq->op == M2M_OP_CREATE)
        m2m_request_param(r->rq, WIRE_TY, type.ty);
    else if (type.ty[0] != '\0')
        https_bad(r, "Content-Type", "ty is allowed in a Create only");
    if (type.media == NULL)
        m2m_request_bad(r->rq, M2M_UNSUPPORTED_MEDIA_TYPE, false, "Content-Type: %s is not supported; %s is",
                        type.name, media_default()->name);
    return type.media;
}

/* Returns the media type of the body, NULL when there is none or it cannot be read. */
static const struct media *read_body(struct reading *r)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(r->req);
    size_t n = evbuffer_get_length(in);
    const struct media *media = read_content_type(r, n > 0);
    const char *coding = r->value[H_CONTENT_ENCODING];
    if (coding != NULL && strcasecmp(coding, "identity") != 0) {
        m2m_request_bad(r->rq, M2M_UNSUPPORTED_MEDIA_TYPE, false, "Content-Encoding: not supported");
        return media;
    }
    if (n == 0 || media == NULL)
        return media;
    if (r->rq->op == M2M_OP_RETRIEVE || r->rq->op == M2M_OP_DELETE) {
        m2m_request_bad(r->rq, M2M_BAD_REQUEST, true, "a Retrieve or Delete has no body");
        return media;
    }
    struct om_error err = {0};
    const void *body = evbuffer_pullup(in, -1);
    if (body == NULL)
        m2m_request_bad(r->rq, M2M_INTERNAL_SERVER_ERROR, false, "no memory for the body");
    else if (media->decode(body, n, &r->rq->pc, &err) != OM_OK)
        m2m_request_bad(r->rq, M2M_BAD_REQUEST, true, "%s", err.text);
    else if (!json_is_object(r->rq->pc) || json_object_size(r->rq->pc) != 1)
        m2m_request_bad(r->rq, M2M_BAD_REQUEST, true,
                        "content: an object with exactly one member is expected");
    return media;
}

void https_request_read(struct evhttp_request *req, const struct https_options *opt, struct m2m_request *rq,
                        struct https_exchange *ex)
{
    struct reading r = {.req = req, .opt = opt, .rq = rq, .ex = ex};
    *ex = (struct https_exchange){.media = media_default()};
    https_read_headers(&r);
    https_check_framing(&r);
    ex->method_allowed = read_method(&r);
    if (!ex->method_allowed) {
        ex->close = true; /* evhttp has not read its body */
        return;
    }
    target_parse(evhttp_request_get_uri(req), rq, r.authority, sizeof r.authority);
    https_check_host(&r);
    const struct media *sent = read_body(&r);
    /* Who does not say what it reads, reads what it writes. */
    ex->media = r.accept.given || sent == NULL ? media_choose(&r.accept) : sent;
    if (ex->media == NULL) {
        ex->media = media_default();
        m2m_request_bad(rq, M2M_NOT_ACCEPTABLE, false, "Accept: JSON and CBOR are what is served");
    }
}
