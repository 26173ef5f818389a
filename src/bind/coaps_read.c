/* A whole request (TS-0008, spec/wire §6): method, options, content. */
#include "bind/coaps_reading.h"
#include "bind/target.h"

/* POST is Create when it has a ty; the other use of POST, Notify, has no meaning at a MAF. */
static int operation(uint8_t code)
{
    switch (code) {
    case OM_COAP_POST:
        return M2M_OP_CREATE;
    case OM_COAP_PUT:
        return M2M_OP_UPDATE;
    case OM_COAP_DELETE:
        return M2M_OP_DELETE;
    default:
        return M2M_OP_RETRIEVE;
    }
}

/* The media type of the content, or NULL when there is none or it cannot be read. */
static const struct media *read_content_format(struct coaps_reading *r, bool has_body)
{
    uint32_t v = 0;
    if (r->content_format == NULL) {
        if (has_body)
            m2m_request_bad(r->rq, M2M_UNSUPPORTED_MEDIA_TYPE, false, "Content-Format: missing");
        return NULL;
    }
    const struct media *media = om_coap_uint(r->content_format, &v) ? media_of_content_format(v) : NULL;
    if (media == NULL)
        m2m_request_bad(r->rq, M2M_UNSUPPORTED_MEDIA_TYPE, false,
                        "Content-Format: %u is not supported; %u and %u are", v, (unsigned)WIRE_COAP_RES_JSON,
                        (unsigned)WIRE_COAP_RES_CBOR);
    return media;
}

static void read_content(struct coaps_reading *r, const struct media *media, const void *body, size_t n)
{
    struct om_error err = {0};
    if (n == 0 || media == NULL)
        return;
    if (r->rq->op == M2M_OP_RETRIEVE || r->rq->op == M2M_OP_DELETE)
        m2m_request_bad(r->rq, M2M_BAD_REQUEST, true, "a Retrieve or Delete has no body");
    else if (media->decode(body, n, &r->rq->pc, &err) != OM_OK)
        m2m_request_bad(r->rq, M2M_BAD_REQUEST, true, "%s", err.text);
    else if (!json_is_object(r->rq->pc) || json_object_size(r->rq->pc) != 1)
        m2m_request_bad(r->rq, M2M_BAD_REQUEST, true,
                        "content: an object with exactly one member is expected");
}

/* Who does not say what it reads, reads what it writes. */
static const struct media *choose(struct coaps_reading *r, const struct media *sent)
{
    uint32_t v = 0;
    if (r->accept == NULL)
        return sent != NULL ? sent : media_default();
    const struct media *media = om_coap_uint(r->accept, &v) ? media_of_content_format(v) : NULL;
    if (media != NULL)
        return media;
    m2m_request_bad(r->rq, M2M_NOT_ACCEPTABLE, false, "Accept: JSON and CBOR are what is served");
    return media_default();
}

void coaps_request_read(const struct coaps *c, const struct om_coap_message *m, const void *body, size_t n,
                        struct m2m_request *rq, struct coaps_exchange *ex)
{
    struct coaps_reading r = {.coaps = c, .message = m, .rq = rq};
    rq->op = operation(m->code);
    coaps_read_options(&r);
    target_set_path(r.path[0] != '\0' ? r.path : "/", rq);
    target_check_host(c->opt.names, r.host, rq);
    const struct media *sent = read_content_format(&r, n > 0);
    read_content(&r, sent, body, n);
    ex->media = choose(&r, sent);
}
