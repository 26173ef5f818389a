/* Blocks and bodies: see coap_exchange.h. */
#include "client/coap_exchange.h"
#include "coap/block.h"
#include "coap/options.h"

#include <openssl/rand.h>
#include <string.h>

#define BLOCK_OPTION 6                     /* octets of a Block option, at most */
#define CONTINUE     OM_COAP_CODE(2u, 31u) /* RFC 7959 §2.9.1 */
#define INCOMPLETE   OM_COAP_CODE(4u, 8u)
#define TOO_LARGE    OM_COAP_CODE(4u, 13u)

void coap_exchange_init(struct coap_exchange *x, struct attempt *attempt)
{
    *x = (struct coap_exchange){.attempt = attempt, .szx = OM_COAP_SZX_MAX};
}

void coap_exchange_free(struct coap_exchange *x)
{
    om_secret_free(&x->content);
}

/* ---- requests ---- */

static size_t block_size(unsigned szx)
{
    return om_coap_block_size(&(struct om_coap_block){.szx = szx});
}

/* How many octets of payload fit beside what m has. */
static om_rc room_for_payload(enum om_coap_transport transport, const struct om_coap_message *m,
                              size_t message_max, size_t *room, struct om_error *err)
{
    struct om_secret head = OM_SECRET_INIT;
    OM_TRY(om_coap_encode(transport, m, &head, err));
    size_t used =
        head.len + 1 + (transport == OM_COAP_STREAM ? 4 : 0); /* payload marker; a longer length field */
    om_secret_free(&head);
    *room = message_max > used ? message_max - used : 0;
    return OM_OK;
}

/* The part of the body that goes with m: all of it, or the next block. */
static om_rc add_payload(struct coap_exchange *x, struct om_coap_message *m, size_t room,
                         struct om_error *err)
{
    const struct om_secret *body = &x->attempt->body;
    size_t left = body->len - x->offset;
    x->part = left;
    x->blocks = x->blocks || left > room;
    if (x->blocks) {
        while (x->szx > 0 && block_size(x->szx) + BLOCK_OPTION > room)
            x->szx--;
        size_t size = block_size(x->szx);
        if (size + BLOCK_OPTION > room)
            return om_fail(err, OM_EINPUT, "the request leaves no room for content in a CoAP message");
        x->part = left < size ? left : size;
        const struct om_coap_block block = {
            .num = (uint32_t)(x->offset / size), .more = x->part < left, .szx = x->szx};
        om_coap_block_add(m, OM_COAP_BLOCK1, &block);
        if (x->offset == 0)
            om_coap_add_uint(m, OM_COAP_SIZE1, (uint32_t)body->len);
    }
    m->payload = body->octets + x->offset;
    m->payload_len = x->part;
    return OM_OK;
}

om_rc coap_exchange_next(struct coap_exchange *x, enum om_coap_transport transport, size_t message_max,
                         struct om_coap_message *m, struct om_error *err)
{
    size_t room = 0;
    if (RAND_bytes_ex(x->attempt->peer->libctx, x->token, sizeof x->token, 0) != 1)
        return om_fail(err, OM_EINTERNAL, "the random generator failed");
    OM_TRY(coap_primitive_request(x->attempt, x->token, sizeof x->token, m, err));
    if (x->fetching) { /* RFC 7959 §3.3: the same request, without its body */
        const struct om_coap_block block = {.num = (uint32_t)(x->content_len / block_size(x->content_szx)),
                                            .szx = x->content_szx};
        om_coap_block_add(m, OM_COAP_BLOCK2, &block);
        return OM_OK;
    }
    if (x->attempt->body.len == 0)
        return OM_OK;
    om_rc rc = room_for_payload(transport, m, message_max, &room, err);
    return rc == OM_OK ? add_payload(x, m, room, err) : rc;
}

/* ---- responses ---- */

bool coap_exchange_expects(const struct coap_exchange *x, const struct om_coap_message *m)
{
    return OM_COAP_CLASS(m->code) >= 2 && OM_COAP_CLASS(m->code) <= 5 && m->token_len == sizeof x->token &&
           memcmp(m->token, x->token, sizeof x->token) == 0;
}

static om_rc get_block(const struct om_coap_message *m, uint16_t number, bool *there,
                       struct om_coap_block *block, struct om_error *err)
{
    const struct om_coap_option *o = om_coap_find(m, number);
    *there = o != NULL;
    if (o != NULL && !om_coap_block_get(o, block))
        return om_fail(err, OM_EINTEGRITY, "the response has a malformed Block%d",
                       number == OM_COAP_BLOCK1 ? 1 : 2);
    return OM_OK;
}

