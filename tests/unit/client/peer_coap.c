/* The scripted MAF over CoAP: requests in HTTP's words, bodies in blocks, and messages over TLS (RFC 8323).
 */
#include "peer_coap.h"
#include "coap/block.h"
#include "coap/options.h"
#include "onem2m/types.h"
#include "onem2m/wire_names.h"

#include <stdio.h>
#include <string.h>

#define CSM     OM_COAP_CODE(7u, 1u)
#define PING    OM_COAP_CODE(7u, 2u)
#define PONG    OM_COAP_CODE(7u, 3u)
#define RELEASE OM_COAP_CODE(7u, 4u)

static void append(char *text, size_t cap, const char *before, const struct om_coap_option *o)
{
    size_t at = strlen(text);
    (void)snprintf(text + at, cap - at, "%s%.*s", before, (int)o->len, (const char *)o->value);
}

static uint32_t number(const struct om_coap_message *m, uint16_t option)
{
    const struct om_coap_option *o = om_coap_find(m, option);
    uint32_t v = 0;
    peer_need(o == NULL || om_coap_uint(o, &v), "a number in an option");
    return v;
}

/* What must be there, is; and in HTTP's words. */
static void translate(const struct peer *peer, const struct om_coap_message *m, struct peer_request *rq)
{
    static const char *const methods[] = {"", "GET", "POST", "PUT", "DELETE"};
    char path[512] = "";
    char query[512] = "";
    char from[256] = "";
    for (size_t i = 0; i < m->n_options; i++) {
        const struct om_coap_option *o = &m->options[i];
        peer_need(!om_coap_unknown_critical(o->number), "known options");
        if (o->number == OM_COAP_URI_PATH)
            append(path, sizeof path, "/", o);
        else if (o->number == OM_COAP_URI_QUERY)
            append(query, sizeof query, query[0] == '\0' ? "?" : "&", o);
        else if (o->number == WIRE_COAP_FR)
            append(from, sizeof from, "", o);
        else if (o->number == WIRE_COAP_RQI)
            append(rq->rqi, sizeof rq->rqi, "", o);
        else if (o->number == OM_COAP_URI_HOST)
            peer_need(o->len == 15 && memcmp(o->value, "maf.example.com", 15) == 0, "Uri-Host");
        else if (o->number == WIRE_COAP_RVI)
            peer_need(o->len == 1 && o->value[0] == '3', "oneM2M-RVI");
    }
    uint32_t format = peer->cbor ? WIRE_COAP_RES_CBOR : WIRE_COAP_RES_JSON;
    peer_need(number(m, OM_COAP_ACCEPT) == format, "Accept");
    peer_need(om_coap_find(m, OM_COAP_CONTENT_FORMAT) == NULL || number(m, OM_COAP_CONTENT_FORMAT) == format,
              "Content-Format");
    (void)snprintf(rq->line, sizeof rq->line, "%s %s%s HTTP/1.1", methods[m->code], path, query);
    (void)snprintf(rq->head, sizeof rq->head, "%s\r\nContent-Type: %u; ty=%u\r\nX-M2M-Origin: %s\r\n",
                   rq->line, format, number(m, WIRE_COAP_TY), from);
}

static void fill(struct peer *peer, struct coap_state *s, const struct peer_request *rq,
                 struct om_coap_message *out)
{
    const struct peer_ways *w = &peer->ways;
    const struct peer_reply *reply = &peer->reply;
    int code = w->code != 0 ? (int)w->code : reply->rsc != 0 ? m2m_rsc_coap(reply->rsc) : 205;
    om_coap_init(out, OM_COAP_CODE((unsigned)code / 100, (unsigned)code % 100), NULL, 0);
    if (reply->rsc != 0 && !w->no_code_option)
        om_coap_add_uint(out, WIRE_COAP_RSC, (uint32_t)reply->rsc);
    const char *rqi = reply->rqi != NULL ? reply->rqi : rq->rqi;
    if (rqi[0] != '\0')
        om_coap_add_text(out, WIRE_COAP_RQI, rqi);
    om_coap_add_text(out, WIRE_COAP_RVI, "3");
    om_coap_add_uint(out, OM_COAP_MAX_AGE, 0);
    if (w->unknown_option)
        om_coap_add_text(out, 4001, "?");
    s->reply_len = reply->body_len != 0 ? reply->body_len : strlen(reply->body);
    if (!peer_from_json(peer, reply->body, s->reply_len, s->reply, sizeof s->reply, &s->reply_len))
        memcpy(s->reply, reply->body, s->reply_len);
    if (s->reply_len > 0)
        om_coap_add_uint(out, OM_COAP_CONTENT_FORMAT,
                         reply->content_type != NULL ? 0
                         : peer->cbor                ? WIRE_COAP_CBOR
                                                     : WIRE_COAP_JSON);
}

static unsigned szx_of(unsigned octets)
{
    unsigned szx = 0;
    while (16u << szx < octets)
        szx++;
    return szx;
}

/* The part of the reply that a block names; all of it when no blocks are to be used. */
static void add_part(struct peer *peer, struct coap_state *s, uint32_t num, struct om_coap_message *out)
{
    size_t size = peer->ways.block2;
    size_t at = size * num;
    out->payload = s->reply + at;
    out->payload_len = s->reply_len - at;
    if (size == 0 || (s->reply_len <= size && num == 0))
        return;
    struct om_coap_block block = {
        .num = num, .more = s->reply_len - at > size, .szx = szx_of((unsigned)size)};
    if (block.more)
        out->payload_len = size;
    if (peer->ways.skip_block && num == 1)
        block.num++;
    om_coap_block_add(out, OM_COAP_BLOCK2, &block);
}

