/* Writing CoAP messages: see message.h. */
#include "coap/message.h"
#include "util/buf.h"

#include <coap3/coap.h>
#include <string.h>

#define PAYLOAD_MARKER 0xff

void om_coap_init(struct om_coap_message *m, uint8_t code, const uint8_t *token, size_t token_len)
{
    memset(m, 0, offsetof(struct om_coap_message, space));
    m->used = 0;
    m->parsed = NULL;
    m->code = code;
    m->token_len = token_len <= sizeof m->token ? token_len : 0;
    if (m->token_len > 0)
        memcpy(m->token, token, m->token_len);
}

void om_coap_add(struct om_coap_message *m, uint16_t number, const void *value, size_t len)
{
    if (m->n_options == OM_COAP_OPTIONS_MAX || len > sizeof m->space - m->used) {
        m->overflow = true;
        return;
    }
    uint8_t *copy = m->space + m->used;
    if (len > 0)
        memcpy(copy, value, len);
    m->used += len;
    size_t at = m->n_options;
    while (at > 0 && m->options[at - 1].number > number)
        at--;
    memmove(&m->options[at + 1], &m->options[at], (m->n_options - at) * sizeof m->options[0]);
    m->options[at] = (struct om_coap_option){.number = number, .value = copy, .len = len};
    m->n_options++;
}

void om_coap_add_text(struct om_coap_message *m, uint16_t number, const char *text)
{
    om_coap_add(m, number, text, strlen(text));
}

void om_coap_add_uint(struct om_coap_message *m, uint16_t number, uint32_t v)
{
    uint8_t octets[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    size_t skip = 0;
    while (skip < 4 && octets[skip] == 0)
        skip++;
    om_coap_add(m, number, octets + skip, 4 - skip);
}

/* Options, payload marker and payload: what both transports share. */
static void write_body(struct om_writer *w, const struct om_coap_message *m)
{
    uint16_t before = 0;
    for (size_t i = 0; i < m->n_options && !w->failed; i++) {
        const struct om_coap_option *o = &m->options[i];
        size_t n =
            coap_opt_encode(w->p + w->len, w->cap - w->len, (uint16_t)(o->number - before), o->value, o->len);
        w->failed |= n == 0;
        w->len += n;
        before = o->number;
    }
    if (m->payload_len == 0)
        return;
    om_write_u8(w, PAYLOAD_MARKER);
    om_write_octets(w, m->payload, m->payload_len);
}

static size_t body_bound(const struct om_coap_message *m)
{
    size_t n = 1 + m->payload_len;
    for (size_t i = 0; i < m->n_options; i++)
        n += 5 + m->options[i].len;
    return n;
}

static void write_datagram_head(struct om_writer *w, const struct om_coap_message *m)
{
    om_write_u8(w, (uint8_t)(1 << 6 | (unsigned)m->type << 4 | (unsigned)m->token_len));
    om_write_u8(w, m->code);
    om_write_u16(w, m->mid);
}

static void write_stream_head(struct om_writer *w, const struct om_coap_message *m, size_t len)
{
    unsigned token = (unsigned)m->token_len;
    if (len < 13) {
        om_write_u8(w, (uint8_t)(len << 4 | token));
    } else if (len < 269) {
        om_write_u8(w, (uint8_t)(13u << 4 | token));
        om_write_u8(w, (uint8_t)(len - 13));
    } else if (len < 65805) {
        om_write_u8(w, (uint8_t)(14u << 4 | token));
        om_write_u16(w, (uint16_t)(len - 269));
    } else {
        om_write_u8(w, (uint8_t)(15u << 4 | token));
        om_write_u32(w, (uint32_t)(len - 65805));
    }
    om_write_u8(w, m->code);
}

om_rc om_coap_encode(enum om_coap_transport transport, const struct om_coap_message *m, struct om_secret *out,
                     struct om_error *err)
{
    struct om_secret body = OM_SECRET_INIT;
    struct om_writer w;
    if (m->overflow)
        return om_fail(err, OM_EINPUT, "the options of a message do not fit");
    OM_TRY(om_secret_alloc(&body, body_bound(m), err));
    om_writer_init(&w, body.octets, body.len);
    write_body(&w, m);
    size_t len = w.len;
    om_rc rc = om_writer_ok(&w) ? om_secret_alloc(out, 6 + m->token_len + len, err)
                                : om_fail(err, OM_EINPUT, "the options of a message do not fit");
    if (rc == OM_OK) {
        om_writer_init(&w, out->octets, out->len);
        if (transport == OM_COAP_STREAM)
            write_stream_head(&w, m, len);
        else
            write_datagram_head(&w, m);
        om_write_octets(&w, m->token, m->token_len);
        om_write_octets(&w, body.octets, len);
        out->len = w.len;
    }
    om_secret_free(&body);
    return rc;
}
