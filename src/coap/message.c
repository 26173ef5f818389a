/* Reading CoAP messages: see message.h. */
#include "coap/message.h"

#include <coap3/coap.h>
#include <string.h>

/* RFC 8323 §3.2: the length counts options, payload and its marker. */
size_t om_coap_frame_size(const uint8_t *p, size_t n)
{
    if (n == 0)
        return 0;
    size_t nibble = p[0] >> 4;
    size_t token = p[0] & 0x0f;
    size_t extra = nibble < 13 ? 0 : (size_t)1 << (nibble - 13);
    size_t len = nibble;
    if (n < 1 + extra)
        return 0;
    if (nibble == 13)
        len = p[1] + (size_t)13;
    else if (nibble == 14)
        len = (size_t)(p[1] << 8 | p[2]) + 269;
    else if (nibble == 15)
        len = ((size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4]) + 65805;
    return 1 + extra + 1 + token + len;
}

static om_rc take_options(struct om_coap_message *m, const coap_pdu_t *pdu, struct om_error *err)
{
    coap_opt_iterator_t it;
    if (coap_option_iterator_init(pdu, &it, COAP_OPT_ALL) == NULL)
        return OM_OK;
    for (coap_opt_t *o = coap_option_next(&it); o != NULL; o = coap_option_next(&it)) {
        if (m->n_options == OM_COAP_OPTIONS_MAX)
            return om_fail(err, OM_EINPUT, "more than %d options", OM_COAP_OPTIONS_MAX);
        m->options[m->n_options++] = (struct om_coap_option){
            .number = it.number, .value = coap_opt_value(o), .len = coap_opt_length(o)};
    }
    return OM_OK;
}

static om_rc take(struct om_coap_message *m, const coap_pdu_t *pdu, struct om_error *err)
{
    coap_bin_const_t token = coap_pdu_get_token(pdu);
    if (token.length > sizeof m->token)
        return om_fail(err, OM_EINPUT, "a token of %zu octets", token.length);
    m->code = (uint8_t)coap_pdu_get_code(pdu);
    m->token_len = token.length;
    if (token.length > 0)
        memcpy(m->token, token.s, token.length);
    if (coap_get_data(pdu, &m->payload_len, &m->payload) != 1 || m->payload_len == 0) {
        m->payload = NULL;
        m->payload_len = 0;
    }
    return m->code == OM_COAP_EMPTY ? OM_OK : take_options(m, pdu, err);
}

om_rc om_coap_parse(enum om_coap_transport transport, const void *octets, size_t n,
                    struct om_coap_message *out, struct om_error *err)
{
    bool stream = transport == OM_COAP_STREAM;
    const uint8_t *p = octets;
    memset(out, 0, offsetof(struct om_coap_message, space));
    out->used = 0;
    out->parsed = NULL;
    if (!stream && n >= 4) {
        out->type = (enum om_coap_type)((p[0] >> 4) & 3);
        out->mid = (uint16_t)(p[2] << 8 | p[3]);
    }
    if (stream ? om_coap_frame_size(p, n) != n : n < 4 || p[0] >> 6 != 1)
        return om_fail(err, OM_EINPUT, "not a CoAP message");
    coap_pdu_t *pdu = coap_pdu_init(0, 0, 0, n);
    if (pdu == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a message");
    out->parsed = pdu;
    if (coap_pdu_parse(stream ? COAP_PROTO_TCP : COAP_PROTO_UDP, octets, n, pdu) != 1)
        return om_fail(err, OM_EINPUT, "a malformed CoAP message");
    return take(out, pdu, err);
}

void om_coap_free(struct om_coap_message *m)
{
    if (m->parsed == NULL)
        return;
    if (m->payload != NULL) /* libcoap has no allocator hook; the copy is its heap's */
        om_wipe((uint8_t *)(uintptr_t)m->payload, m->payload_len);
    coap_delete_pdu(m->parsed);
    m->parsed = NULL;
    m->payload = NULL;
    m->payload_len = 0;
    m->n_options = 0;
}

const struct om_coap_option *om_coap_find(const struct om_coap_message *m, uint16_t number)
{
    for (size_t i = 0; i < m->n_options; i++)
        if (m->options[i].number == number)
            return &m->options[i];
    return NULL;
}

bool om_coap_uint(const struct om_coap_option *o, uint32_t *v)
{
    *v = 0;
    if (o->len > 4)
        return false;
    for (size_t i = 0; i < o->len; i++)
        *v = *v << 8 | o->value[i];
    return true;
}