/* A block of the request's body: answered with 2.31, unless it is the last. */
static bool take_block(struct peer *peer, struct coap_state *s, const struct om_coap_message *m,
                       struct om_coap_message *out)
{
    const struct om_coap_option *o = om_coap_find(m, OM_COAP_BLOCK1);
    struct om_coap_block block = {0};
    if (o == NULL && peer->ways.refuse_whole && m->payload_len > 0) {
        om_coap_init(out, OM_COAP_CODE(4u, 13u), NULL, 0);
        om_coap_block_add(out, OM_COAP_BLOCK1, &(struct om_coap_block){.szx = szx_of(peer->ways.block1)});
        return true;
    }
    if (o != NULL) {
        peer_need(om_coap_block_get(o, &block), "Block1");
        peer_need((block.num == 0) || om_coap_block_offset(&block) == s->len, "blocks in order");
        peer->ways.blocks++;
    }
    if (block.num == 0)
        s->len = 0;
    peer_need(m->payload_len <= sizeof s->body - s->len &&
                  (!block.more || m->payload_len == om_coap_block_size(&block)),
              "full blocks");
    if (m->payload_len > 0)
        memcpy(s->body + s->len, m->payload, m->payload_len);
    s->len += m->payload_len;
    if (!block.more)
        return false;
    om_coap_init(out, OM_COAP_CODE(2u, 31u), NULL, 0);
    if (peer->ways.block1 != 0 && szx_of(peer->ways.block1) < block.szx) {
        block.szx = szx_of(peer->ways.block1); /* smaller, please; but this one is kept as it came */
        block.num = 0;
    }
    om_coap_block_add(out, OM_COAP_BLOCK1, &block);
    return true;
}

bool peer_coap_answer(struct peer *peer, SSL *ssl, struct coap_state *s, const struct om_coap_message *m,
                      struct om_coap_message *out)
{
    const struct om_coap_option *o = om_coap_find(m, OM_COAP_BLOCK2);
    struct om_coap_block block = {0};
    bool whole = true;
    if (o != NULL) {
        peer_need(om_coap_block_get(o, &block) && m->payload_len == 0, "Block2");
        *out = s->head;
        add_part(peer, s, block.num, out);
    } else if (take_block(peer, s, m, out)) {
        whole = false;
    } else {
        struct peer_request *rq = peer_begin(peer, ssl);
        peer_need(rq != NULL, "room for a request");
        translate(peer, m, rq);
        if (s->len > 0)
            peer_need(peer_to_json(peer, s->body, s->len, rq->body, sizeof rq->body), "reading a body");
        peer_ask(peer, rq);
        fill(peer, s, rq, out);
        s->head = *out;
        add_part(peer, s, 0, out);
    }
    out->token_len = m->token_len;
    memcpy(out->token, m->token, m->token_len);
    if (peer->ways.other_token && whole)
        out->token[0] ^= 1;
    return whole;
}

/* ---- over TLS ---- */

static void write_message(SSL *ssl, const struct om_coap_message *m)
{
    struct om_secret octets = OM_SECRET_INIT;
    peer_need(om_coap_encode(OM_COAP_STREAM, m, &octets, NULL) == OM_OK, "a message");
    (void)SSL_write(ssl, octets.octets, (int)octets.len);
    om_secret_free(&octets);
}

/* The next message; false: the client went away. */
static bool read_message(SSL *ssl, struct om_coap_message *m)
{
    static uint8_t octets[100000];
    size_t n = 0;
    size_t size = 0;
    while (size == 0 || n < size) {
        int got = SSL_read(ssl, octets + n, (int)(size == 0 ? 1 : size - n));
        if (got <= 0)
            return false;
        n += (size_t)got;
        size = om_coap_frame_size(octets, n);
    }
    peer_need(om_coap_parse(OM_COAP_STREAM, octets, n, m, NULL) == OM_OK, "reading a message");
    return true;
}

static void signal_first(struct peer *peer, SSL *ssl)
{
    struct om_coap_message m;
    om_coap_init(&m, CSM, NULL, 0);
    if (peer->ways.csm_max != 0)
        om_coap_add_uint(&m, 2, peer->ways.csm_max);
    om_coap_add(&m, 4, NULL, 0);
    write_message(ssl, &m);
    peer_need(read_message(ssl, &m) && m.code == CSM, "the client's CSM");
    om_coap_free(&m);
}

static void ping(SSL *ssl)
{
    struct om_coap_message m;
    om_coap_init(&m, PING, (const uint8_t *)"ping", 4);
    write_message(ssl, &m);
    peer_need(read_message(ssl, &m) && m.code == PONG && m.token_len == 4 && memcmp(m.token, "ping", 4) == 0,
              "Pong");
    om_coap_free(&m);
}

void peer_serve_coap(struct peer *peer, SSL *ssl)
{
    static struct coap_state s;
    struct om_coap_message m;
    struct om_coap_message out;
    memset(&s, 0, sizeof s);
    signal_first(peer, ssl);
    while (read_message(ssl, &m)) {
        peer->ways.messages++;
        bool whole = peer_coap_answer(peer, ssl, &s, &m, &out);
        if (peer->ways.ping_first && whole)
            ping(ssl);
        if (peer->ways.release)
            om_coap_init(&out, RELEASE, NULL, 0);
        if (peer->reply.raw != NULL)
            (void)SSL_write(ssl, peer->reply.raw, (int)strlen(peer->reply.raw));
        else if (peer->ways.how != COAP_SILENT)
            write_message(ssl, &out);
        om_coap_free(&m);
        if (peer->reply.raw != NULL)
            return;
    }
}
