/* Response bodies in blocks (Block2, RFC 7959 §2.4). What is left over is kept until it is fetched or the
 * peer asks for something else. */
#include "bind/coaps_internal.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_ROOM 1024 /* in a message, for what surrounds the body */

void coaps_download_free(struct coaps_session *s)
{
    struct coaps_download *d = s->download;
    if (d == NULL)
        return;
    s->coaps->stats.buffered -= d->body.len;
    m2m_response_free(&d->rs);
    om_secret_free(&d->body);
    free(d);
    s->download = NULL;
}

/* In one piece when the peer did not ask for smaller ones and can take it. */
static bool fits(const struct coaps_session *s, const struct coaps_exchange *ex, size_t n)
{
    size_t most = om_coap_block_size(&ex->block2);
    if (s->coaps->opt.transport == COAPS_TLS && ex->block2.szx == OM_COAP_SZX_MAX &&
        s->peer_max > HEAD_ROOM + most)
        most = s->peer_max - HEAD_ROOM;
    return n <= most;
}

/* True when there is more behind it. */
static bool put_block(const struct om_coap_block *wanted, const uint8_t *octets, size_t n,
                      struct om_coap_message *out)
{
    struct om_coap_block b = *wanted;
    size_t offset = om_coap_block_offset(&b);
    size_t size = om_coap_block_size(&b);
    b.more = n - offset > size;
    om_coap_block_add(out, OM_COAP_BLOCK2, &b);
    if (b.num == 0)
        om_coap_add_uint(out, OM_COAP_SIZE2, (uint32_t)n);
    out->payload = octets + offset;
    out->payload_len = b.more ? size : n - offset;
    return b.more;
}

static void keep(struct coaps_session *s, const struct om_coap_message *request,
                 const struct m2m_response *rs, const struct coaps_exchange *ex, const struct om_secret *body)
{
    struct coaps *c = s->coaps;
    coaps_download_free(s);
    if (body->len > c->opt.max_buffered - c->stats.buffered)
        return; /* a GET will be carried out again for the next block */
    struct coaps_download *d = calloc(1, sizeof *d);
    if (d == NULL || om_secret_set(&d->body, body->octets, body->len, NULL) != OM_OK) {
        free(d);
        return;
    }
    coaps_request_key(request, d->key);
    d->rs = *rs;
    d->rs.pc = NULL;
    d->ex = *ex;
    c->stats.buffered += d->body.len;
    s->download = d;
}

bool coaps_download_begin(struct coaps_session *s, const struct om_coap_message *request,
                          const struct m2m_response *rs, const struct coaps_exchange *ex,
                          struct om_coap_message *out, struct om_secret *body)
{
    out->payload = body->octets;
    out->payload_len = body->len;
    if (ex->block2.num == 0 && fits(s, ex, body->len))
        return true;
    if (om_coap_block_offset(&ex->block2) >= body->len)
        return false;
    if (put_block(&ex->block2, body->octets, body->len, out))
        keep(s, request, rs, ex, body);
    return true;
}

bool coaps_download_continue(struct coaps_session *s, const struct om_coap_message *request,
                             const struct om_coap_block *wanted, struct om_coap_message *out,
                             struct om_secret *body)
{
    struct coaps_download *d = s->download;
    uint8_t key[COAPS_KEY_SIZE];
    coaps_request_key(request, key);
    if (d == NULL || memcmp(d->key, key, sizeof key) != 0 || om_coap_block_offset(wanted) >= d->body.len)
        return false;
    coaps_response_head(request, &d->rs, &d->ex, out);
    bool more = put_block(wanted, d->body.octets, d->body.len, out);
    om_coap_add_uint(out, OM_COAP_CONTENT_FORMAT, d->ex.media->content_format);
    if (more)
        return true;
    /* The last one: the message points into what is freed now. */
    s->coaps->stats.buffered -= d->body.len;
    *body = d->body;
    d->body = (struct om_secret)OM_SECRET_INIT;
    coaps_download_free(s);
    return true;
}
