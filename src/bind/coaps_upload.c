/* Request bodies in blocks (Block1, RFC 7959 §2): put together in order, one at a time per session. */
#include "bind/coaps_internal.h"

#include <string.h>

#define CONTINUE            OM_COAP_CODE(2, 31)
#define INCOMPLETE          OM_COAP_CODE(4, 8)
#define TOO_LARGE           OM_COAP_CODE(4, 13)
#define SERVICE_UNAVAILABLE OM_COAP_CODE(5, 3)

void coaps_upload_free(struct coaps_session *s)
{
    s->coaps->stats.buffered -= s->upload.cap;
    om_wiping_free(s->upload.octets);
    s->upload = (struct coaps_upload){.active = false};
}

static enum coaps_upload_state refuse(struct coaps_session *s, struct coaps_exchange *ex,
                                      struct m2m_response *rs, uint8_t code, const char *why)
{
    coaps_upload_free(s);
    ex->code = code;
    if (code == TOO_LARGE)
        ex->size1 = s->coaps->opt.max_body;
    m2m_response_error(rs, code == SERVICE_UNAVAILABLE ? M2M_INTERNAL_SERVER_ERROR : M2M_BAD_REQUEST, "%s",
                       why);
    return COAPS_BODY_REFUSED;
}

/* Room for n more octets; grows with what has come, not with what is announced. */
static bool reserve(struct coaps_session *s, size_t n)
{
    struct coaps *c = s->coaps;
    struct coaps_upload *u = &s->upload;
    if (u->len + n <= u->cap)
        return true;
    size_t cap = u->cap == 0 ? 4096 : u->cap * 2;
    while (cap < u->len + n)
        cap *= 2;
    if (cap - u->cap > c->opt.max_buffered - c->stats.buffered)
        return false;
    uint8_t *p = om_wiping_realloc(u->octets, cap);
    if (p == NULL)
        return false;
    c->stats.buffered += cap - u->cap;
    u->octets = p;
    u->cap = cap;
    return true;
}

static bool announces_too_much(const struct coaps_session *s, const struct om_coap_message *m)
{
    uint32_t v = 0;
    const struct om_coap_option *size = om_coap_find(m, OM_COAP_SIZE1);
    return size != NULL && (!om_coap_uint(size, &v) || v > s->coaps->opt.max_body);
}

/* True when the block follows those that are here. A block that came before, or the whole from its
 * beginning, may come again. */
static bool place(struct coaps_session *s, const struct om_coap_message *m, const struct om_coap_block *b)
{
    struct coaps_upload *u = &s->upload;
    uint8_t key[COAPS_KEY_SIZE];
    size_t offset = om_coap_block_offset(b);
    coaps_request_key(m, key);
    if (b->num == 0) {
        coaps_upload_free(s);
        u->active = true;
        memcpy(u->key, key, sizeof key);
        return true;
    }
    if (!u->active || memcmp(u->key, key, sizeof key) != 0 || (offset != u->len && offset != u->last))
        return false;
    u->len = offset;
    return true;
}

static enum coaps_upload_state take_block(struct coaps_session *s, const struct om_coap_message *m,
                                          struct coaps_exchange *ex, struct m2m_response *rs)
{
    const struct om_coap_block *b = &ex->block1;
    struct coaps_upload *u = &s->upload;
    size_t size = om_coap_block_size(b);
    if (b->more ? m->payload_len != size : m->payload_len > size)
        return refuse(s, ex, rs, 0, "Block1: the payload has not the length of the block");
    if (announces_too_much(s, m) || om_coap_block_offset(b) + m->payload_len > s->coaps->opt.max_body)
        return refuse(s, ex, rs, TOO_LARGE, "the content is too long");
    if (!place(s, m, b))
        return refuse(s, ex, rs, INCOMPLETE, "Block1: blocks before this one are missing");
    if (!reserve(s, m->payload_len))
        return refuse(s, ex, rs, SERVICE_UNAVAILABLE, "too many contents are on their way at this moment");
    if (m->payload_len > 0)
        memcpy(u->octets + u->len, m->payload, m->payload_len);
    u->last = u->len;
    u->len += m->payload_len;
    return b->more ? COAPS_BODY_GOES_ON : COAPS_BODY_WHOLE;
}

enum coaps_upload_state coaps_upload_take(struct coaps_session *s, const struct om_coap_message *m,
                                          struct coaps_exchange *ex, struct m2m_response *rs,
                                          const uint8_t **body, size_t *n)
{
    const struct om_coap_option *o = om_coap_find(m, OM_COAP_BLOCK1);
    *body = m->payload;
    *n = m->payload_len;
    if (o == NULL)
        return *n <= s->coaps->opt.max_body ? COAPS_BODY_WHOLE
                                            : refuse(s, ex, rs, TOO_LARGE, "the content is too long");
    if (!om_coap_block_get(o, &ex->block1))
        return refuse(s, ex, rs, 0, "Block1: malformed");
    ex->has_block1 = true;
    enum coaps_upload_state state = take_block(s, m, ex, rs);
    if (state == COAPS_BODY_GOES_ON)
        ex->code = CONTINUE;
    *body = s->upload.octets;
    *n = s->upload.len;
    return state;
}