/* Looks at Block1 of a response; *go_on: another part of the body is to be sent. */
static om_rc take_upload(struct coap_exchange *x, const struct om_coap_message *m, bool *go_on,
                         struct om_error *err)
{
    struct om_coap_block block = {0};
    bool there = false;
    bool last = x->offset + x->part == x->attempt->body.len;
    *go_on = false;
    if (!x->blocks && m->code != TOO_LARGE)
        return m->code != CONTINUE ? OM_OK
                                   : om_fail(err, OM_EINTEGRITY, "a CoAP 2.31 that nothing asked for");
    OM_TRY(get_block(m, OM_COAP_BLOCK1, &there, &block, err));
    if (m->code == INCOMPLETE) /* the server has lost what it had */
        return om_fail(err, OM_ETRANSIENT, "the server has forgotten the first blocks of the request");
    if (m->code == TOO_LARGE && there && x->offset == 0 &&
        block.szx < (x->blocks ? x->szx : OM_COAP_SZX_MAX + 1)) {
        x->blocks = *go_on = true; /* RFC 7959 §2.9.3: it wants smaller ones */
        x->szx = block.szx;
        return OM_OK;
    }
    if (m->code != CONTINUE)
        return last || OM_COAP_CLASS(m->code) != 2
                   ? OM_OK
                   : om_fail(err, OM_EINTEGRITY, "the server answered before it had the whole request");
    if (last || !there || block.szx > x->szx || om_coap_block_offset(&block) != x->offset)
        return om_fail(err, OM_EINTEGRITY, "a CoAP 2.31 that does not fit the block that was sent");
    x->offset += x->part;
    x->szx = block.szx; /* it may ask for smaller ones; these begin at the same octet */
    *go_on = true;
    return OM_OK;
}

static om_rc append(struct coap_exchange *x, const struct om_coap_message *m, struct om_error *err)
{
    if (m->payload_len > TRANSPORT_BODY_MAX - x->content_len)
        return om_fail(err, OM_EINTEGRITY, "the response is longer than %d octets", TRANSPORT_BODY_MAX);
    if (x->content.octets == NULL)
        OM_TRY(om_secret_alloc(&x->content, TRANSPORT_BODY_MAX, err));
    if (m->payload_len > 0)
        memcpy(x->content.octets + x->content_len, m->payload, m->payload_len);
    x->content_len += m->payload_len;
    return OM_OK;
}

/* Takes a part of the response's body; *go_on: there is more of it. */
static om_rc take_download(struct coap_exchange *x, const struct om_coap_message *m, int rsc, bool *go_on,
                           struct om_error *err)
{
    struct om_coap_block block = {0};
    bool there = false;
    OM_TRY(get_block(m, OM_COAP_BLOCK2, &there, &block, err));
    if (!x->fetching || OM_COAP_CLASS(m->code) != 2) { /* the first block; or an error, which stands alone */
        x->content_len = 0;
        x->rsc = rsc;
    }
    *go_on = there && block.more;
    if (there && (om_coap_block_offset(&block) != x->content_len ||
                  (block.more && m->payload_len != block_size(block.szx))))
        return om_fail(err, OM_EINTEGRITY, "a block of the response is out of order or not full");
    if (rsc != x->rsc || (!there && x->content_len > 0))
        return om_fail(err, OM_EINTEGRITY, "the response changed while it was fetched");
    x->fetching = *go_on;
    x->content_szx = block.szx;
    return append(x, m, err);
}

om_rc coap_exchange_take(struct coap_exchange *x, const struct om_coap_message *m, bool *complete,
                         struct om_error *err)
{
    struct coap_outcome outcome = {0};
    bool go_on = false;
    *complete = false;
    if (!x->fetching)
        OM_TRY(take_upload(x, m, &go_on, err));
    if (go_on)
        return OM_OK;
    OM_TRY(coap_primitive_outcome(x->attempt, m, &outcome, err));
    OM_TRY(take_download(x, m, outcome.rsc, &go_on, err));
    if (go_on)
        return OM_OK;
    *complete = true;
    x->attempt->rs->rsc = outcome.rsc;
    const struct om_secret body = {.octets = x->content.octets, .len = x->content_len};
    return format_read_body(outcome.format, &body, outcome.rsc / 1000 == 2, &x->attempt->rs->pc, err);
}
